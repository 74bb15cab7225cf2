from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from loopback.client.canned_gateway import canned_gateway
from ordergate.client import GatewayClient, RefusedError
from ordergate.errors import SetupError
from ordergate.model.common import Api

if TYPE_CHECKING:
    from loopback.client.canned_gateway import Answers

TMF641 = "/tmf-api/serviceOrdering/v4"
TMF652 = "/tmf-api/resourceOrderingManagement/v4"


def test_service_order_goes_through_the_tmf641_door_with_its_key() -> None:
    answers = {f"POST {TMF641}/serviceOrder": (201, {"id": "so-1", "state": "acknowledged"})}
    with canned_gateway(answers) as gateway, GatewayClient(gateway.url) as client:
        order = client.order_service({"serviceOrderItem": []}, idempotency_key="k-1")

    assert order == {"id": "so-1", "state": "acknowledged"}
    (asked,) = gateway.asked
    assert (asked.key, asked.body) == ("k-1", {"serviceOrderItem": []})


def test_request_of_another_kind_goes_through_the_gateway_door() -> None:
    answers = {"POST /gateway/v1/initiatingRequest": (201, {"id": "r-1"})}
    with canned_gateway(answers) as gateway, GatewayClient(gateway.url) as client:
        assert client.request_resources({"requestType": "partyRequest"}) == {"id": "r-1"}


@pytest.mark.parametrize(
    ("request_", "kind"),
    [({"serviceOrderItem": []}, "serviceOrder"), ({"requestType": "x"}, "initiatingRequest")],
)
def test_assessment_says_what_kind_of_request_it_is(request_: dict[str, object], kind: str) -> None:
    with (
        canned_gateway({"POST /gateway/v1/assessment": (200, {})}) as gateway,
        GatewayClient(gateway.url) as client,
    ):
        client.assess(request_)

    assert gateway.asked[0].body == {kind: request_}


def test_refusal_carries_status_reason_and_message() -> None:
    error = {"code": "invalidDocument", "reason": "No item.", "message": "serviceOrderItem"}
    with (
        canned_gateway({f"POST {TMF641}/serviceOrder": (400, error)}) as gateway,
        GatewayClient(gateway.url) as client,
        pytest.raises(RefusedError) as caught,
    ):
        client.order_service({})

    assert caught.value.status == 400
    assert caught.value.document == error
    assert caught.value.reason == "No item. (serviceOrderItem)"


def test_no_gateway_at_the_url_is_a_matter_of_set_up() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else can answer there
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with GatewayClient(url) as client, pytest.raises(SetupError, match="ordergate serve"):
            client.rules()


def test_url_that_is_none_is_a_matter_of_set_up() -> None:
    with GatewayClient("not a url") as client, pytest.raises(SetupError, match="not a url"):
        client.rules()


def test_something_else_at_the_url_is_no_gateway() -> None:
    with (
        canned_gateway({"GET /gateway/v1/resourceOrderRule": (200, "<html>")}) as gateway,
        GatewayClient(gateway.url) as client,
        pytest.raises(SetupError, match="is no gateway"),
    ):
        client.rules()


def test_record_is_found_by_the_id_of_a_resource_order() -> None:
    answers = {
        "GET /gateway/v1/initiatingRequest/so-1": (200, {"id": "so-1"}),
        f"GET {TMF652}/resourceOrder/ro-1": (200, {"initiatingRequest": {"id": "so-1"}}),
    }
    with canned_gateway(answers) as gateway, GatewayClient(gateway.url) as client:
        assert client.record_of("ro-1") == {"id": "so-1"}
        assert client.record_of("so-1") == {"id": "so-1"}


def test_resource_order_without_a_request_says_so() -> None:
    answers = {f"GET {TMF652}/resourceOrder/ro-1": (200, {"id": "ro-1"})}
    with (
        canned_gateway(answers) as gateway,
        GatewayClient(gateway.url) as client,
        pytest.raises(RefusedError, match="issued for no request"),
    ):
        client.record_of("ro-1")


def test_id_of_nothing_is_told_in_one_sentence() -> None:
    with (
        canned_gateway({}) as gateway,
        GatewayClient(gateway.url) as client,
        pytest.raises(RefusedError, match="Neither a request nor a resource order has the id x"),
    ):
        client.record_of("x")


def test_id_is_one_segment_of_the_path() -> None:
    with canned_gateway({}) as gateway, GatewayClient(gateway.url) as client:
        with pytest.raises(RefusedError):
            client.record("../x?y#z")

        assert gateway.asked[0].target == "/gateway/v1/initiatingRequest/..%2Fx%3Fy%23z"


def test_resource_orders_are_asked_for_by_their_request_and_come_by_domain() -> None:
    found = [{"id": "ro-1", "domain": "core"}, {"id": "ro-2", "domain": "access"}]
    answers = {f"GET {TMF652}/resourceOrder": (200, found)}
    with canned_gateway(answers) as gateway, GatewayClient(gateway.url) as client:
        assert [order["id"] for order in client.resource_orders("so-1")] == ["ro-2", "ro-1"]

    assert gateway.asked[0].target.endswith("?initiatingRequest.id=so-1")


def test_counts_come_from_the_total_of_a_page_of_one() -> None:
    answers: Answers = {
        f"GET {TMF641}/serviceOrder": (206, [{}]),
        f"GET {TMF652}/resourceOrder": (206, [{}]),
    }
    with (
        canned_gateway(answers, X_Total_Count="17") as gateway,
        GatewayClient(gateway.url) as client,
    ):
        assert client.count_service_orders() == 17
        assert client.count_resource_orders() == 17


@pytest.mark.parametrize(("status", "is_new"), [(201, True), (200, False)])
def test_rule_that_is_put_is_new_or_was_there(status: int, is_new: bool) -> None:  # noqa: FBT001 - a case
    answers: Answers = {"PUT /gateway/v1/resourceOrderRule/dark-fibre": (status, {})}
    with canned_gateway(answers) as gateway, GatewayClient(gateway.url) as client:
        assert client.put_rule({"id": "dark-fibre"}) is is_new


def test_listener_is_registered_and_unregistered_at_the_hub_of_a_door() -> None:
    answers: Answers = {
        f"POST {TMF652}/hub": (201, {"id": "h-1"}),
        f"DELETE {TMF652}/hub/h-1": (204, ""),
    }
    with canned_gateway(answers) as gateway, GatewayClient(gateway.url) as client:
        hub = client.register(Api.RESOURCE_ORDERING, "http://127.0.0.1:1/", idempotency_key="k")
        client.unregister(Api.RESOURCE_ORDERING, hub)

    assert gateway.asked[0].body == {"callback": "http://127.0.0.1:1/"}
    assert [asked.method for asked in gateway.asked] == ["POST", "DELETE"]


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False)])
def test_gateway_says_whether_it_is_ready(status: int, ready: bool) -> None:  # noqa: FBT001 - a case
    with (
        canned_gateway({"GET /readyz": (status, {})}) as gateway,
        GatewayClient(gateway.url) as client,
    ):
        assert client.is_ready() is ready
