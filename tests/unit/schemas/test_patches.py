from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordergate.errors import InvalidPatchError, PatchConflictError
from ordergate.schemas.patches import JSON_PATCH, JSON_PATCH_QUERY, LARGEST, PATCHES, change_of

if TYPE_CHECKING:
    from ordergate.errors import OrdergateError

PROPERTY = settings(deadline=None, max_examples=100, derandomize=True, database=None)
ORDER: dict[str, Any] = {
    "id": "ro-1",
    "state": "acknowledged",
    "note": [{"author": "Ann", "text": "First"}, {"author": "Bo", "text": "Second"}],
    "orderItem": [
        {"id": "1", "quantity": 1, "resource": {"name": "Port 7", "note": [{"text": "x"}]}},
        {"id": "2", "resource": {"name": "ONT", "note": []}},
    ],
    "a/b": {"~c": True},
}


def patched(*operations: dict[str, Any], media_type: str = JSON_PATCH) -> Any:
    before, sent = deepcopy(ORDER), deepcopy(operations)
    change = change_of(media_type, operations)
    try:
        result = change(before)
        assert change(before) == result, "a patch does the same each time"
        return result
    finally:
        assert before == ORDER, "a patch leaves the document as it is"
        assert operations == sent


def refused(
    kind: type[OrdergateError], *operations: dict[str, Any], media_type: str = JSON_PATCH
) -> OrdergateError:
    with pytest.raises(kind) as caught:
        patched(*operations, media_type=media_type)
    return caught.value


def put(path: str, value: Any = 9, op: str = "replace") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


class TestMergePatch:
    @pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
    def test_either_media_type_merges(self, media_type: str) -> None:
        result = change_of(media_type, {"state": "held", "note": None})(ORDER)
        assert result["state"] == "held"
        assert "note" not in result

    def test_standard_media_type_comes_first_of_four(self) -> None:
        assert PATCHES[0] == "application/merge-patch+json"
        assert len(PATCHES) == 4


class TestJsonPatch:
    def test_operations_are_applied_in_turn(self) -> None:
        result = patched(
            put("/state", "acknowledged", "test"),
            put("/description", "New", "add"),
            put("/orderItem/0/quantity", 2),
            {"op": "remove", "path": "/note/0"},
            {"op": "copy", "from": "/description", "path": "/category"},
            {"op": "move", "from": "/orderItem/1", "path": "/orderItem/0"},
            put("/note/-", {"text": "Last"}, "add"),
            put("/note/0", {"text": "First"}, "add"),
        )
        assert (result["description"], result["category"]) == ("New", "New")
        assert [item["id"] for item in result["orderItem"]] == ["2", "1"]
        assert result["orderItem"][1]["quantity"] == 2
        assert [note["text"] for note in result["note"]] == ["First", "Second", "Last"]

    def test_no_operations_change_nothing(self) -> None:
        assert patched() == ORDER

    def test_added_value_can_be_changed_by_the_next_operation(self) -> None:
        result = patched(put("/x", {}, "add"), put("/x/y", 1, "add"))
        assert result["x"] == {"y": 1}

    def test_escaped_names_are_read(self) -> None:
        assert patched(put("/a~1b/~0c", 1))["a/b"] == {"~c": 1}

    def test_backslash_and_letters_beyond_ascii_are_themselves(self) -> None:
        assert patched(put("/grün\\n", 1, "add"))["grün\\n"] == 1

    def test_null_is_a_value(self) -> None:
        assert patched(put("/x", None, "add"))["x"] is None

    def test_whole_document_can_be_replaced(self) -> None:
        assert patched(put("", {"id": "other"})) == {"id": "other"}

    def test_whole_document_can_be_copied_into_itself(self) -> None:
        assert patched({"op": "copy", "from": "", "path": "/x"})["x"] == ORDER

    @pytest.mark.parametrize(
        ("path", "value"),
        [("/orderItem/0/quantity", 1.0), ("/a~1b", {"~c": True}), ("/note/0/author", "Ann")],
    )
    def test_equal_value_passes_the_test(self, path: str, value: Any) -> None:
        assert patched(put(path, value, "test")) == ORDER

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("/orderItem/0/quantity", True),
            ("/orderItem/0/quantity", "1"),
            ("/a~1b", {"~c": 1}),
            ("/a~1b", {}),
            ("/note", []),
            ("/state", "held"),
        ],
    )
    def test_other_value_fails_the_test(self, path: str, value: Any) -> None:
        error = refused(PatchConflictError, put(path, value, "test"))
        assert "test" in error.reason
        assert error.path == "[0]"

    @pytest.mark.parametrize(
        "operation",
        [
            put("/nothing"),
            put("/nothing", op="test"),
            put("/nothing/inside", op="add"),
            put("/state/inside", op="add"),
            put("/note/2"),
            put("/note/3", op="add"),
            put("/note/01"),
            put("/note/+1"),
            put("/note/1_0"),
            put("/note/1_0", op="add"),
            put("/note/-"),
            put("/note/author"),
            put("/note/author", op="add"),
            put("/#state"),
            put("/note/#1"),
            put("/~0state", "state", "test"),
            {"op": "remove", "path": "/#state"},
            {"op": "remove", "path": "/note/#1"},
            {"op": "remove", "path": ""},
            {"op": "remove", "path": "/note/99999999999999999999"},
            {"op": "move", "from": "/nothing", "path": "/x"},
            {"op": "move", "from": "/orderItem", "path": "/orderItem/0"},
            {"op": "copy", "from": "/nothing", "path": "/x"},
            {"op": "copy", "from": "/state", "path": "/nothing/x"},
        ],
    )
    def test_target_that_is_not_there_is_a_conflict(self, operation: dict[str, Any]) -> None:
        error = refused(PatchConflictError, put("/state", "held"), operation)
        assert error.path == "[1]"

    def test_copies_do_not_grow_without_end(self) -> None:
        doubling = ({"op": "copy", "from": "", "path": f"/x{n}"} for n in range(100))
        assert str(LARGEST) in refused(InvalidPatchError, *doubling).reason

    def test_nesting_does_not_grow_without_end(self) -> None:
        deeper = ({"op": "copy", "from": "", "path": "/x" * depth} for depth in range(1, 100))
        assert "deep" in refused(InvalidPatchError, *deeper).reason


