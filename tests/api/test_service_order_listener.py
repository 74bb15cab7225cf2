"""Service orders that another system tells of, over HTTP."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from api.client import GATEWAY, TMF652
from make import MOMENT, example, service_item, service_order
from ordergate.model.events import EventType
from ordergate.process.notify import notify

if TYPE_CHECKING:
    from api.client import Answer, Client

LISTENER = "/listener/serviceOrderCreateEvent"


def event(**order: Any) -> dict[str, Any]:
    """Return an event of another system about an order that it has."""
    order_id = uuid.uuid4().hex
    theirs = {"id": order_id, "href": f"https://crm.example/serviceOrder/{order_id}"}
    return {
        "eventId": uuid.uuid4().hex,
        "eventTime": "2026-01-01T12:00:00.000Z",
        "eventType": "ServiceOrderCreateEvent",
        "event": {"serviceOrder": {**service_order(), **theirs, "state": "acknowledged", **order}},
    }


def order_in(notification: dict[str, Any]) -> dict[str, Any]:
    order: dict[str, Any] = notification["event"]["serviceOrder"]
    return order


def heard(tmf641: Client, notification: dict[str, Any]) -> Answer:
    answer = tmf641.post(LISTENER, notification, expect=201)
    assert answer.headers["Location"] == answer["serviceOrder"]["href"]
    return answer


def made_from(tmf641: Client, notification: dict[str, Any]) -> list[Any]:
    """Return the orders here that refer to the one in the event."""
    found: list[Any] = tmf641.get(
        f"/serviceOrder?externalReference.id={order_in(notification)['id']}"
    ).document
    return found


def test_order_in_the_event_becomes_ours_and_is_decided(tmf641: Client, api: Client) -> None:
    notification = event(orderDate="2020-01-01T00:00:00Z")
    answer = heard(tmf641, notification)
    assert answer["callback"] == f"{tmf641.url}{tmf641.door}{LISTENER}"

    order = tmf641.get(f"/serviceOrder/{answer['id']}")
    theirs = order_in(notification)
    assert order["id"] != theirs["id"]
    assert order["href"] == answer.headers["Location"]
    assert order["orderDate"] > "2026"
    assert order["externalId"] == theirs["externalId"]
    (origin,) = order["externalReference"]
    assert (origin["id"], origin["href"]) == (theirs["id"], theirs["href"])
    assert origin["@referredType"] == "ServiceOrder"

    record = api.get(f"{GATEWAY}/initiatingRequest/{answer['id']}")
    assert record["requestType"] == "serviceOrder"
    assert record["source"]["href"] == order["href"]
    path = f"{TMF652}/resourceOrder?initiatingRequest.id={answer['id']}"
    issued = api.get(path).document
    assert {one["domain"] for one in issued} == {"access", "core"}
    for one in issued:
        references = {reference["id"] for reference in one["externalReference"]}
        assert {theirs["id"], answer["id"]} <= references


def test_same_event_again_makes_nothing_whatever_has_become_of_the_order(tmf641: Client) -> None:
    notification = event()
    first = heard(tmf641, notification)
    tmf641.patch(f"/serviceOrder/{first['id']}", {"state": "inProgress"})
    order_in(notification)["state"] = "inProgress"
    notification["eventTime"] = "2026-01-02T12:00:00.000Z"
    assert heard(tmf641, notification).document == first.document
    assert len(made_from(tmf641, notification)) == 1


def test_event_of_an_order_that_was_deleted_since_makes_no_other(tmf641: Client) -> None:
    notification = event()
    first = heard(tmf641, notification)
    tmf641.delete(f"/serviceOrder/{first['id']}")
    assert heard(tmf641, notification).document == first.document
    assert made_from(tmf641, notification) == []


def test_same_event_from_several_senders_at_once_makes_one_set(tmf641: Client, api: Client) -> None:
    notification = event()
    answers: list[Answer] = []
    ready = threading.Barrier(8)

    def send() -> None:
        own = tmf641.at(tmf641.door)
        ready.wait()
        answers.append(heard(own, notification))
        own.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.text for answer in answers] == [answers[0].text] * 8
    assert len(made_from(tmf641, notification)) == 1
    path = f"{TMF652}/resourceOrder?initiatingRequest.id={answers[0]['id']}"
    assert api.get(path).headers["X-Total-Count"] == "2"


def test_another_order_under_the_same_event_id_is_a_conflict(tmf641: Client) -> None:
    notification = event()
    heard(tmf641, notification)
    other = {**event(), "eventId": notification["eventId"]}
    error = tmf641.post(LISTENER, other, expect=422)
    assert (error["code"], error["message"]) == ("idempotencyConflict", "eventId")
    assert made_from(tmf641, other) == []


def test_order_itself_stands_for_an_event_without_id(tmf641: Client) -> None:
    notification = event()
    del notification["eventId"]
    first = heard(tmf641, notification)
    assert heard(tmf641, notification).document == first.document
    assert len(made_from(tmf641, notification)) == 1


def test_event_of_a_partners_order_is_a_party_request(tmf641: Client, gateway: Client) -> None:
    answer = heard(tmf641, event(**example("partner-fibre")))
    assert gateway.get(f"/initiatingRequest/{answer['id']}")["requestType"] == "partyRequest"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"serviceOrderItem": []}, "event.serviceOrder.serviceOrderItem"),
        (
            {"serviceOrderItem": [{"id": "1", "action": "add"}]},
            "event.serviceOrder.serviceOrderItem[0]",
        ),
        (
            {"serviceOrderItem": [service_item(), service_item()]},
            "event.serviceOrder.serviceOrderItem[1].id",
        ),
        ({"priority": 1}, "event.serviceOrder.priority"),
        ({"id": 7}, "event.serviceOrder.id"),
    ],
)
def test_order_that_breaks_the_contract_is_refused_at_its_place(
    tmf641: Client, changes: dict[str, Any], path: str
) -> None:
    external_id = uuid.uuid4().hex
    error = tmf641.post(LISTENER, event(externalId=external_id, **changes), expect=400)
    assert error["message"].startswith(path)
    assert tmf641.get(f"/serviceOrder?externalId={external_id}").document == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"event": {}}, "event"),
        ({"event": None}, "event"),
        ({"eventType": "ServiceOrderStateChangeEvent"}, "eventType"),
        ({"eventId": 7}, "eventId"),
        ({"eventId": "x" * 256}, "eventId"),
        ({"eventId": "", "event": {"serviceOrder": service_order()}}, "eventId"),
    ],
)
def test_what_is_no_event_about_an_order_is_refused(
    tmf641: Client, changes: dict[str, Any], path: str
) -> None:
    error = tmf641.post(LISTENER, {**event(), **changes}, expect=400)
    assert error["message"].startswith(path)


def test_event_as_we_send_it_is_one_that_we_take(tmf641: Client) -> None:
    kept = tmf641.post("/serviceOrder", example("vpn-and-fibre"), expect=201).document
    other = uuid.uuid4().hex
    elsewhere = {**kept, "id": other, "href": f"http://other.example/{other}"}
    told = notify(EventType.SERVICE_ORDER_CREATE, elsewhere, 1, MOMENT, description="Received.")
    assert heard(tmf641, told.document)["id"] != kept["id"]
    (made,) = made_from(tmf641, told.document)
    assert made["externalId"] == kept["externalId"]


def test_other_events_are_not_listened_to(tmf641: Client) -> None:
    tmf641.post("/listener/serviceOrderStateChangeEvent", event(), expect=404)


class TestLoop:
    def test_own_order_that_comes_back_is_acknowledged_and_not_taken_again(
        self, tmf641: Client
    ) -> None:
        description = uuid.uuid4().hex
        own = tmf641.post("/serviceOrder", service_order(description=description), expect=201)
        answer = heard(tmf641, event(**own.document))
        assert answer["id"] == own["id"]
        assert len(tmf641.get(f"/serviceOrder?description={description}").document) == 1

    def test_order_that_others_made_from_ours_is_not_taken_either(self, tmf641: Client) -> None:
        own = tmf641.post("/serviceOrder", service_order(), expect=201)
        origin = {"name": own["id"], "href": own["href"], "@referredType": "ServiceOrder"}
        notification = event(externalReference=[{"name": "CRM-1"}, origin])
        assert heard(tmf641, notification)["id"] == own["id"]
        assert made_from(tmf641, notification) == []

    def test_order_that_merely_mentions_ours_is_taken(self, tmf641: Client) -> None:
        own = tmf641.post("/serviceOrder", service_order(), expect=201)
        mention = {"name": "the one before", "href": own["href"]}
        assert heard(tmf641, event(externalReference=[mention]))["id"] != own["id"]

    def test_order_with_an_address_of_ours_that_nobody_knows_is_taken(self, tmf641: Client) -> None:
        order_id = uuid.uuid4().hex
        href = f"{tmf641.url}{tmf641.door}/serviceOrder/{order_id}"
        notification = event(id=order_id, href=href)
        assert heard(tmf641, notification)["id"] != order_id
        assert len(made_from(tmf641, notification)) == 1
