"""TMF652 Resource Ordering v4.0.0: `cancelResourceOrder`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.api.cancel_tasks import CancelTasks


class ResourceOrderCancellation:
    """The operations on `cancelResourceOrder`."""

    def __init__(self, tasks: CancelTasks) -> None:
        self._tasks = tasks

    async def list_cancel_resource_order(self) -> Response:
        """GET /cancelResourceOrder."""
        return await self._tasks.list()

    async def create_cancel_resource_order(self) -> Response:
        """POST /cancelResourceOrder."""
        return await self._tasks.create()

    async def retrieve_cancel_resource_order(self, id_: str) -> Response:
        """GET /cancelResourceOrder/{id}."""
        return await self._tasks.retrieve(id_)
