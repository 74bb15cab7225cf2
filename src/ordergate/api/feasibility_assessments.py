"""`feasibilityAssessment` at the gateway's door: what was found out about special requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ordergate.api.exchange import created, new_entity, one, page, query
from ordergate.schemas.feasibility_assessment import accept_feasibility_assessment

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from ordergate.api.exchange import Reader
    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.entity import Entity, Idempotency
    from ordergate.process.ports import Clock


class AnswerFeasibility(Protocol):
    """Takes assessments."""

    async def take(
        self, body: Document, assessment_id: str, idempotency: Idempotency | None
    ) -> Entity:
        """Keep an assessment and apply it to what waits for it; return it."""


class FeasibilityAssessments:
    """The operations on `feasibilityAssessment`.

    Args:
        check_resource_order: raises InvalidDocumentError unless TMF652's door would take the body.
    """

    def __init__(
        self,
        *,
        process: AnswerFeasibility,
        assessments: Reader,
        check_resource_order: Callable[[Document], None],
        addresses: Addresses,
        clock: Clock,
        page_limit: int,
    ) -> None:
        self._process = process
        self._assessments = assessments
        self._check_resource_order = check_resource_order
        self._addresses = addresses
        self._clock = clock
        self._page_limit = page_limit

    async def list_feasibility_assessment(self) -> Response:
        """GET /feasibilityAssessment."""
        asked = query(self._page_limit)
        found, total = await self._assessments.list(asked)
        url = self._addresses.feasibility_assessment("").rstrip("/")
        return page(found, total, asked, url)

    async def create_feasibility_assessment(self) -> Response:
        """POST /feasibilityAssessment."""
        new = new_entity()
        body = accept_feasibility_assessment(
            new.body, self._check_resource_order, self._addresses, self._clock.now()
        )
        kept = await self._process.take(body, new.id, new.idempotency)
        return created(kept.document, kept.document["href"], kept.revision)

    async def retrieve_feasibility_assessment(self, id_: str) -> Response:
        """GET /feasibilityAssessment/{id}."""
        assessment, revision = await self._assessments.read(id_)
        return one(assessment, self._page_limit, revision)
