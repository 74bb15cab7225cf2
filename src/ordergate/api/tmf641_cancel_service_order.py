"""TMF641 Service Ordering v4.1.0: `cancelServiceOrder`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.api.cancel_tasks import CancelTasks


class ServiceOrderCancellation:
    """The operations on `cancelServiceOrder`."""

    def __init__(self, tasks: CancelTasks) -> None:
        self._tasks = tasks

    async def list_cancel_service_order(self) -> Response:
        """GET /cancelServiceOrder."""
        return await self._tasks.list()

    async def create_cancel_service_order(self) -> Response:
        """POST /cancelServiceOrder."""
        return await self._tasks.create()

    async def retrieve_cancel_service_order(self, id_: str) -> Response:
        """GET /cancelServiceOrder/{id}."""
        return await self._tasks.retrieve(id_)
