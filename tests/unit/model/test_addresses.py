from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from ordergate.model.addresses import Addresses
from ordergate.model.common import Api, timestamp

HERE = Addresses("https://gw.example/prefix")


def test_every_entity_has_its_address_below_the_url_that_clients_see() -> None:
    tmf652 = "https://gw.example/prefix/tmf-api/resourceOrderingManagement/v4"
    tmf641 = "https://gw.example/prefix/tmf-api/serviceOrdering/v4"
    gateway = "https://gw.example/prefix/gateway/v1"
    assert HERE.resource_order("1") == f"{tmf652}/resourceOrder/1"
    assert HERE.service_order("1") == f"{tmf641}/serviceOrder/1"
    assert HERE.hub(Api.RESOURCE_ORDERING, "1") == f"{tmf652}/hub/1"
    assert HERE.hub(Api.SERVICE_ORDERING, "1") == f"{tmf641}/hub/1"
    assert HERE.initiating_request("1") == f"{gateway}/initiatingRequest/1"
    assert HERE.special_handling("1") == f"{gateway}/specialHandling/1"
    assert HERE.resource_order_rule("1") == f"{gateway}/resourceOrderRule/1"


def test_resources_are_in_the_inventory_wherever_it_is() -> None:
    ours = "https://gw.example/prefix/tmf-api/resourceInventoryManagement/v4/resource/1"
    assert HERE.resource("1") == ours
    elsewhere = Addresses("https://gw.example", "https://inventory.example/v4")
    assert elsewhere.resource("1") == "https://inventory.example/v4/resource/1"


def test_moment_is_written_in_utc_with_milliseconds() -> None:
    assert timestamp(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
    summer = timezone(timedelta(hours=2))
    moment = datetime(2026, 7, 1, 1, 2, 3, 456789, tzinfo=summer)
    assert timestamp(moment) == "2026-06-30T23:02:03.456Z"