class TestJsonPatchQuery:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/orderItem/quantity?orderItem.id=1", "/orderItem/0/quantity"),
            ("/orderItem/resource/name?orderItem.resource.name=ONT", "/orderItem/1/resource/name"),
            ("/orderItem/resource/name?orderItem.resource.name=Port 7&orderItem.id=1",
             "/orderItem/0/resource/name"),
            ("/orderItem?orderItem.id=2", "/orderItem/1"),
            ("/orderItem/0/quantity", "/orderItem/0/quantity"),
            ("/orderItem/resource/note/text?orderItem.id=1", "/orderItem/0/resource/note/0/text"),
            ("/note/text?note.author=Bo", "/note/1/text"),
            ("/note", "/note"),
            ("/state?id=ro-1", "/state"),
            ("/state", "/state"),
            ("/a~1b/~0c", "/a~1b/~0c"),
            ("$.orderItem[?(@.id=='1')].quantity", "/orderItem/0/quantity"),
            ("orderItem[?(@.id=='1')].quantity", "/orderItem/0/quantity"),
            ("$.note[?@.author=='Bo' && @.text=='Second'].text", "/note/1/text"),
            ("$.orderItem[-1].resource['name']", "/orderItem/1/resource/name"),
            ("$['a/b']['~c']", "/a~1b/~0c"),
            ("$.note[?@.text=='a,b..$' || @.author=='Ann']", "/note/0"),
        ],
    )  # fmt: skip
    def test_query_leads_to_one_place(self, path: str, expected: str) -> None:
        assert patched(put(path), media_type=JSON_PATCH_QUERY) == patched(put(expected))

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/orderItem/quantity?orderItem.id=2", "/orderItem/1/quantity"),
            ("/orderItem/resource/note/-?orderItem.id=2", "/orderItem/1/resource/note/-"),
            ("/note/2", "/note/2"),
            ("/note/-", "/note/-"),
            ("/new", "/new"),
            ("$.orderItem[?(@.id=='2')].quantity", "/orderItem/1/quantity"),
            ("orderItem[?(@.id=='2')]['@type']", "/orderItem/1/@type"),
            ("$['a~b']", "/a~0b"),
        ],
    )
    def test_last_part_need_not_be_there_to_add_it(self, path: str, expected: str) -> None:
        found = patched(put(path, op="add"), media_type=JSON_PATCH_QUERY)
        assert found == patched(put(expected, op="add"))

    def test_each_operation_sees_what_those_before_it_did(self) -> None:
        result = patched(
            put("/orderItem/id?orderItem.id=1", "one"),
            put("/orderItem/id?orderItem.id=one", "one", "test"),
            {"op": "remove", "path": "/orderItem?orderItem.id=2"},
            {"op": "move", "from": "/note?note.author=Ann", "path": "/note/-"},
            {"op": "copy", "from": "$.note[0].text", "path": "$.description"},
            media_type=JSON_PATCH_QUERY,
        )
        assert [item["id"] for item in result["orderItem"]] == ["one"]
        assert [note["author"] for note in result["note"]] == ["Bo", "Ann"]
        assert result["description"] == "Second"

    @pytest.mark.parametrize(
        "path",
        [
            "/orderItem/quantity?orderItem.id=3",
            "/orderItem/quantity?orderItem.id=2",
            "/orderItem/quantity",
            "/orderItem/quantity?state=acknowledged",
            "/orderItem/7/quantity",
            "/orderItem/0/quantity?orderItem.id=2",
            "/note/text?note.author=Ann,Bo",
            "/note/-/text",
            "/state?id=ro-2",
            "/state/inside",
            "$.orderItem[*].id",
            "$.orderItem[?@.id=='3']",
            "$.nothing",
        ],
    )
    def test_path_to_nothing_or_to_several_places_is_a_conflict(self, path: str) -> None:
        error = refused(PatchConflictError, put(path), media_type=JSON_PATCH_QUERY)
        assert error.path == "[0]"

    def test_addition_to_several_places_is_a_conflict(self) -> None:
        for path in ("/orderItem/quantity", "$.orderItem[*].new"):
            refused(PatchConflictError, put(path, op="add"), media_type=JSON_PATCH_QUERY)

    @pytest.mark.parametrize(
        "path",
        [
            "/orderItem?orderItem.id>1",
            "/orderItem?sort=id",
            "/orderItem?fields=id",
            "/orderItem?filter=x",
            "$..id",
            "$.orderItem[0,1]",
            "$.orderItem[?@.id==$.id]",
            "$.note[?match(@.author, 'A.*')]",
            "$.note[?length(@.author)==3]",
            "$.note[",
            "not a path",
            "$.note[?" + "(" * 490,
        ],
    )
    def test_path_that_cannot_be_read_is_invalid(self, path: str) -> None:
        refused(InvalidPatchError, put(path), media_type=JSON_PATCH_QUERY)

    def test_large_orders_are_not_searched_without_end(self) -> None:
        large = {"orderItem": [{"id": str(number)} for number in range(10_000)]}
        search = [put("/orderItem/id?orderItem.id=7", "7", "test")]
        assert change_of(JSON_PATCH_QUERY, search)(large) == large
        with pytest.raises(InvalidPatchError, match="too many"):
            change_of(JSON_PATCH_QUERY, search * 100)(large)


NAMES = st.sampled_from(["", "/", "/note", "/note/0", "/x", "/a~1b", "/orderItem/1/resource"])
OPERATIONS = st.one_of(
    st.builds(put, NAMES, st.none() | st.integers() | st.just({"y": []})),
    st.builds(put, NAMES, st.just(1), st.just("add")),
    st.builds(lambda path: {"op": "remove", "path": path}, NAMES),
    st.builds(
        lambda op, start, path: {"op": op, "from": start, "path": path},
        st.sampled_from(["move", "copy"]),
        NAMES,
        NAMES,
    ),
)


@PROPERTY
@given(st.lists(OPERATIONS, max_size=12), st.sampled_from([JSON_PATCH, JSON_PATCH_QUERY]))
def test_any_sequence_of_operations_is_applied_or_refused(
    operations: list[dict[str, Any]], media_type: str
) -> None:
    try:
        patched(*operations, media_type=media_type)
    except (PatchConflictError, InvalidPatchError) as error:
        assert error.path is not None  # noqa: PT017 - either end is right
