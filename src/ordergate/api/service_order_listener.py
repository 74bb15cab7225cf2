"""TMF641's listener: service orders that another system notifies us of (eTOM 1.5.6.7, C1)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ordergate.api.exchange import NewEntity, body, created, door, fingerprint
from ordergate.errors import DuplicateError, InvalidDocumentError, NotFoundError
from ordergate.process.idempotency import identify_event
from ordergate.schemas.service_order import ORIGIN, notified_order
from ordergate.schemas.service_order_kept import write_service_order

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.api.exchange import Reader
    from ordergate.api.reception import Reception
    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.pipeline import IssueResourceOrders

_ORDER = "event.serviceOrder"


class ServiceOrderListener:
    """The operations on `listener`.

    Args:
        records: of all requests, our own service orders among them.
    """

    def __init__(
        self,
        *,
        process: IssueResourceOrders,
        reception: Reception,
        records: Reader,
        addresses: Addresses,
    ) -> None:
        self._process = process
        self._reception = reception
        self._records = records
        self._addresses = addresses

    async def listen_to_service_order_create_event(self) -> Response:
        """POST /listener/serviceOrderCreateEvent: the order in it becomes one of ours, once.

        Nothing is fetched: the event holds the order. One that began here, and comes back from
        systems that listen to us, is only acknowledged: else it would go round for ever.
        """
        notification = body()
        order = notification["event"]["serviceOrder"]
        order_id = await self._ours(order)
        if order_id is None:
            order_id = await self._take(self._notified(notification, order))
        href = self._addresses.service_order(order_id)
        heard = {
            "id": order_id,
            "callback": self._addresses.base_url + door(),
            "serviceOrder": {"id": order_id, "href": href, "@referredType": ORIGIN},
        }
        return created(heard, href)

    def _notified(self, notification: Document, order: Document) -> NewEntity:
        taken = notified_order(order)
        return NewEntity(taken, *identify_event(door(), notification, order, fingerprint(taken)))

    async def _take(self, new: NewEntity) -> str:
        try:
            request = self._reception.service_order(new)
        except InvalidDocumentError as error:
            raise InvalidDocumentError(error.reason, path=f"{_ORDER}.{error.path}") from error
        with suppress(DuplicateError):  # it was taken, and deleted since: that's no news
            await self._process.take(
                request,
                lambda decision: write_service_order(new.body, decision, self._addresses),
                new.idempotency,
            )
        return new.id

    async def _ours(self, order: Document) -> str | None:
        """Return the id of the order of ours that this one is, or was made from."""
        origins = (one for one in order.get("externalReference", []) if _is_origin(one))
        home = self._addresses.service_order("")
        for href in (str(one.get("href", "")) for one in (order, *origins)):
            order_id = href.removeprefix(home)
            if order_id != href and await self._is_known(order_id):
                return order_id
        return None

    async def _is_known(self, order_id: str) -> bool:
        try:
            await self._records.read(order_id)
        except NotFoundError:
            return False
        return True


def _is_origin(reference: Document) -> bool:
    return reference.get("@referredType") == ORIGIN
