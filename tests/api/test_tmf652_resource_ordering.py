"""TMF652 v4.0.0 over HTTP: K, Q, F, P, S and W are the statements in the standards' list."""

from __future__ import annotations

import json
import re
import threading
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from api.client import JSON
from make import resource_order

if TYPE_CHECKING:
    from api.client import Client

MANDATORY = {"id", "href", "state", "orderDate", "orderItem"}
ITEM = {"action": "add", "resourceSpecification": {"id": "rs-olt-port"}}
UTC_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def posted(tmf652: Client, **changes: Any) -> dict[str, Any]:
    order: dict[str, Any] = tmf652.post(
        "/resourceOrder", resource_order(**changes), expect=201
    ).document
    return order


def moved(tmf652: Client, order: dict[str, Any], *states: str) -> str:
    path = f"/resourceOrder/{order['id']}"
    for state in states:
        tmf652.patch(path, {"state": state})
    return path


@pytest.fixture(scope="module")
def category(tmf652: Client) -> str:
    """A category that three orders have; nobody changes them."""
    name = uuid.uuid4().hex
    for priority in range(3):
        posted(tmf652, category=name, priority=priority)
    return name


class TestCreateResourceOrder:
    def test_order_comes_back_whole_with_its_address(self, tmf652: Client) -> None:
        answer = tmf652.post("/resourceOrder", resource_order(), expect=201)  # K3, W1
        assert answer.document.keys() >= MANDATORY
        assert answer.headers["Location"] == answer["href"]
        assert answer["href"] == f"{tmf652.url}{tmf652.door}/resourceOrder/{answer['id']}"
        assert answer["state"] == "acknowledged"
        assert [item["state"] for item in answer["orderItem"]] == ["acknowledged"] * 2
        assert answer["@type"] == "ResourceOrder"
        assert UTC_TEXT.fullmatch(answer["orderDate"])
        assert tmf652.get(f"/resourceOrder/{answer['id']}").document == answer.document  # K5

    def test_what_the_server_owns_is_ignored_not_refused(self, tmf652: Client) -> None:
        theirs = {
            "id": "mine",
            "href": "http://elsewhere/1",
            "state": "active",
            "orderDate": "yesterday",
            "completionDate": 7,
            "startDate": None,
            "expectedCompletionDate": "",
        }
        item = {**ITEM, "state": "completed"}
        order = posted(tmf652, orderItem=[item], **theirs)  # W2, K14
        assert order["id"] != "mine"
        assert order["state"] == "acknowledged"
        assert order["orderItem"][0]["state"] == "acknowledged"
        assert datetime.fromisoformat(order["orderDate"])
        assert not {"completionDate", "startDate", "expectedCompletionDate"} & order.keys()

    def test_smallest_body_of_both_publications_is_taken(self, tmf652: Client) -> None:
        order = posted(tmf652, orderItem=[ITEM])
        assert order["orderItem"][0]["id"] == "1"

    def test_items_without_id_get_the_free_numbers(self, tmf652: Client) -> None:
        order = posted(tmf652, orderItem=[ITEM, {**ITEM, "id": "1"}, ITEM])
        assert [item["id"] for item in order["orderItem"]] == ["2", "1", "3"]

    def test_resource_by_value_gets_id_and_address(self, tmf652: Client) -> None:
        resources = [item["resource"] for item in posted(tmf652)["orderItem"]]
        assert len({resource["id"] for resource in resources}) == 2
        for resource in resources:
            assert resource["href"].endswith(f"/resource/{resource['id']}")

    @pytest.mark.parametrize(
        ("resource", "named"),
        [
            ({"id": "port-7"}, "port-7"),
            ({"href": "http://inventory/resource/port-7"}, "port-7"),
        ],
    )
    @pytest.mark.parametrize("action", ["modify", "delete", "noChange"])
    def test_resource_that_is_named_is_told_by_id_and_address(
        self, tmf652: Client, resource: dict[str, str], named: str, action: str
    ) -> None:
        (item,) = posted(tmf652, orderItem=[{"action": action, "resource": resource}])["orderItem"]
        assert item["resource"]["id"] == named
        assert item["resource"]["href"].endswith(f"/resource/{named}")

    def test_both_spellings_of_no_change_become_one(self, tmf652: Client) -> None:
        spellings = [{**ITEM, "action": "no_change"}, {**ITEM, "action": "noChange"}]
        order = posted(tmf652, orderItem=spellings)
        assert [item["action"] for item in order["orderItem"]] == ["noChange"] * 2

    def test_extensions_ride_along_untouched(self, tmf652: Client) -> None:
        extensions = {
            "shoeSize": 42,
            "serialDate": 20240101,
            "": "no name",
            "name": "ß 漢字 👩‍🚀 \u202e",
        }
        order = posted(tmf652, **extensions)
        assert {name: order[name] for name in extensions} == extensions
        path = f"/resourceOrder/{order['id']}"
        tmf652.patch(path, {"description": "later"})
        kept = tmf652.get(path)
        assert {name: kept[name] for name in extensions} == extensions

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("2020-11-20T10:19:46Z", "2020-11-20T10:19:46.000Z"),
            ("2020-11-20T10:19:46+0000", "2020-11-20T10:19:46.000Z"),  # Q7
            ("2020-11-20T10:19:46.5+0130", "2020-11-20T08:49:46.500Z"),
            ("2020-11-20T10:19:46.123456+02:00", "2020-11-20T08:19:46.123Z"),
        ],
    )
    def test_dates_are_kept_in_utc(self, tmf652: Client, text: str, kept: str) -> None:
        assert posted(tmf652, requestedStartDate=text)["requestedStartDate"] == kept  # W16

    def test_empty_date_is_no_date(self, tmf652: Client) -> None:
        assert "requestedStartDate" not in posted(tmf652, requestedStartDate="")

    def test_document_with_the_traits_of_published_samples_is_taken(self, tmf652: Client) -> None:
        order = posted(
            tmf652,
            orderDate="2020-03-31T20:50:27.275Z",
            requestedCompletionDate="",
            priority=0,
            externalReference=[{"externalReferenceType": "Order number", "name": "8b03"}],
            note=[{"text": "Double jacket, it lies in water"}],
            relatedParty=[{"id": "456", "name": "Acme", "role": "requester"}],
            orderItem=[
                {
                    "id": "049e",
                    "quantity": 7000,
                    "action": "add",
                    "appointment": {"id": "74da", "href": "https:/host/appointment/74da"},
                    "resource": {
                        "category": "Premium",
                        "operationalState": "disable",
                        "startOperatingDate": "2020-11-20T10:19:46+0000",
                        "attachment": [{"id": "305f", "url": "http://host/Content/d08d"}],
                        "place": {"id": "49c2", "role": "site", "@referredType": "Address"},
                        "resourceCharacteristic": [{"name": "length", "value": 7000}],
                    },
                }
            ],
        )
        assert order["note"][0]["id"] == "1"
        assert UTC_TEXT.fullmatch(order["note"][0]["date"])
        assert order["relatedParty"][0]["@referredType"] == "RelatedParty"
        assert order["externalReference"] == [
            {"externalReferenceType": "Order number", "name": "8b03"}
        ]

    @pytest.mark.parametrize(
        ("changes", "path"),
        [  # W3, W4, Q3, Q8
            ({"orderItem": []}, "orderItem"),
            ({"orderItem": [{"resource": {"name": "x"}}]}, "orderItem[0]"),
            ({"orderItem": [{"action": "add"}]}, "orderItem[0]"),
            ({"orderItem": [{**ITEM, "action": "explode"}]}, "orderItem[0].action"),
            ({"orderItem": [{**ITEM, "action": "modify"}]}, "orderItem[0].resource"),
            (
                {"orderItem": [{"action": "delete", "resource": {"name": "x"}}]},
                "orderItem[0].resource",
            ),
            ({"orderItem": [{**ITEM, "id": "1"}, {**ITEM, "id": "1"}]}, "orderItem"),
            ({"note": [{"author": "nobody"}]}, "note[0]"),
            ({"relatedParty": [{"name": "Acme"}]}, "relatedParty[0]"),
            ({"priority": 5}, "priority"),
            ({"requestedStartDate": "31/31/2020"}, "requestedStartDate"),
        ],
    )
    def test_order_that_breaks_a_rule_is_refused_at_its_place(
        self, tmf652: Client, changes: dict[str, Any], path: str
    ) -> None:
        category = uuid.uuid4().hex
        body = resource_order(category=category, **changes)
        error = tmf652.post("/resourceOrder", body, expect=400)
        assert error["code"] == "invalidDocument"
        assert error["message"] == path
        assert tmf652.get(f"/resourceOrder?category={category}").document == []

    def test_order_without_items_is_refused(self, tmf652: Client) -> None:
        tmf652.post("/resourceOrder", {"category": "none"}, expect=400)  # K14

    @pytest.mark.parametrize("target", ["2", "9"])
    def test_dependency_that_can_not_be_met_is_refused(self, tmf652: Client, target: str) -> None:
        wait = [{"relationshipType": "dependency", "orderItem": {"itemId": target}}]
        back = [{"relationshipType": "dependency", "orderItem": {"itemId": "1"}}]
        items = [
            {**ITEM, "id": "1", "orderItemRelationship": wait},
            {**ITEM, "id": "2", "orderItemRelationship": back},
        ]
        tmf652.post("/resourceOrder", resource_order(orderItem=items), expect=400)

    def test_same_key_and_body_is_the_same_order(self, tmf652: Client) -> None:
        key, category = uuid.uuid4().hex, uuid.uuid4().hex
        body = resource_order(category=category)
        first = tmf652.post("/resourceOrder", body, expect=201, key=key)
        again = tmf652.post("/resourceOrder", body, expect=201, key=key)
        assert again.document == first.document
        assert again.headers["Location"] == first.headers["Location"]
        assert len(tmf652.get(f"/resourceOrder?category={category}").document) == 1

    def test_same_key_with_another_body_is_refused(self, tmf652: Client) -> None:
        key = uuid.uuid4().hex
        tmf652.post("/resourceOrder", resource_order(), expect=201, key=key)
        other = resource_order(description="another")
        error = tmf652.post("/resourceOrder", other, expect=422, key=key)
        assert error["code"] == "idempotencyConflict"

    def test_two_at_once_under_one_key_make_one_order(self, tmf652: Client) -> None:
        key, category = uuid.uuid4().hex, uuid.uuid4().hex
        answers = at_once(
            tmf652, "/resourceOrder", resource_order(category=category), key, number=8
        )
        assert len({answer["id"] for answer in answers}) == 1
        assert tmf652.get(f"/resourceOrder?category={category}").headers["X-Total-Count"] == "1"

    @pytest.mark.parametrize("key", ["", "k" * 256])
    def test_key_that_can_not_be_kept_is_refused(self, tmf652: Client, key: str) -> None:
        error = tmf652.post("/resourceOrder", resource_order(), expect=400, key=key)
        assert "Idempotency-Key" in error["reason"]

    @pytest.mark.parametrize(
        "media_type", ["application/json", "application/json;charset=utf-8", "APPLICATION/JSON"]
    )
    def test_json_is_taken_in_any_spelling(self, tmf652: Client, media_type: str) -> None:
        tmf652.call(
            "POST",
            "/resourceOrder",
            201,
            data=json.dumps(resource_order()),
            headers={"Content-Type": media_type},
        )

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "application/merge-patch+json", "application/xml", ""]
    )
    def test_other_media_types_are_refused(self, tmf652: Client, media_type: str) -> None:
        error = tmf652.call(
            "POST",
            "/resourceOrder",
            415,
            data=json.dumps(resource_order()),
            headers={"Content-Type": media_type},
        )
        assert error["code"] == "unsupportedMediaType"


