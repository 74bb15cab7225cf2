"""TMF641 Service Ordering v4.1.0: `cancelServiceOrder`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.api.exchange import created, new_entity, one, page, query

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.api.exchange import Reader
    from ordergate.model.addresses import Addresses
    from ordergate.process.service_cancellations import CancelServiceOrders


class ServiceOrderCancellation:
    """The operations on `cancelServiceOrder`."""

    def __init__(
        self,
        *,
        process: CancelServiceOrders,
        tasks: Reader,
        addresses: Addresses,
        page_limit: int,
    ) -> None:
        self._process = process
        self._tasks = tasks
        self._addresses = addresses
        self._page_limit = page_limit

    async def list_cancel_service_order(self) -> Response:
        """GET /cancelServiceOrder."""
        asked = query(self._page_limit)
        found, total = await self._tasks.list(asked)
        return page(found, total, asked, self._addresses.cancel_service_order("").rstrip("/"))

    async def create_cancel_service_order(self) -> Response:
        """POST /cancelServiceOrder."""
        new = new_entity()
        task = await self._process.take(new.body, new.id, new.idempotency)
        return created(task.document, task.document["href"], task.revision)

    async def retrieve_cancel_service_order(self, id_: str) -> Response:
        """GET /cancelServiceOrder/{id}."""
        task, revision = await self._tasks.read(id_)
        return one(task, self._page_limit, revision)
