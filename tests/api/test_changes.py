"""Changes and recoveries over HTTP: what a later service order does to what was delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.client import TMF652
from api.orders import at_once
from api.test_tmf641_service_ordering import issued
from make import example, service_item, service_order

if TYPE_CHECKING:
    from api.client import Client


def complete(api: Client, request_id: str) -> None:
    """Report everything that was issued for a request as delivered."""
    for order in issued(api, request_id).values():
        for state in ("inProgress", "completed"):
            items = [{**item, "state": state} for item in order["orderItem"]]
            api.patch(f"{TMF652}/resourceOrder/{order['id']}", {"orderItem": items}, expect=200)


def added(tmf641: Client, **service: Any) -> dict[str, Any]:
    """Return a fibre access that was just ordered."""
    body = {"serviceOrderItem": [service_item("1", **service)]}
    order: dict[str, Any] = tmf641.post("/serviceOrder", body, expect=201).document
    return order


def about(order: dict[str, Any], action: str, **changes: Any) -> dict[str, Any]:
    """Return an order about the service of an earlier one."""
    item = order["serviceOrderItem"][0]
    service = {**item["service"], **changes}
    return {"serviceOrderItem": [{"id": "1", "action": action, "service": service}]}


def with_bandwidth(bandwidth: int) -> list[dict[str, Any]]:
    characteristics = service_item()["service"]["serviceCharacteristic"]
    return [
        {**one, "value": bandwidth} if one["name"] == "bandwidth" else one
        for one in characteristics
    ]


def resources(orders: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return line to resource, of all items of these orders."""
    return {
        item["requestedItem"]["line"]: item["resource"]["id"]
        for order in orders.values()
        for item in order["orderItem"]
    }


