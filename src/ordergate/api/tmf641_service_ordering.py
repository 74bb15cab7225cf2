"""TMF641 Service Ordering v4.1.0: `serviceOrder`, the front door of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.api.exchange import (
    changed,
    created,
    if_revision,
    no_content,
    one,
    page,
    patch,
    query,
)
from ordergate.schemas.service_order_kept import write_service_order

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.api.exchange import Reader
    from ordergate.api.reception import Reception
    from ordergate.model.addresses import Addresses
    from ordergate.process.pipeline import IssueResourceOrders
    from ordergate.process.service_orders import KeepServiceOrders


class ServiceOrdering:
    """The operations on `serviceOrder`."""

    def __init__(
        self,
        *,
        process: IssueResourceOrders,
        keeping: KeepServiceOrders,
        orders: Reader,
        reception: Reception,
        addresses: Addresses,
        page_limit: int,
    ) -> None:
        self._process = process
        self._keeping = keeping
        self._orders = orders
        self._reception = reception
        self._addresses = addresses
        self._page_limit = page_limit

    async def list_service_order(self) -> Response:
        """GET /serviceOrder."""
        asked = query(self._page_limit)
        found, total = await self._orders.list(asked)
        return page(found, total, asked, self._addresses.service_order("").rstrip("/"))

    async def create_service_order(self) -> Response:
        """POST /serviceOrder: decided, recorded and issued before the answer."""
        new = self._reception.posted()
        record = await self._process.take(
            self._reception.service_order(new),
            lambda decision: write_service_order(new.body, decision, self._addresses),
            new.idempotency,
        )
        href = self._addresses.service_order(new.id)
        return created(record.service_order or {}, href, record.revision)

    async def retrieve_service_order(self, id_: str) -> Response:
        """GET /serviceOrder/{id}."""
        order, revision = await self._orders.read(id_)
        return one(order, self._page_limit, revision)

    async def patch_service_order(self, id_: str) -> Response:
        """PATCH /serviceOrder/{id}."""
        record = await self._keeping.change(id_, patch(), if_revision())
        return changed(record.service_order or {}, record.revision)

    async def delete_service_order(self, id_: str) -> Response:
        """DELETE /serviceOrder/{id}: its record stays at the gateway's own door."""
        await self._keeping.remove(id_, if_revision())
        return no_content()
