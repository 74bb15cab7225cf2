"""Reception: what came in at a door, as the request that it is.

A dry run reads a request as its own door would, so it gets the same id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.api.exchange import entity_at, new_entity
from ordergate.model.addresses import BASE_PATHS, GATEWAY_PATH
from ordergate.model.common import Api
from ordergate.process.intake import intake
from ordergate.schemas.initiating_request import read_initiating_request
from ordergate.schemas.service_order import read_service_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.api.exchange import NewEntity
    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.ports import Clock
    from ordergate.process.request import InitiatingRequest

_SERVICE_ORDERS = f"{BASE_PATHS[Api.SERVICE_ORDERING]}/serviceOrder"
_INITIATING_REQUESTS = f"{GATEWAY_PATH}/initiatingRequest"


class Reception:
    """Gives what comes in its id, and reads it.

    Args:
        partner_roles: see `intake`.
        requester_roles: see `identify`.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        clock: Clock,
        partner_roles: Sequence[str],
        requester_roles: Sequence[str],
    ) -> None:
        self._addresses = addresses
        self._clock = clock
        self._partner_roles = partner_roles
        self._requester_roles = requester_roles

    def posted(self) -> NewEntity:
        """Return what the present POST asks for."""
        return new_entity(self._requester_roles)

    def rehearsed_service_order(self, document: Document) -> NewEntity:
        """Return what the service order would be if it were posted with the present headers."""
        return entity_at(_SERVICE_ORDERS, document, self._requester_roles)

    def rehearsed_request(self, document: Document) -> NewEntity:
        """Return what another request would be if it were posted with the present headers."""
        return entity_at(_INITIATING_REQUESTS, document, self._requester_roles)

    def service_order(self, new: NewEntity) -> InitiatingRequest:
        """Return the request that a valid service order is.

        Raises:
            InvalidDocumentError: see `intake`.
        """
        order, moment = read_service_order(new.body), self._clock.now()
        return intake(order, new.id, self._addresses, moment, self._partner_roles)

    def request(self, new: NewEntity) -> InitiatingRequest:
        """Return the request that came, or would come, by the gateway's own door.

        Raises:
            InvalidDocumentError: see `read_initiating_request`.
        """
        return read_initiating_request(new.body, new.id, self._addresses, self._clock.now())
