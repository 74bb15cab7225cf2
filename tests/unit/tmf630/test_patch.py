from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordergate.tmf630.patch import merge_patch

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True, database=None)


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
    ids=repr,
)
def test_examples_of_rfc_7396_appendix_a(target: Any, patch: Any, expected: Any) -> None:
    assert merge_patch(target, patch) == expected


def test_nulls_within_an_array_stay() -> None:
    assert merge_patch({}, {"a": [None, {"b": None}]}) == {"a": [None, {"b": None}]}


def test_what_the_patch_does_not_name_stays() -> None:
    order = {"id": "o1", "x-operator": {"a": 1}, "note": [{"text": "old"}]}
    patched = merge_patch(order, {"note": [{"text": "new"}]})
    assert patched == {"id": "o1", "x-operator": {"a": 1}, "note": [{"text": "new"}]}


VALUES = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=10,
)


@PROPERTY
@given(VALUES, VALUES)
def test_applying_a_patch_again_changes_nothing(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@PROPERTY
@given(VALUES, VALUES)
def test_the_result_shares_nothing_with_what_went_in(target: Any, patch: Any) -> None:
    before = deepcopy((target, patch))
    scribble(merge_patch(target, patch))
    assert (target, patch) == before


def scribble(node: Any) -> None:
    """Change every object and array of a document."""
    if isinstance(node, dict):
        for inner in node.values():
            scribble(inner)
        node["scribbled"] = True
    elif isinstance(node, list):
        for inner in node:
            scribble(inner)
        node.append("scribbled")
