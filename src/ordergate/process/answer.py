"""Answer: take what was found out about special requests, and go on with those that wait for it.

eTOM 1.5.6.7: a special request whose feasibility was assessed takes the orders that were determined
(C6). The assessment is the commit point; applying it again changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ordergate.errors import InvalidDocumentError, NotFoundError
from ordergate.model.common import timestamp
from ordergate.model.completion import completed
from ordergate.process.entity import Entity
from ordergate.process.idempotency import check_key
from ordergate.process.revisions import write_over
from ordergate.process.sweep import Lingering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.entity import Idempotency
    from ordergate.process.ports import Clock, FaultPoints, FeasibilityBook, RequestBook

_log = logging.getLogger(__name__)

SERVER_OWNED = ("id", "href", "recordedDate", "replacedBy", "assessedFor")
"""Attributes of an assessment that a client can't set by POST: ignored, not refused (TMF630)."""

_AT_ONCE = 100


class Releasing(Protocol):
    """Goes on with requests (`pipeline.IssueResourceOrders`)."""

    async def release(self, request_id: str) -> None:
        """Decide anew what waits in the request; doing it again changes nothing."""


class AnswerFeasibility:
    """Feasibility assessments, over the ports."""

    def __init__(
        self,
        *,
        assessments: FeasibilityBook,
        requests: RequestBook,
        process: Releasing,
        addresses: Addresses,
        clock: Clock,
        faults: FaultPoints,
    ) -> None:
        self._assessments = assessments
        self._requests = requests
        self._process = process
        self._addresses = addresses
        self._clock = clock
        self._faults = faults
        self._lingering = Lingering(clock)

    async def take(
        self, body: Document, assessment_id: str, idempotency: Idempotency | None
    ) -> Entity:
        """Keep an assessment, go on with what waits for it, and return it.

        Raises:
            InvalidDocumentError: it answers an item that isn't there.
            IdempotencyConflictError: the key was used with another body.
        """
        basis = await self._basis(body["for"]) if "for" in body else None
        moment = self._clock.now()
        document = recorded(body, assessment_id, self._addresses, moment, basis)
        assessment = Entity(assessment_id, document, idempotency=idempotency)
        kept = await self._assessments.add(assessment)
        if kept is not None:
            check_key(idempotency, kept.idempotency)
            assessment = kept
        self._faults.reached("afterFeasibilityAssessment")
        await self._apply(assessment)
        return assessment

    async def sweep(self, *, older_than: float) -> int:
        """Apply assessments that a crash left; return how many there were.

        A request may have been decided just before an assessment came and be stored just after:
        so each is applied once more, and only then called applied.
        """
        found = await self._assessments.unapplied(limit=_AT_ONCE)
        long = self._lingering.long([assessment.id for assessment in found], older_than)
        left = [assessment for assessment in found if assessment.id in long]
        for assessment in left:
            await self._apply(assessment)
            await self._assessments.applied(assessment.id)
        return len(left)

    async def _basis(self, answered: Document) -> Document:
        """Return the requested item that is answered.

        Raises:
            InvalidDocumentError: there is none.
        """
        request_id, item_id = answered["initiatingRequest"]["id"], answered["itemId"]
        try:
            record = await self._requests.get(request_id)
        except NotFoundError as error:
            raise InvalidDocumentError(error.reason, path="for.initiatingRequest.id") from error
        for item in record.entity.document["requestedItem"]:
            if item["id"] == item_id:
                found: Document = item
                return found
        raise InvalidDocumentError(
            f"Request {request_id} has no item {item_id!r}.", path="for.itemId"
        )

    async def _apply(self, assessment: Entity) -> None:
        await self._replace_older(assessment)
        async for request_id in self._concerned(assessment.document):
            await self._process.release(request_id)

    async def _concerned(self, document: Document) -> AsyncIterator[str]:
        """Yield the ids of the requests that may wait for the assessment."""
        if "for" in document:
            yield document["for"]["initiatingRequest"]["id"]
        specification = document.get("appliesTo", {}).get("specification", {}).get("id")
        after = ""
        while specification and (
            found := await self._requests.waiting_for(specification, after=after, limit=_AT_ONCE)
        ):
            for record in found:
                yield record.entity.id
            after = found[-1].entity.id

    async def _replace_older(self, assessment: Entity) -> None:
        """Note in older assessments of the very same that this one takes their place."""
        document = assessment.document
        request = document.get("for", {}).get("initiatingRequest", {}).get("id")
        specification = document.get("appliesTo", {}).get("specification", {}).get("id")
        known = await self._assessments.known_for(
            requests=[request] if request else [],
            specifications=[specification] if specification else [],
        )
        newer = {"id": assessment.id, "href": document["href"]}
        for one in known:
            if _is_replaced_by(one, document):
                read = partial(self._assessments.get, one["id"])
                await write_over(read, partial(_replaced, newer=newer), self._assessments.replace)


def _is_replaced_by(older: Document, newer: Document) -> bool:
    """Return whether both are of the same, and the second one is the later."""
    if "replacedBy" in older or older["id"] == newer["id"]:
        return False
    same = all(older.get(name) == newer.get(name) for name in ("for", "appliesTo"))
    return bool(same and older["recordedDate"] <= newer["recordedDate"])


async def _replaced(older: Entity, *, newer: Document) -> Entity | None:
    if "replacedBy" in older.document:
        return None
    document = {**older.document, "replacedBy": newer}
    return replace(older, document=document, revision=older.revision + 1)


def recorded(
    body: Document,
    assessment_id: str,
    addresses: Addresses,
    moment: datetime,
    basis: Document | None = None,
) -> Document:
    """Return the assessment as it is kept: with its id, and all that it refers to by `href`.

    Args:
        basis: the requested item that it answers; kept, so that it is known what was assessed.
    """
    document: Document = {
        "id": assessment_id,
        "href": addresses.feasibility_assessment(assessment_id),
        **{name: value for name, value in body.items() if name not in SERVER_OWNED},
        "recordedDate": timestamp(moment),
    }
    if "for" in document:
        request = document["for"]["initiatingRequest"]
        href = addresses.initiating_request(request["id"])
        document["for"] = {**document["for"], "initiatingRequest": {**request, "href": href}}
    if basis is not None and "specification" in basis:
        names = ("specification", "action", "place", "characteristic")
        document["assessedFor"] = {name: basis[name] for name in names if name in basis}
    return completed(document, moment)