def acted(orders: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {
        item["requestedItem"]["line"]: item["action"]
        for order in orders.values()
        for item in order["orderItem"]
    }


def test_new_service_gets_an_id_that_its_resource_orders_name(tmf641: Client, api: Client) -> None:
    order = added(tmf641)
    service_id = order["serviceOrderItem"][0]["service"]["id"]
    again = tmf641.get(f"/serviceOrder/{order['id']}").document
    assert again["serviceOrderItem"][0]["service"]["id"] == service_id
    named = {
        item["requestedItem"]["service"]["id"]
        for one in issued(api, order["id"]).values()
        for item in one["orderItem"]
    }
    assert named == {service_id}


def test_modify_changes_only_what_differs_and_delete_recovers_what_is_there(
    tmf641: Client, api: Client
) -> None:
    order = added(tmf641)
    complete(api, order["id"])
    delivered = resources(issued(api, order["id"]))
    faster = about(order, "modify", serviceCharacteristic=with_bandwidth(2000))
    change = tmf641.post("/serviceOrder", faster, expect=201).document
    changed = issued(api, change["id"])
    assert {one["orderType"] for one in changed.values()} == {"change"}
    assert acted(changed) == {"port": "modify", "vlan": "modify"}
    assert resources(changed).items() <= delivered.items()
    before = issued(api, order["id"])["access"]
    assert before["id"] in {one["id"] for one in changed["access"]["externalReference"]}
    complete(api, change["id"])
    same = tmf641.post("/serviceOrder", faster, expect=201).document
    assert issued(api, same["id"]) == {}
    record = api.get(f"/gateway/v1/initiatingRequest/{same['id']}").document
    assert record["assessment"]["item"][0]["reason"][0]["code"] == "alreadySo"
    for one in issued(api, order["id"]).values():
        api.delete(f"{TMF652}/resourceOrder/{one['id']}", expect=204)
    gone = tmf641.post("/serviceOrder", about(order, "delete"), expect=201).document
    recovered = issued(api, gone["id"])
    assert {one["orderType"] for one in recovered.values()} == {"recover"}
    assert resources(recovered) == delivered
    assert set(acted(recovered).values()) == {"delete"}
    complete(api, gone["id"])
    never = tmf641.post("/serviceOrder", about(order, "delete"), expect=201).document
    assert never["state"] == "rejected"
    assert never["errorMessage"][0]["code"] == "neverDelivered"


def test_orders_that_nobody_began_with_are_superseded(tmf641: Client, api: Client) -> None:
    order = added(tmf641)
    first = issued(api, order["id"])
    faster = about(order, "modify", serviceCharacteristic=with_bandwidth(2000))
    change = tmf641.post("/serviceOrder", faster, expect=201).document
    anew = issued(api, change["id"])
    assert {one["orderType"] for one in anew.values()} == {"provision"}
    assert acted(anew).keys() == acted(first).keys()
    assert set(resources(anew).values()).isdisjoint(resources(first).values())
    assert {one["state"] for one in issued(api, order["id"]).values()} == {"cancelled"}
    gone = tmf641.post("/serviceOrder", about(order, "delete"), expect=201).document
    assert issued(api, gone["id"]) == {}
    assert {one["state"] for one in issued(api, change["id"]).values()} == {"cancelled"}


def test_hand_over_of_what_is_deleted_before_anybody_saw_to_it_is_withdrawn(
    tmf641: Client, api: Client
) -> None:
    order = tmf641.post("/serviceOrder", example("fibre-special"), expect=201).document
    query = f"/gateway/v1/specialHandling?initiatingRequest.id={order['id']}"
    assert [one["state"] for one in api.get(query).document] == ["open"]
    gone = tmf641.post("/serviceOrder", about(order, "delete"), expect=201).document
    assert issued(api, gone["id"]) == {}
    (hand_over,) = api.get(query).document
    assert (hand_over["state"], hand_over["resolution"]) == ("resolved", "withdrawn")
    assert tmf641.get(f"/serviceOrder/{gone['id']}").document["state"] == "completed"
    late = {"initiatingRequest": {"id": order["id"]}, "itemId": "1"}
    answer = {"for": late, "result": "feasible"}
    api.post("/gateway/v1/feasibilityAssessment", answer, expect=201)
    assert {one["orderType"] for one in issued(api, order["id"]).values()} == {"feasibility"}


def test_what_is_on_its_way_is_waited_for(tmf641: Client, api: Client) -> None:
    order = added(tmf641)
    access = issued(api, order["id"])["access"]
    started = [{**one, "state": "inProgress"} for one in access["orderItem"][:1]]
    items = [*started, *access["orderItem"][1:]]
    api.patch(f"{TMF652}/resourceOrder/{access['id']}", {"orderItem": items}, expect=200)
    faster = about(order, "modify", serviceCharacteristic=with_bandwidth(2000))
    change = tmf641.post("/serviceOrder", faster, expect=201).document
    (port,) = issued(api, change["id"])["access"]["orderItem"]
    assert port["action"] == "modify"
    (waits,) = port["orderItemRelationship"]
    assert waits["orderItem"]["resourceOrderId"] == access["id"]
    assert waits["orderItem"]["itemId"] == "1-port"


def test_dry_run_of_a_change_is_the_change(tmf641: Client, api: Client) -> None:
    order = added(tmf641)
    complete(api, order["id"])
    gone = about(order, "delete")
    dry = api.post("/gateway/v1/assessment", {"serviceOrder": gone}, expect=200).document
    real = tmf641.post("/serviceOrder", gone, expect=201).document
    expected = {
        one["domain"]: [(item["id"], item["resource"]["id"]) for item in one["orderItem"]]
        for one in dry["resourceOrder"]
    }
    assert expected == {
        domain: [(item["id"], item["resource"]["id"]) for item in one["orderItem"]]
        for domain, one in issued(api, real["id"]).items()
    }


def test_order_that_waits_for_another_one_waits_for_its_resource_orders(
    tmf641: Client, api: Client
) -> None:
    first = added(tmf641)
    related = [{"id": first["id"], "relationshipType": "Dependency"}]
    body = service_order(orderRelationship=related)
    second = tmf641.post("/serviceOrder", body, expect=201).document
    port = issued(api, second["id"])["access"]["orderItem"][0]
    targets = {one["orderItem"]["itemId"] for one in port["orderItemRelationship"]}
    assert targets == {"1-wifi", "1-vlan"}
    related = [{"id": "nobody-knows", "relationshipType": "dependency"}]
    unknown = service_order(orderRelationship=related)
    third = tmf641.post("/serviceOrder", unknown, expect=201).document
    record = api.get(f"/gateway/v1/initiatingRequest/{third['id']}").document
    codes = [one["code"] for one in record["assessment"]["item"][0]["reason"]]
    assert codes == ["waitsForOtherOrder"]


def test_resource_of_a_trouble_request_is_taken_away_by_its_id(api: Client) -> None:
    recovery = example("trouble-recovery")
    item = {**recovery["requestedItem"][0], "action": "delete"}
    asked = {**recovery, "requestedItem": [item]}
    record = api.post("/gateway/v1/initiatingRequest", asked, expect=201).document
    (order,) = issued(api, record["id"]).values()
    assert (order["orderType"], order["domain"]) == ("recover", "access")
    (port,) = order["orderItem"]
    assert (port["action"], port["resource"]["id"]) == ("delete", "port-4711")


def test_changes_of_one_service_at_once_are_decided_one_after_the_other(
    tmf641: Client, api: Client
) -> None:
    order = added(tmf641)
    complete(api, order["id"])
    body = about(order, "modify", serviceCharacteristic=with_bandwidth(500))
    answers = at_once(tmf641, "/serviceOrder", body, None, number=8)
    changing = [one for answer in answers if (one := issued(api, answer.document["id"]))]
    assert len(changing) == 1  # for the others it is so already
    assert set(acted(changing[0]).values()) == {"modify"}


def test_recoveries_of_one_service_at_once_take_it_back_once(tmf641: Client, api: Client) -> None:
    order = added(tmf641)
    complete(api, order["id"])
    answers = at_once(tmf641, "/serviceOrder", about(order, "delete"), None, number=8)
    standing = [
        order
        for one in answers
        for order in issued(api, one.document["id"]).values()
        if order["state"] != "cancelled"  # superseded by the next one's
    ]
    taken = [item["requestedItem"]["line"] for one in standing for item in one["orderItem"]]
    assert sorted(taken) == sorted(set(taken))
    assert taken
