"""What isn't there, isn't allowed or isn't understood: always a TMF630 `Error` (E1 to E3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api.client import GATEWAY, TMF641, TMF652
from make import resource_order
from ordergate.api.contract import load_contract
from ordergate.assembly.contracts import contract_folder

if TYPE_CHECKING:
    from api.client import Client

ALLOWED = {
    f"{TMF652}/resourceOrder": "GET, POST",
    f"{TMF652}/resourceOrder/1": "DELETE, GET, PATCH",
    f"{TMF652}/hub": "GET, POST",
    f"{TMF652}/hub/1": "DELETE, GET, PATCH",
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


@pytest.mark.parametrize("slash", ["", "/"])
def test_both_slash_forms_lead_to_the_same_place(tmf652: Client, slash: str) -> None:
    made = tmf652.post(f"/resourceOrder{slash}", resource_order(), expect=201)
    path = f"/resourceOrder/{made['id']}{slash}"
    assert tmf652.get(path).document == made.document
    assert tmf652.get(f"/resourceOrder{slash}?id={made['id']}").document == [made.document]
    tmf652.patch(path, {"description": "New"})
    tmf652.delete(path)


ANSWERED = (
    ("GET", f"{TMF652}/resourceOrder"),
    ("POST", f"{TMF652}/resourceOrder"),
    ("DELETE", f"{TMF652}/hub/1"),
    ("GET", f"{TMF641}/serviceOrder/1"),
    ("POST", f"{GATEWAY}/assessment"),
)


@pytest.mark.parametrize(("method", "path"), ANSWERED)
@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=0.9", "application/json;q=0"])
def test_answer_in_what_is_not_offered_is_refused_in_json(
    api: Client, method: str, path: str, accept: str
) -> None:
    error = api.call(method, path, 406, headers={"Accept": accept}, json={})
    assert (error["code"], error["message"]) == ("notAcceptable", "Accept")


@pytest.mark.parametrize("accept", ["text/html, */*;q=0.1", "application/json;charset=utf-8", ""])
def test_answer_in_json_is_given_to_who_takes_it(tmf652: Client, accept: str) -> None:
    tmf652.call("GET", "/resourceOrder?state=none", 200, headers={"Accept": accept})


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", f"{GATEWAY}/ui/"])
def test_what_people_and_probes_read_is_given_to_all(api: Client, path: str) -> None:
    api.call("GET", path, 200, headers={"Accept": "text/html"})


DATES_AND_NUMBERS = [
    (f"{TMF652}/resourceOrder", "tmf652-resource-ordering", "ResourceOrder"),
    (f"{TMF652}/cancelResourceOrder", "tmf652-resource-ordering", "CancelResourceOrder"),
    (f"{TMF641}/serviceOrder", "tmf641-service-ordering", "ServiceOrder"),
    (f"{TMF641}/cancelServiceOrder", "tmf641-service-ordering", "CancelServiceOrder"),
    (f"{GATEWAY}/initiatingRequest", "gateway", "InitiatingRequest"),
    (f"{GATEWAY}/feasibilityAssessment", "gateway", "FeasibilityAssessment"),
    (f"{GATEWAY}/specialHandling", "gateway", "SpecialHandling"),
    (f"{GATEWAY}/resourceOrderRule", "gateway", "ResourceOrderRule"),
]


@pytest.mark.parametrize(("path", "contract", "kind"), DATES_AND_NUMBERS)
def test_value_that_is_no_date_or_number_is_refused_by_name(
    api: Client, path: str, contract: str, kind: str
) -> None:
    properties = load_contract(contract_folder(), contract)["components"]["schemas"][kind]
    typed = [
        name
        for name, schema in properties["properties"].items()
        if schema.get("format") == "date-time" or schema.get("type") in {"integer", "number"}
    ]
    assert typed
    for name in typed:
        for operator in ("", ".eq", ".ne", ".gt"):
            error = api.get(f"{path}?{name}{operator}=rubbish", expect=400)
            assert (error["code"], error["message"]) == ("invalidQuery", name)


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
