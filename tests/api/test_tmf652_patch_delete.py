"""TMF652 v4.0.0 over HTTP, changed and deleted: the letters are those of the standards' list."""

from __future__ import annotations

import re
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from api.orders import moved, posted

if TYPE_CHECKING:
    from api.client import Client


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
