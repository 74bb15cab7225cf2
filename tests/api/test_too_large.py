"""What can't be kept as one document is refused before anything is stored, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.client import GATEWAY, TMF641, TMF652

if TYPE_CHECKING:
    from api.client import Client

SPECIFICATION = {"id": "svc-multiplied"}
REFERRED = {"@referredType": "ServiceSpecification"}
RULE = {
    "id": "multiplied",
    "version": 1,
    "name": "One resource for each site, each with the whole text",
    "appliesTo": {"specification": SPECIFICATION},
    "requires": {
        "characteristic": {
            "sites": {"type": "array", "items": {"type": "integer"}},
            "text": {"type": "string"},
        }
    },
    "orderItem": [
        {
            "key": "port",
            "resourceSpecification": {"id": "rs-port"},
            "forEach": {"expr": "characteristic.sites", "as": "site"},
            "characteristic": {"text": {"expr": "characteristic.text"}},
        }
    ],
}
KEPT = (
    f"{TMF641}/serviceOrder",
    f"{TMF652}/resourceOrder",
    f"{GATEWAY}/initiatingRequest",
    f"{GATEWAY}/specialHandling",
)


@pytest.fixture(scope="module", autouse=True)
def _rule(gateway: Client) -> None:
    gateway.put("/resourceOrderRule/multiplied", RULE, expect=201)


def values(sites: int, text: int) -> list[dict[str, Any]]:
    return [
        {"name": "sites", "value": list(range(sites))},
        {"name": "text", "value": "x" * text},
    ]


def service_item(item_id: str, sites: int, text: int) -> dict[str, Any]:
    service = {"serviceSpecification": SPECIFICATION, "serviceCharacteristic": values(sites, text)}
    return {"id": item_id, "action": "add", "service": service}


def service_order(sites: int = 500, text: int = 9_000) -> dict[str, Any]:
    return {"serviceOrderItem": [service_item("1", sites, text)]}


def party_request() -> dict[str, Any]:
    item: dict[str, Any] = {"id": "1", "action": "add", "specification": SPECIFICATION | REFERRED}
    item["characteristic"] = values(500, 9_000)
    return {"requestType": "partyRequest", "requestedItem": [item]}


def counts(api: Client) -> list[str]:
    return [api.get(f"{path}?fields=id").headers["X-Total-Count"] for path in KEPT]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{TMF641}/serviceOrder", service_order()),
        (f"{GATEWAY}/initiatingRequest", party_request()),
        (f"{GATEWAY}/assessment", {"serviceOrder": service_order()}),
        (f"{GATEWAY}/assessment", {"initiatingRequest": party_request()}),
    ],
    ids=["service order", "party request", "dry run of the one", "dry run of the other"],
)
def test_request_that_a_rule_multiplies_is_refused_and_nothing_is_stored(
    api: Client, path: str, body: dict[str, Any]
) -> None:
    before = counts(api)
    error = api.post(path, body, expect=413)
    assert error["code"] == "tooLarge"
    assert "8 MiB is the most" in error["reason"]
    assert "Send it in several" in error["reason"]
    assert counts(api) == before


def test_same_request_in_several_is_taken(api: Client, tmf641: Client) -> None:
    for _ in range(2):
        order = tmf641.post("/serviceOrder", service_order(sites=250), expect=201)
        path = f"{TMF652}/resourceOrder?initiatingRequest.id={order['id']}"
        assert [len(one["orderItem"]) for one in api.get(path).document] == [250]


def test_more_items_than_can_be_decided_at_once_are_refused(api: Client, tmf641: Client) -> None:
    before = counts(api)
    items = [
        {"id": str(n), "action": "add", "service": {"serviceSpecification": {"id": "x"}}}
        for n in range(1001)
    ]
    error = tmf641.post("/serviceOrder", {"serviceOrderItem": items}, expect=413)
    assert error["code"] == "tooLarge"
    assert "1001 items" in error["reason"]
    assert counts(api) == before


def test_patch_that_a_rule_multiplies_is_refused_and_changes_nothing(
    api: Client, tmf641: Client
) -> None:
    order = tmf641.post("/serviceOrder", service_order(sites=1), expect=201)
    path = f"/serviceOrder/{order['id']}"
    before = counts(api), tmf641.get(path).document
    error = tmf641.patch(path, service_order(), expect=413)
    assert error["code"] == "tooLarge"
    assert (counts(api), tmf641.get(path).document) == before