def at_once(client: Client, path: str, body: Any, key: str, *, number: int) -> list[Any]:
    """POST the same from several threads, all at the same moment."""
    ready = threading.Barrier(number)
    answers: list[Any] = []

    def post() -> None:
        own = client.at(client.door)
        ready.wait()
        answers.append(own.post(path, body, expect=201, key=key))
        own.close()

    threads = [threading.Thread(target=post) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == number
    return answers


class TestListResourceOrder:
    @pytest.mark.usefixtures("category")
    def test_every_element_has_what_is_mandatory(self, tmf652: Client) -> None:
        answer = tmf652.get("/resourceOrder")  # K4, C1
        assert answer.headers["Content-Type"] == JSON
        assert all(order.keys() >= MANDATORY for order in answer.document)
        assert answer.headers["X-Total-Count"] == str(len(answer.document))
        assert "Link" not in answer.headers

    def test_counts_are_those_of_the_filter(self, tmf652: Client, category: str) -> None:
        answer = tmf652.get(f"/resourceOrder?category={category}&priority=1,2")
        assert [order["priority"] for order in answer.document] == [1, 2]
        assert answer.headers["X-Total-Count"] == "2"
        assert answer.headers["X-Result-Count"] == "2"

    def test_nothing_found_is_an_empty_list(self, tmf652: Client) -> None:
        answer = tmf652.get("/resourceOrder?category=nobody-has-it")  # Q13
        assert answer.document == []
        assert answer.headers["X-Total-Count"] == answer.headers["X-Result-Count"] == "0"

    @pytest.mark.parametrize(
        ("paging", "priorities", "relations"),
        [
            ("offset=0&limit=2", [0, 1], {"self", "first", "next", "last"}),
            ("offset=1&limit=1", [1], {"self", "first", "prev", "next", "last"}),
            ("offset=2&limit=2", [2], {"self", "first", "prev", "last"}),
            ("limit=0", [], {"self", "first", "last"}),
            ("offset=9&limit=2", [], {"self", "first", "prev", "last"}),
        ],
    )
    def test_part_is_206_with_links(
        self, tmf652: Client, category: str, paging: str, priorities: list[int], relations: set[str]
    ) -> None:
        # P2, P4 to P7
        path = f"/resourceOrder?category={category}&sort=priority&{paging}"
        answer = tmf652.get(path, expect=206)
        assert [order["priority"] for order in answer.document] == priorities
        assert answer.headers["X-Total-Count"] == "3"
        assert answer.headers["X-Result-Count"] == str(len(priorities))
        links = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"])
        assert {relation for _, relation in links} == relations
        assert all(f"category={category}" in address for address, _ in links)

    def test_limit_that_holds_all_is_200(self, tmf652: Client, category: str) -> None:
        assert len(tmf652.get(f"/resourceOrder?category={category}&limit=3").document) == 3

    @pytest.mark.parametrize(
        ("fields", "keys"),
        [
            ("state", {"id", "href", "state"}),
            ("priority,category", {"id", "href", "priority", "category"}),
            ("state&fields=priority", {"id", "href", "state", "priority"}),
            ("none", {"id", "href"}),
            ("shoeSize", {"id", "href"}),
        ],
    )
    def test_fields_alone_come_back(
        self, tmf652: Client, category: str, fields: str, keys: set[str]
    ) -> None:
        # F2 to F6, K6
        answer = tmf652.get(f"/resourceOrder?category={category}&fields={fields}")
        assert [set(order) for order in answer.document] == [keys] * 3

    def test_inner_fields_keep_their_place(self, tmf652: Client, category: str) -> None:
        path = f"/resourceOrder?category={category}&priority=0&fields=orderItem.id,orderItem.action"
        (order,) = tmf652.get(path).document
        assert order["orderItem"] == [{"id": "1", "action": "add"}, {"id": "2", "action": "add"}]

    def test_mandatory_attributes_filter_by_the_value_that_was_told(self, tmf652: Client) -> None:
        first, other = posted(tmf652, name="first"), posted(tmf652, name="other")  # K7, K8
        for name in ("id", "href", "name", "externalId", "state", "orderDate"):
            for value in (first[name], f'"{first[name]}"'):
                found = tmf652.get(f"/resourceOrder?id={first['id']}&{name}={value}").document
                assert [order["id"] for order in found] == [first["id"]]
            found = tmf652.get(f"/resourceOrder?{name}={first[name]}").document
            assert first["id"] in {order["id"] for order in found}
            assert all(order[name] == first[name] for order in found)
        assert other["id"] != first["id"]

    @pytest.mark.parametrize(
        ("query", "priorities"),
        [
            ("priority.gt=0", [1, 2]),
            ("priority%3E%3D1", [1, 2]),
            ("priority<1", [0]),
            ("priority.ne=1", [0, 2]),
            ("priority=0;priority=2", [0, 2]),
            ("priority=0&priority=2", [0, 2]),
            ("orderItem.resourceSpecification.id=rs-olt-port&priority=2", [2]),
            ("orderItem.action=delete", []),
            ("orderDate.gt=2020-01", [0, 1, 2]),
            ("orderDate.lt=2020-01-01", []),
            ("depth=1&expand=x", [0, 1, 2]),
        ],
    )
    def test_filters_select(
        self, tmf652: Client, category: str, query: str, priorities: list[int]
    ) -> None:
        # Q2 to Q7, Q11
        found = tmf652.get(f"/resourceOrder?category={category}&{query}").document
        assert [order["priority"] for order in found] == priorities

    def test_sort_turns_the_list_round(self, tmf652: Client, category: str) -> None:
        # S1
        found = tmf652.get(f"/resourceOrder?category={category}&sort=-priority").document
        assert [order["priority"] for order in found] == [2, 1, 0]


class TestRetrieveResourceOrder:
    def test_fields_alone_come_back(self, tmf652: Client) -> None:
        order = posted(tmf652)
        answer = tmf652.get(f"/resourceOrder/{order['id']}?fields=state")
        assert answer.document == {name: order[name] for name in ("id", "href", "state")}

    def test_unknown_id_is_not_found(self, tmf652: Client) -> None:
        error = tmf652.get(f"/resourceOrder/{uuid.uuid4()}", expect=404)  # K11
        assert error["code"] == "notFound"


class TestPatchResourceOrder:
    @pytest.mark.parametrize("media_type", ["application/merge-patch+json", "application/json"])
    def test_patch_merges_and_answers_with_the_whole_order(
        self, tmf652: Client, media_type: str
    ) -> None:
        order = posted(tmf652, category="first", extension={"kept": 1, "gone": 2})  # W5, K9
        path = f"/resourceOrder/{order['id']}"
        patch = {"category": "second", "externalId": None, "extension": {"gone": None}}
        answer = tmf652.patch(path, patch, media_type=media_type)
        assert answer.document == tmf652.get(path).document
        assert answer["category"] == "second"
        assert answer["extension"] == {"kept": 1}
        assert "externalId" not in answer.document
        assert answer["orderItem"] == order["orderItem"]

    @pytest.mark.parametrize(
        "states",
        [
            ("inProgress", "completed"),
            ("inProgress", "failed"),
            ("inProgress", "partial"),
            ("inProgress", "held", "inProgress", "pending", "cancelled"),
            ("inProgress", "held", "cancelled"),
            ("rejected",),
        ],
    )
    def test_order_goes_the_ways_of_its_life(self, tmf652: Client, states: tuple[str, ...]) -> None:
        order = posted(tmf652)  # W7
        answer = tmf652.get(moved(tmf652, order, *states))
        assert answer["state"] == states[-1]
        assert ("startDate" in answer.document) == ("inProgress" in states)
        finished = states[-1] in {"completed", "failed", "partial"}
        assert ("completionDate" in answer.document) == finished

    @pytest.mark.parametrize(
        ("states", "asked", "allowed"),
        [
            ((), "completed", "rejected, inProgress"),
            ((), "assessingCancellation", "rejected, inProgress"),
            (("inProgress",), "acknowledged", "completed, failed, partial, pending, held"),
            (("inProgress", "completed"), "inProgress", "none"),
        ],
    )
    def test_other_ways_are_refused_and_the_right_ones_named(
        self, tmf652: Client, states: tuple[str, ...], asked: str, allowed: str
    ) -> None:
        path = moved(tmf652, posted(tmf652), *states)
        before = tmf652.get(path).document
        error = tmf652.patch(path, {"state": asked}, expect=409)
        assert error["code"] == "illegalTransition"
        named = set(re.findall(r"\w+", error["reason"].split("PATCH:")[1]))
        assert named == set(re.findall(r"\w+", allowed))
        assert tmf652.get(path).document == before

    def test_same_state_changes_nothing(self, tmf652: Client) -> None:
        order = posted(tmf652)
        answer = tmf652.patch(f"/resourceOrder/{order['id']}", {"state": "acknowledged"})
        assert answer.document == order

    @pytest.mark.parametrize(
        "patch",
        [
            {"id": "other"},
            {"href": "http://elsewhere"},
            {"orderDate": "2020-01-01T00:00:00Z"},
            {"completionDate": "2020-01-01T00:00:00Z"},
            {"orderDate": None},
        ],
    )
    def test_what_is_immutable_stays(self, tmf652: Client, patch: dict[str, Any]) -> None:
        order = posted(tmf652)  # W6
        error = tmf652.patch(f"/resourceOrder/{order['id']}", patch, expect=400)
        assert error["code"] == "invalidPatch"
        assert error["message"] == next(iter(patch))

    def test_what_is_immutable_may_be_sent_as_it_is(self, tmf652: Client) -> None:
        order = posted(tmf652)
        same = {name: order[name] for name in ("id", "href", "orderDate", "orderItem")}
        assert tmf652.patch(f"/resourceOrder/{order['id']}", same).document == order

    @pytest.mark.parametrize("change", [{"id": "7"}, {"action": "delete"}])
    def test_items_keep_id_and_action(self, tmf652: Client, change: dict[str, str]) -> None:
        order = posted(tmf652)
        items = [{**order["orderItem"][0], **change}, order["orderItem"][1]]
        tmf652.patch(f"/resourceOrder/{order['id']}", {"orderItem": items}, expect=400)

    @pytest.mark.parametrize(
        "patch",
        [
            {"state": "active"},
            {"state": None},
            {"orderItem": None},
            {"orderItem": []},
            {"orderItem": [{"id": "1"}]},
            {"priority": 9},
            {"note": [{}]},
            {"relatedParty": [{"name": "x"}]},
            {"requestedStartDate": "tomorrow"},
            [],
            None,
            "state",
        ],
    )
    def test_result_has_to_be_an_order(self, tmf652: Client, patch: Any) -> None:
        order = posted(tmf652)  # W12
        path = f"/resourceOrder/{order['id']}"
        tmf652.patch(path, patch, expect=400)
        assert tmf652.get(path).document == order

    def test_items_have_their_own_states(self, tmf652: Client) -> None:
        order = posted(tmf652)
        path = moved(tmf652, order, "inProgress")
        items = [{**order["orderItem"][0], "state": "inProgress"}, order["orderItem"][1]]
        answer = tmf652.patch(path, {"orderItem": items})
        assert [item["state"] for item in answer["orderItem"]] == ["inProgress", "acknowledged"]
        for state in ("partial", "rejected", "flying"):
            items[0]["state"] = state
            error = tmf652.patch(path, {"orderItem": items}, expect=409)
            assert error["message"] == "orderItem[0].state"

    def test_started_order_keeps_its_items(self, tmf652: Client) -> None:
        order = posted(tmf652)  # W8
        path = moved(tmf652, order, "inProgress")
        tmf652.patch(path, {"orderItem": order["orderItem"][:1]}, expect=409)
        items = [
            {**item, "resource": {**item["resource"], "name": "x"}} for item in order["orderItem"]
        ]
        tmf652.patch(path, {"orderItem": items}, expect=409)

    def test_final_order_takes_notes_but_no_execution(self, tmf652: Client) -> None:
        path = moved(tmf652, posted(tmf652), "rejected")  # W9
        tmf652.patch(path, {"note": [{"text": "late"}], "description": "late"})
        error = tmf652.patch(path, {"priority": 4}, expect=409)
        assert error["message"] == "priority"

    def test_unknown_id_is_not_found(self, tmf652: Client) -> None:
        tmf652.patch(f"/resourceOrder/{uuid.uuid4()}", {}, expect=404)

    def test_no_change_is_lost_to_another(self, tmf652: Client) -> None:
        path = f"/resourceOrder/{posted(tmf652)['id']}"
        numbers = range(6)

        def patch(number: int) -> None:
            own = tmf652.at(tmf652.door)
            own.patch(path, {f"extension{number}": number})
            own.close()

        threads = [threading.Thread(target=patch, args=(number,)) for number in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        order = tmf652.get(path).document
        assert [order[f"extension{number}"] for number in numbers] == list(numbers)


class TestDeleteResourceOrder:
    @pytest.mark.parametrize("states", [(), ("rejected",), ("inProgress", "completed")])
    def test_deleted_order_is_gone(self, tmf652: Client, states: tuple[str, ...]) -> None:
        order = posted(tmf652)  # W13, K10
        path = moved(tmf652, order, *states)
        answer = tmf652.delete(path)
        assert answer.text == ""
        tmf652.get(path, expect=404)
        tmf652.delete(path, expect=404)
        tmf652.patch(path, {}, expect=404)
        assert tmf652.get(f"/resourceOrder?id={order['id']}").document == []

    @pytest.mark.parametrize("states", [("inProgress",), ("inProgress", "held")])
    def test_order_in_flight_stays(self, tmf652: Client, states: tuple[str, ...]) -> None:
        path = moved(tmf652, posted(tmf652), *states)
        error = tmf652.delete(path, expect=409)
        assert states[-1] in error["reason"]
        tmf652.get(path)
