"""PATCH in its four formats, over HTTP (TMF630 part 1, §6, and part 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from make import resource_order

if TYPE_CHECKING:
    from api.client import Answer, Client

JSON_PATCH = "application/json-patch+json"
JSON_PATCH_QUERY = "application/json-patch-query+json"
MERGES = ("application/merge-patch+json", "application/json")


@pytest.fixture
def path(tmf652: Client) -> str:
    """Return the path of a new order, with two items."""
    posted = tmf652.post("/resourceOrder", resource_order(note=[{"text": "First"}]), expect=201)
    return f"/resourceOrder/{posted['id']}"


def put(path: str, value: Any, op: str = "replace") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


class TestMediaTypes:
    @pytest.mark.parametrize("parameter", ["", ";charset=utf-8", "; charset=UTF-8"])
    @pytest.mark.parametrize("media_type", [*MERGES, JSON_PATCH, JSON_PATCH_QUERY])
    def test_each_of_the_four_is_taken(
        self, tmf652: Client, path: str, media_type: str, parameter: str
    ) -> None:
        body = {"description": "New"} if media_type in MERGES else [put("/name", "New", "add")]
        answer = tmf652.patch(path, body, media_type=f"{media_type}{parameter}")
        assert "New" in {answer.document.get("description"), answer.document.get("name")}
        assert tmf652.get(path).document == answer.document

    @pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/patch"])
    def test_any_other_is_told_the_four(self, tmf652: Client, path: str, media_type: str) -> None:
        answer = tmf652.patch(path, {"name": "New"}, media_type=media_type, expect=415)
        offered = answer.headers["Accept-Patch"].split(", ")
        assert sorted(offered) == sorted([*MERGES, JSON_PATCH, JSON_PATCH_QUERY])

    def test_array_is_no_merge_patch_and_object_no_json_patch(
        self, tmf652: Client, path: str
    ) -> None:
        tmf652.patch(path, [put("/name", "New", "add")], expect=400)
        for media_type in (JSON_PATCH, JSON_PATCH_QUERY):
            tmf652.patch(path, {"name": "New"}, media_type=media_type, expect=400)


class TestJsonPatch:
    def patch(
        self, client: Client, path: str, *operations: dict[str, Any], expect: int = 200
    ) -> Answer:
        return client.patch(path, operations, media_type=JSON_PATCH, expect=expect)

    def test_operations_are_applied_in_turn(self, tmf652: Client, path: str) -> None:
        answer = self.patch(
            tmf652,
            path,
            put("/state", "acknowledged", "test"),
            put("/state", "inProgress"),
            put("/note/-", {"text": "Second"}, "add"),
            {"op": "remove", "path": "/externalId"},
            {"op": "copy", "from": "/note/0/text", "path": "/description"},
        )
        assert answer["state"] == "inProgress"
        assert [(note["id"], note["text"]) for note in answer["note"]] == [
            ("1", "First"),
            ("2", "Second"),
        ]
        assert "externalId" not in answer.document
        assert answer["description"] == "First"

    @pytest.mark.parametrize(
        "last",
        [
            put("/state", "held", "test"),
            put("/nothing", 1),
            put("/note/7", {"text": "x"}, "add"),
            {"op": "remove", "path": "/nothing"},
            {"op": "move", "from": "/nothing", "path": "/name"},
        ],
    )
    def test_failed_test_and_missing_target_leave_the_whole_order_alone(
        self, tmf652: Client, path: str, last: dict[str, Any]
    ) -> None:
        before = tmf652.get(path)
        first = put("/description", "New", "add")
        error = self.patch(tmf652, path, first, last, expect=409)
        assert (error["code"], error["message"]) == ("patchConflict", "[1]")
        after = tmf652.get(path)
        assert after.document == before.document
        assert after.headers["ETag"] == before.headers["ETag"]

    @pytest.mark.parametrize(
        "operation",
        [
            {},
            {"op": "add", "path": "/name"},
            {"op": "grow", "path": "/name", "value": 1},
            {"op": "addne", "path": "/name", "value": "x"},
            {"path": "/name", "value": "x"},
            {"op": "remove"},
            {"op": "remove", "path": 7},
            {"op": "remove", "path": "name"},
            {"op": "remove", "path": " /name"},
            {"op": "remove", "path": "/na~me"},
            {"op": "move", "path": "/name"},
            {"op": "move", "from": "name", "path": "/name"},
            {"op": "remove", "path": "/" + 512 * "n"},
            "remove",
            None,
        ],
    )
    def test_malformed_operation_is_refused(
        self, tmf652: Client, path: str, operation: Any
    ) -> None:
        assert self.patch(tmf652, path, operation, expect=400)["code"] == "invalidDocument"

    def test_hundred_operations_are_the_most(self, tmf652: Client, path: str) -> None:
        test = put("/state", "acknowledged", "test")
        self.patch(tmf652, path, *[test] * 100)
        self.patch(tmf652, path, *[test] * 101, expect=400)

    @pytest.mark.parametrize(
        ("operation", "concerned"),
        [
            (put("/priority", 9, "replace"), "priority"),
            (put("/priority", "high"), "priority"),
            (put("/state", "finished"), "state"),
            (put("/state", ["held"]), "state"),
            (put("/orderItem", [], "replace"), "orderItem"),
            (put("/orderItem/0/action", "grow"), "orderItem[0].action"),
            (put("/orderItem/1/id", "1"), "orderItem"),
            (put("/note/0", {"author": "x"}), "note[0]"),
            (put("/id", "other"), "id"),
            (put("/href", "http://x.example"), "href"),
            (put("/orderDate", "2020-01-01T00:00:00Z"), "orderDate"),
            ({"op": "remove", "path": "/id"}, "id"),
            (put("/orderItem/0/action", "modify"), "orderItem[0].action"),
        ],
    )
    def test_result_that_is_no_order_is_refused(
        self, tmf652: Client, path: str, operation: dict[str, Any], concerned: str
    ) -> None:
        error = self.patch(tmf652, path, operation, expect=400)
        assert error.document.get("message", "").startswith(concerned)

    @pytest.mark.parametrize("value", [[], {}, None, "x", 1])
    def test_order_cannot_become_something_else(
        self, tmf652: Client, path: str, value: Any
    ) -> None:
        self.patch(tmf652, path, put("", value), expect=400)

    def test_result_that_no_store_can_keep_is_refused(self, tmf652: Client, path: str) -> None:
        deeper = [{"op": "copy", "from": "", "path": "/x" * depth} for depth in range(1, 12)]
        self.patch(tmf652, path, *deeper, expect=400)
        larger = [{"op": "copy", "from": "", "path": f"/x{number}"} for number in range(30)]
        self.patch(tmf652, path, *larger, expect=400)

    def test_states_keep_to_their_machine(self, tmf652: Client, path: str) -> None:
        error = self.patch(tmf652, path, put("/state", "completed"), expect=409)
        assert error["code"] == "illegalTransition"
        error = self.patch(tmf652, path, {"op": "remove", "path": "/state"}, expect=409)
        assert error["message"] == "state"

    def test_item_can_be_taken_out_until_the_work_begins(self, tmf652: Client, path: str) -> None:
        removal = {"op": "remove", "path": "/orderItem/1"}
        assert len(self.patch(tmf652, path, removal)["orderItem"]) == 1
        self.patch(tmf652, path, put("/state", "inProgress"))
        later = put("/orderItem/0/resource/name", "Port 8")
        assert self.patch(tmf652, path, later, expect=409)["code"] == "illegalTransition"

    def test_unknown_order_is_not_found(self, tmf652: Client) -> None:
        self.patch(tmf652, "/resourceOrder/nothing", put("/name", "x", "add"), expect=404)


class TestJsonPatchQuery:
    def patch(
        self, client: Client, path: str, *operations: dict[str, Any], expect: int = 200
    ) -> Answer:
        return client.patch(path, operations, media_type=JSON_PATCH_QUERY, expect=expect)

    @pytest.mark.parametrize(
        "selection",
        [
            "/orderItem/quantity?orderItem.id=2",
            "/orderItem/quantity?orderItem.resource.name=ONT",
            "$.orderItem[?(@.id=='2')].quantity",
            "orderItem[?(@.resource.name=='ONT')].quantity",
        ],
    )
    def test_query_selects_the_item(self, tmf652: Client, path: str, selection: str) -> None:
        answer = self.patch(
            tmf652, path, put(selection, 3, "add"), put(selection, 3, "test"), put(selection, 4)
        )
        assert [item.get("quantity") for item in answer["orderItem"]] == [None, 4]

    def test_item_is_removed_by_what_it_is(self, tmf652: Client, path: str) -> None:
        removal = {"op": "remove", "path": "/orderItem?orderItem.id=2"}
        assert [item["id"] for item in self.patch(tmf652, path, removal)["orderItem"]] == ["1"]

    @pytest.mark.parametrize(
        "selection",
        [
            "/orderItem/quantity",
            "/orderItem/id?orderItem.action=add",
            "/orderItem/id?orderItem.id=9",
            "$.orderItem[*].id",
            "$.nothing",
        ],
    )
    def test_path_to_several_places_or_none_is_a_conflict(
        self, tmf652: Client, path: str, selection: str
    ) -> None:
        error = self.patch(tmf652, path, put(selection, "x"), expect=409)
        assert (error["code"], error["message"]) == ("patchConflict", "[0]")

    @pytest.mark.parametrize(
        "selection", ["$..id", "$[", "/orderItem?orderItem.id>1", "$.orderItem[?search(@.id,'a')]"]
    )
    def test_path_that_cannot_be_read_is_refused(
        self, tmf652: Client, path: str, selection: str
    ) -> None:
        assert self.patch(tmf652, path, put(selection, 1), expect=400)["code"] == "invalidPatch"
