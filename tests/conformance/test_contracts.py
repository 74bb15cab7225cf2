"""The contracts and the running server say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from inflection import underscore

from api.client import GATEWAY, TMF641, TMF652
from make import example as example_request
from make import service_order
from ordergate.api.contract import load_contract, operations
from ordergate.api.event_deliveries import EventDeliveries
from ordergate.api.feasibility_assessments import FeasibilityAssessments
from ordergate.api.gateway import Gateway
from ordergate.api.hubs import Hub
from ordergate.api.resource_order_rules import ResourceOrderRules
from ordergate.api.service_order_listener import ServiceOrderListener
from ordergate.api.tmf641_cancel_service_order import ServiceOrderCancellation
from ordergate.api.tmf641_service_ordering import ServiceOrdering
from ordergate.api.tmf652_cancel_resource_order import ResourceOrderCancellation
from ordergate.api.tmf652_resource_ordering import ResourceOrdering
from ordergate.assembly.contracts import contract_folder

if TYPE_CHECKING:
    from api.client import Client

DOORS: dict[str, tuple[str, tuple[type, ...]]] = {
    TMF652: ("tmf652-resource-ordering", (ResourceOrdering, ResourceOrderCancellation, Hub)),
    TMF641: (
        "tmf641-service-ordering",
        (ServiceOrdering, ServiceOrderCancellation, ServiceOrderListener, Hub),
    ),
    GATEWAY: ("gateway", (Gateway, EventDeliveries, ResourceOrderRules, FeasibilityAssessments)),
}


def contract_of(door: str) -> dict[str, Any]:
    return load_contract(contract_folder(), DOORS[door][0])


@pytest.mark.parametrize("door", DOORS)
def test_operations_and_handlers_are_the_same(door: str) -> None:
    handlers = [
        name
        for handler in DOORS[door][1]
        for name, value in vars(handler).items()
        if callable(value) and not name.startswith("_")
    ]
    assert sorted(handlers) == sorted(underscore(name) for name in operations(contract_of(door)))


@pytest.mark.parametrize("door", DOORS)
def test_contract_is_served_as_it_is_written(api: Client, door: str) -> None:
    assert api.get(f"{door}/openapi.json").document == contract_of(door)


@pytest.mark.parametrize("door", DOORS)
def test_swagger_ui_shows_the_contract(api: Client, door: str) -> None:
    page = api.get(f"{door}/ui/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert f"{door}/openapi.json" in page.text
    api.get(f"{door}/ui/swagger-ui-bundle.js")


def examples() -> list[Any]:
    return [
        pytest.param(f"{door}{path}", method, media_type, content["example"], id=name)
        for door in DOORS
        for name, (method, path) in operations(contract_of(door)).items()
        for media_type, content in contract_of(door)["paths"][path][method.lower()]
        .get("requestBody", {"content": {}})["content"]
        .items()
    ]


@pytest.mark.parametrize(("path", "method", "media_type", "example"), examples())
def test_every_example_is_accepted(
    api: Client, path: str, method: str, media_type: str, example: Any
) -> None:
    order = {"orderItem": [{"action": "add", "resourceSpecification": {"id": "rs-ont"}}]}
    if path.endswith("/specialHandling/{id}"):
        record = api.post(f"{TMF641}/serviceOrder", example_request("fibre-special"), expect=201)
        handed = api.get(f"{GATEWAY}/specialHandling?initiatingRequest.id={record['id']}")
        api.patch(path.format(id=handed[0]["id"]), example, media_type=media_type)
    elif path.endswith(("/hub/{id}", "/eventDelivery/replay")):
        hubs = path.removesuffix("/{id}") if method == "PATCH" else f"{TMF652}/hub"
        hub = api.post(hubs, {"callback": f"http://127.0.0.1:9999/{uuid4()}"}, expect=201)
        if method == "PATCH":
            api.patch(path.format(id=hub["id"]), example, media_type=media_type)
        else:
            api.post(path, {**example, "hub": {"id": hub["id"]}}, expect=200)
    elif method == "PATCH":
        order = service_order() if path.startswith(TMF641) else order
        posted = api.post(path.removesuffix("/{id}"), order, expect=201)
        api.patch(path.format(id=posted["id"]), example, media_type=media_type)
    elif path.endswith("/cancelResourceOrder"):
        posted = api.post(f"{TMF652}/resourceOrder", order, expect=201)
        api.post(path, {**example, "resourceOrder": {"id": posted["id"]}}, expect=201)
    elif path.endswith("/cancelServiceOrder"):
        posted = api.post(f"{TMF641}/serviceOrder", service_order(), expect=201)
        api.post(path, {**example, "serviceOrder": {"id": posted["id"]}}, expect=201)
    elif method == "PUT":
        api.put(path.format(id=example["id"]), example, expect=201)
    else:
        creates = not path.endswith(("/assessment", "/resourceOrderRule/check"))
        api.post(path, example, expect=201 if creates else 200)
