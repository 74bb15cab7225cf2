"""Feasibility: take what was found out about special requests (eTOM 1.5.6.7, C6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.model.common import timestamp
from ordergate.model.completion import completed
from ordergate.process.idempotency import check_key
from ordergate.process.ports import Entity

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.ports import Clock, FeasibilityBook, Idempotency

SERVER_OWNED = ("id", "href", "recordedDate", "replacedBy")
"""Attributes of an assessment that a client can't set by POST: ignored, not refused (TMF630)."""


class AnswerFeasibility:
    """Feasibility assessments, over the ports."""

    def __init__(self, *, assessments: FeasibilityBook, addresses: Addresses, clock: Clock) -> None:
        self._assessments = assessments
        self._addresses = addresses
        self._clock = clock

    async def take(
        self, body: Document, assessment_id: str, idempotency: Idempotency | None
    ) -> Entity:
        """Keep an assessment and return it.

        Raises:
            IdempotencyConflictError: the key was used with another body.
        """
        document = recorded(body, assessment_id, self._addresses, self._clock.now())
        assessment = Entity(assessment_id, document, idempotency=idempotency)
        kept = await self._assessments.add(assessment)
        if kept is not None:
            check_key(idempotency, kept.idempotency)
            return kept
        return assessment


def recorded(
    body: Document, assessment_id: str, addresses: Addresses, moment: datetime
) -> Document:
    """Return the assessment as it is kept: with its id, and all that it refers to by `href`."""
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
    return completed(document, moment)
