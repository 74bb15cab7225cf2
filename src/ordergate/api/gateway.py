"""The gateway's own door, `/gateway/v1`: records of requests, dry runs and hand-overs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.api.exchange import (
    answer,
    body,
    changed,
    created,
    if_revision,
    one,
    page,
    patch,
    query,
)
from ordergate.schemas.service_order_kept import write_service_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from ordergate.api.exchange import Reader
    from ordergate.api.reception import Reception
    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.entity import RecordedRequest
    from ordergate.process.hand_overs import KeepHandOvers
    from ordergate.process.pipeline import IssueResourceOrders


class Gateway:
    """The operations on `initiatingRequest`, `assessment` and `specialHandling`.

    Args:
        check_service_order: raises InvalidDocumentError unless TMF641's door would take the body.
    """

    def __init__(
        self,
        *,
        process: IssueResourceOrders,
        records: Reader,
        hand_overs: Reader,
        keeping: KeepHandOvers,
        check_service_order: Callable[[Document], None],
        reception: Reception,
        addresses: Addresses,
        page_limit: int,
    ) -> None:
        self._process = process
        self._records = records
        self._hand_overs = hand_overs
        self._keeping = keeping
        self._check_service_order = check_service_order
        self._reception = reception
        self._addresses = addresses
        self._page_limit = page_limit

    async def list_initiating_request(self) -> Response:
        """GET /initiatingRequest."""
        return await self._list(self._records, self._addresses.initiating_request(""))

    async def create_initiating_request(self) -> Response:
        """POST /initiatingRequest: trouble recovery, performance, or another party."""
        new = self._reception.posted()
        request = self._reception.request(new)
        record = await self._process.take(request, idempotency=new.idempotency, asked=new.body)
        made = record.entity
        return created(made.document, made.document["href"], made.revision)

    async def retrieve_initiating_request(self, id_: str) -> Response:
        """GET /initiatingRequest/{id}."""
        record, revision = await self._records.read(id_)
        return one(record, self._page_limit, revision)

    async def create_assessment(self) -> Response:
        """POST /assessment: the decision that a real request would get; nothing is kept.

        Under the same Idempotency-Key its orders have the very ids of the real ones.
        """
        record = await self._rehearsed(body())
        return answer(
            {
                "state": record.entity.document["state"],
                "assessment": record.entity.document["assessment"],
                "resourceOrder": [one.document for one in record.plan.resource_order],
                "specialHandling": [one.document for one in record.plan.special_handling],
            }
        )

    async def list_special_handling(self) -> Response:
        """GET /specialHandling."""
        return await self._list(self._hand_overs, self._addresses.special_handling(""))

    async def retrieve_special_handling(self, id_: str) -> Response:
        """GET /specialHandling/{id}."""
        hand_over, revision = await self._hand_overs.read(id_)
        return one(hand_over, self._page_limit, revision)

    async def patch_special_handling(self, id_: str) -> Response:
        """PATCH /specialHandling/{id}: claim it, give it back, resolve it, or say something."""
        hand_over = await self._keeping.change(id_, patch(), if_revision())
        return changed(hand_over.document, hand_over.revision)

    async def _rehearsed(self, document: Document) -> RecordedRequest:
        """Return the record that the request would have which an assessment is asked for."""
        reception = self._reception
        if "serviceOrder" in document:
            self._check_service_order(document["serviceOrder"])
            new = reception.rehearsed_service_order(document["serviceOrder"])
            return await self._process.rehearse(
                reception.service_order(new),
                lambda decision: write_service_order(new.body, decision, self._addresses),
            )
        new = reception.rehearsed_request(document["initiatingRequest"])
        return await self._process.rehearse(reception.request(new), asked=new.body)

    async def _list(self, reader: Reader, url: str) -> Response:
        asked = query(self._page_limit)
        found, total = await reader.list(asked)
        return page(found, total, asked, url.rstrip("/"))
