"""Where entities can be found: the `href` of each kind (TMF630: absolute, equal to `Location`)."""

from __future__ import annotations

from dataclasses import dataclass

from ordergate.model.common import Api

BASE_PATHS = {
    Api.RESOURCE_ORDERING: "/tmf-api/resourceOrderingManagement/v4",
    Api.SERVICE_ORDERING: "/tmf-api/serviceOrdering/v4",
}
GATEWAY_PATH = "/gateway/v1"
INVENTORY_PATH = "/tmf-api/resourceInventoryManagement/v4"
WEBHOOK_KEYS = "/.well-known/webhook-keys"
"""Where the public keys are, by which listeners check who notified them."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Builds every `href` from the URL that clients see.

    Args:
        base_url: scheme, host and port (and a proxy's prefix), without a slash at its end.
        inventory_url: base of the resource inventory; ours if it isn't elsewhere.
    """

    base_url: str
    inventory_url: str | None = None

    def resource_order(self, order_id: str) -> str:
        """Return the `href` of a resource order."""
        return f"{self.base_url}{BASE_PATHS[Api.RESOURCE_ORDERING]}/resourceOrder/{order_id}"

    def cancel_resource_order(self, task_id: str) -> str:
        """Return the `href` of the cancellation of a resource order."""
        return f"{self.base_url}{BASE_PATHS[Api.RESOURCE_ORDERING]}/cancelResourceOrder/{task_id}"

    def service_order(self, order_id: str) -> str:
        """Return the `href` of a service order."""
        return f"{self.base_url}{BASE_PATHS[Api.SERVICE_ORDERING]}/serviceOrder/{order_id}"

    def cancel_service_order(self, task_id: str) -> str:
        """Return the `href` of the cancellation of a service order."""
        return f"{self.base_url}{BASE_PATHS[Api.SERVICE_ORDERING]}/cancelServiceOrder/{task_id}"

    def hub(self, api: Api, hub_id: str) -> str:
        """Return the address of a registered listener."""
        return f"{self.base_url}{BASE_PATHS[api]}/hub/{hub_id}"

    def initiating_request(self, request_id: str) -> str:
        """Return the `href` of the record of a request."""
        return f"{self.base_url}{GATEWAY_PATH}/initiatingRequest/{request_id}"

    def special_handling(self, handling_id: str) -> str:
        """Return the `href` of a hand-over."""
        return f"{self.base_url}{GATEWAY_PATH}/specialHandling/{handling_id}"

    def feasibility_assessment(self, assessment_id: str) -> str:
        """Return the `href` of a feasibility assessment."""
        return f"{self.base_url}{GATEWAY_PATH}/feasibilityAssessment/{assessment_id}"

    def event_delivery(self) -> str:
        """Return the address of the list of what waits for listeners, or is dead."""
        return f"{self.base_url}{GATEWAY_PATH}/eventDelivery"

    def resource_order_rule(self, rule_id: str) -> str:
        """Return the `href` of a rule."""
        return f"{self.base_url}{GATEWAY_PATH}/resourceOrderRule/{rule_id}"

    def resource(self, resource_id: str) -> str:
        """Return the `href` that a resource will have in the inventory."""
        inventory = self.inventory_url or f"{self.base_url}{INVENTORY_PATH}"
        return f"{inventory}/resource/{resource_id}"
