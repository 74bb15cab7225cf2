"""TMF652 Resource Ordering v4.0.0: `resourceOrder`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.api.exchange import (
    changed,
    created,
    if_revision,
    new_entity,
    no_content,
    one,
    page,
    patch,
    query,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.api.exchange import Reader
    from ordergate.model.addresses import Addresses
    from ordergate.process.resource_orders import KeepResourceOrders


class ResourceOrdering:
    """The operations on `resourceOrder`."""

    def __init__(
        self,
        *,
        process: KeepResourceOrders,
        orders: Reader,
        addresses: Addresses,
        page_limit: int,
    ) -> None:
        self._process = process
        self._orders = orders
        self._addresses = addresses
        self._page_limit = page_limit

    async def list_resource_order(self) -> Response:
        """GET /resourceOrder."""
        asked = query(self._page_limit)
        found, total = await self._orders.list(asked)
        return page(found, total, asked, self._addresses.resource_order("").rstrip("/"))

    async def create_resource_order(self) -> Response:
        """POST /resourceOrder."""
        new = new_entity()
        order = await self._process.take(new.body, new.id, new.idempotency)
        return created(order.document, order.document["href"], order.revision)

    async def retrieve_resource_order(self, id_: str) -> Response:
        """GET /resourceOrder/{id}."""
        order, revision = await self._orders.read(id_)
        return one(order, self._page_limit, revision)

    async def patch_resource_order(self, id_: str) -> Response:
        """PATCH /resourceOrder/{id}."""
        order = await self._process.change(id_, patch(), if_revision())
        return changed(order.document, order.revision)

    async def delete_resource_order(self, id_: str) -> Response:
        """DELETE /resourceOrder/{id}."""
        await self._process.remove(id_, if_revision())
        return no_content()
