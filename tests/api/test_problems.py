"""What isn't there, isn't allowed or isn't understood: always a TMF630 `Error` (E1 to E3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api.client import GATEWAY, TMF641, TMF652

if TYPE_CHECKING:
    from api.client import Client

ALLOWED = {
    f"{TMF652}/resourceOrder": "GET, POST",
    f"{TMF652}/resourceOrder/1": "DELETE, GET, PATCH",
    f"{TMF652}/hub": "GET, POST",
    f"{TMF652}/hub/1": "DELETE, GET",
    f"{TMF641}/serviceOrder": "GET, POST",
    f"{TMF641}/serviceOrder/1": "DELETE, GET, PATCH",
    f"{GATEWAY}/initiatingRequest": "GET, POST",
    f"{GATEWAY}/assessment": "POST",
    f"{GATEWAY}/resourceOrderRule/x": "DELETE, GET, PUT",
    f"{GATEWAY}/resourceOrderRule/check": "POST",
    "/livez": "GET",
    "/metrics": "GET",
}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nope",
        "/tmf-api",
        f"{TMF652}/resourceorder",
        f"{TMF652}/cancelResourceOrder/1/2",
        f"{TMF652}/resourceOrder/1/orderItem",
        "/tmf-api/resourceOrderingManagement/v2/resourceOrder",
        "/gateway/v2/assessment",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_unknown_path_is_not_found(api: Client, method: str, path: str) -> None:
    error = api.call(method, path, 404)
    assert error["code"] == "notFound"
    assert error["reason"] == f"There is nothing at {path}."


@pytest.mark.parametrize(("path", "methods"), ALLOWED.items())
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused_and_the_right_ones_named(
    api: Client, method: str, path: str, methods: str
) -> None:
    error = api.call(method, path, 405)
    assert error["code"] == "methodNotAllowed"
    assert error.headers["Allow"] == methods
    assert methods in error["reason"]


def test_documentation_can_not_be_written(api: Client) -> None:
    error = api.call("PUT", f"{GATEWAY}/ui/", 405, json={})
    assert "GET" in error.headers["Allow"]


def test_head_is_get_without_its_body(api: Client, tmf652: Client) -> None:
    full = tmf652.get("/resourceOrder")
    head = tmf652.call("HEAD", "/resourceOrder", 200)
    assert head.text == ""
    assert head.headers["X-Total-Count"] == full.headers["X-Total-Count"]
    tmf652.call("HEAD", "/resourceOrder/nobody", 404)
    api.call("HEAD", f"{GATEWAY}/assessment", 405)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_slash_at_the_end_leads_to_the_same_place(tmf652: Client, method: str) -> None:
    answer = tmf652.call(method, "/resourceOrder/", 307)
    assert answer.headers["Location"] == f"{tmf652.url}{tmf652.door}/resourceOrder"


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        "limit=",
        "offset=9e99",
        "offset=-1",
        "fields=a..b",
        "sort=-",
        "state",
        "=x",
        "orderDate.gt=zzz",
        "state.regex=(",
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        f"{TMF652}/resourceOrder",
        f"{TMF652}/hub",
        f"{TMF641}/serviceOrder",
        f"{TMF641}/hub",
        f"{GATEWAY}/initiatingRequest",
        f"{GATEWAY}/resourceOrderRule",
        f"{GATEWAY}/specialHandling",
    ],
)
def test_query_that_can_not_be_read_is_refused(api: Client, path: str, query: str) -> None:
    api.get(f"{path}?{query}", expect=400)


def test_json_path_is_not_offered(tmf652: Client) -> None:
    error = tmf652.get("/resourceOrder?filter=$..x", expect=501)  # Q12
    assert error["code"] == "unsupportedQuery"
