from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from make import ADDRESSES, MOMENT, resource_order
from ordergate.errors import InvalidDocumentError
from ordergate.model.common import timestamp
from ordergate.process.acknowledge import SERVER_OWNED, acknowledge
from ordergate.process.entity import Idempotency

if TYPE_CHECKING:
    from ordergate.process.entity import Entity


def taken(**changes: Any) -> Entity:
    return acknowledge(resource_order(**changes), "ro-1", ADDRESSES, MOMENT)


def an_item(item_id: str | None = None, *waits: str, **changes: Any) -> dict[str, Any]:
    made = {"action": "add", "resource": {"name": "Port"}, **changes}
    if item_id is not None:
        made["id"] = item_id
    if waits:
        made["orderItemRelationship"] = [
            {"relationshipType": "dependency", "orderItem": {"itemId": one}} for one in waits
        ]
    return made


def refusal(*items: dict[str, Any], **changes: Any) -> InvalidDocumentError:
    with pytest.raises(InvalidDocumentError) as caught:
        taken(orderItem=list(items), **changes)
    return caught.value


def test_order_is_acknowledged_with_id_address_and_date() -> None:
    found = taken().document
    assert (found["id"], found["href"]) == ("ro-1", ADDRESSES.resource_order("ro-1"))
    assert (found["state"], found["orderDate"]) == ("acknowledged", timestamp(MOMENT))
    assert found["@type"] == "ResourceOrder"
    assert {one["state"] for one in found["orderItem"]} == {"acknowledged"}


def test_order_owes_its_create_event_and_keeps_its_key() -> None:
    mark = Idempotency("key", "body")
    found = acknowledge(resource_order(), "ro-1", ADDRESSES, MOMENT, mark)
    (event,) = found.owed
    assert (found.revision, found.sequence, event.sequence) == (1, 1, 1)
    assert event.document["eventType"] == "ResourceOrderCreateEvent"
    assert event.document["event"] == {"resourceOrder": found.document}
    assert found.idempotency == mark


@pytest.mark.parametrize("name", SERVER_OWNED)
def test_what_the_server_owns_is_ignored(name: str) -> None:
    assert taken(**{name: "2020-01-01T00:00:00Z"}).document == taken().document


def test_state_of_an_item_is_ignored() -> None:
    found = taken(orderItem=[an_item("1", state="completed")]).document
    assert found["orderItem"][0]["state"] == "acknowledged"


def test_extensions_ride_along() -> None:
    found = taken(**{"x-mine": {"a": [1]}, "@type": "MyOrder"}).document
    assert (found["x-mine"], found["@type"]) == ({"a": [1]}, "MyOrder")


def test_items_without_an_id_are_numbered_around_those_that_have_one() -> None:
    found = taken(orderItem=[an_item(), an_item("1"), an_item(), an_item("3")]).document
    assert [one["id"] for one in found["orderItem"]] == ["2", "1", "4", "3"]


def test_resource_to_add_gets_an_id_and_address_that_stay_the_same() -> None:
    first, second = taken().document["orderItem"]
    assert first["resource"]["href"] == ADDRESSES.resource(first["resource"]["id"])
    assert first["resource"]["id"] != second["resource"]["id"]
    assert taken().document["orderItem"][0] == first


def test_resource_that_has_an_id_keeps_it() -> None:
    mine = an_item("1", resource={"id": "r-1", "href": "urn:r-1"})
    only_id = an_item("2", resource={"id": "r-2"})
    found = taken(orderItem=[mine, only_id]).document["orderItem"]
    assert found[0]["resource"] == {"id": "r-1", "href": "urn:r-1"}
    assert found[1]["resource"] == {"id": "r-2", "href": ADDRESSES.resource("r-2")}


def test_specification_alone_makes_no_resource() -> None:
    asked = {"action": "add", "resourceSpecification": {"id": "rs-1"}}
    assert "resource" not in taken(orderItem=[asked]).document["orderItem"][0]


def test_older_spelling_of_no_change_is_kept_as_the_later_one() -> None:
    asked = an_item("1", action="no_change", resource={"id": "r-1"})
    assert taken(orderItem=[asked]).document["orderItem"][0]["action"] == "noChange"


@pytest.mark.parametrize("action", ["modify", "delete", "noChange"])
def test_existing_resource_is_named_by_id_or_address_and_kept_with_both(action: str) -> None:
    for resource, kept in (
        ({"id": "r-1"}, {"id": "r-1", "href": ADDRESSES.resource("r-1")}),
        ({"href": "urn:x/r-1"}, {"id": "r-1", "href": "urn:x/r-1"}),
    ):
        asked = an_item("1", action=action, resource=resource)
        assert taken(orderItem=[asked]).document["orderItem"][0]["resource"] == kept
    error = refusal(an_item("0"), an_item("1", action=action))
    assert error.path == "orderItem[1].resource"


@pytest.mark.parametrize("action", ["modify", "delete"])
def test_specification_alone_does_not_name_an_existing_resource(action: str) -> None:
    refusal({"id": "1", "action": action, "resourceSpecification": {"id": "rs-1"}})


def test_same_item_id_twice_is_refused() -> None:
    error = refusal(an_item("1"), an_item("2"), an_item("1"))
    assert (error.path, error.reason) == ("orderItem", "2 items have the id '1'.")


@pytest.mark.parametrize("priority", [-1, 5])
def test_priority_outside_its_range_is_refused(priority: int) -> None:
    assert refusal(an_item("1"), priority=priority).path == "priority"


@pytest.mark.parametrize("priority", [0, 4])
def test_priority_goes_from_zero_to_four(priority: int) -> None:
    assert taken(priority=priority).document["priority"] == priority


def test_relationship_to_an_unknown_item_is_refused() -> None:
    error = refusal(an_item("1"), an_item("2", "1", "7"))
    assert error.path == "orderItem[1].orderItemRelationship[1].orderItem.itemId"


@pytest.mark.parametrize("kind", ["dependency", "reliesOn", "DEPENDSON"])
def test_items_that_wait_in_a_circle_are_refused(kind: str) -> None:
    def waiting(item_id: str, target: str) -> dict[str, Any]:
        link = {"relationshipType": kind, "orderItem": {"itemId": target}}
        return an_item(item_id, orderItemRelationship=[link])

    assert "circle" in refusal(waiting("1", "2"), waiting("2", "1")).reason
    assert "circle" in refusal(waiting("1", "1")).reason


def test_other_relationships_may_go_in_a_circle() -> None:
    link = {"relationshipType": "bundles", "orderItem": {"itemId": "1"}}
    taken(orderItem=[an_item("1", orderItemRelationship=[link])])


def test_relationship_to_another_order_is_taken_as_it_is() -> None:
    link = {
        "relationshipType": "dependency",
        "orderItem": {"itemId": "9", "resourceOrderId": "ro-2"},
    }
    found = taken(orderItem=[an_item("1", orderItemRelationship=[link])]).document
    assert found["orderItem"][0]["orderItemRelationship"] == [link]


def test_relationship_may_name_its_own_order() -> None:
    link = {
        "relationshipType": "dependency",
        "orderItem": {"itemId": "9", "resourceOrderId": "ro-1"},
    }
    assert "no item '9'" in refusal(an_item("1", orderItemRelationship=[link])).reason


def test_notes_and_parties_are_completed() -> None:
    found = taken(note=[{"text": "Hello"}], relatedParty=[{"id": "p", "role": "owner"}]).document
    assert found["note"] == [{"text": "Hello", "id": "1", "date": timestamp(MOMENT)}]
    assert found["relatedParty"][0]["@referredType"] == "RelatedParty"
