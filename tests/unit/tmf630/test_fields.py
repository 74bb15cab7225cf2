from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordergate.tmf630.fields import select
from ordergate.tmf630.query import parse_query

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True, database=None)

ORDER: dict[str, Any] = {
    "id": "o1",
    "href": "http://gateway/resourceOrder/o1",
    "@type": "ResourceOrder",
    "state": "held",
    "place": {"id": "p1", "city": "Bonn"},
    "orderItem": [
        {"id": "1", "state": "held", "resource": {"id": "r1", "name": "port"}},
        {"id": "2", "resource": {"id": "r2"}},
    ],
    "tag": ["a", {"state": "b"}, [{"state": "c", "more": "d"}]],
}
ALWAYS = {"id": ORDER["id"], "href": ORDER["href"]}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("", ORDER, id="F1"),
        pytest.param("fields=state", ALWAYS | {"state": "held"}, id="F2"),
        pytest.param("fields=id,href", ALWAYS, id="F2 named themselves"),
        pytest.param(
            "fields=@type,place",
            ALWAYS | {"@type": "ResourceOrder", "place": ORDER["place"]},
            id="F3",
        ),
        pytest.param("fields=place.city", ALWAYS | {"place": {"city": "Bonn"}}, id="F3 inner"),
        pytest.param(
            "fields=orderItem.state", ALWAYS | {"orderItem": [{"state": "held"}, {}]}, id="F3 array"
        ),
        pytest.param(
            "fields=orderItem.id,orderItem.resource.name",
            ALWAYS
            | {
                "orderItem": [
                    {"id": "1", "resource": {"name": "port"}},
                    {"id": "2", "resource": {}},
                ]
            },
            id="F3 two inner",
        ),
        pytest.param(
            "fields=tag.state",
            ALWAYS | {"tag": [{"state": "b"}, [{"state": "c"}]]},
            id="F3 mixed array",
        ),
        pytest.param(
            "fields=place.city,place", ALWAYS | {"place": ORDER["place"]}, id="F3 whole wins"
        ),
        pytest.param("fields=none", ALWAYS, id="F4"),
        pytest.param("fields=nothing,state.inner", ALWAYS, id="F5"),
        pytest.param(
            "fields=state&fields=tag.x", ALWAYS | {"state": "held", "tag": [{}, [{}]]}, id="F6"
        ),
    ],
)
def test_fields_select_attributes(raw: str, expected: dict[str, Any]) -> None:
    assert select(ORDER, parse_query(raw, page_limit=1).fields) == expected


def test_the_whole_wins_in_any_order() -> None:
    assert select(ORDER, ("place", "place.city")) == select(ORDER, ("place.city", "place"))


def test_an_entity_without_href_gets_none() -> None:
    assert select({"id": "1", "a": 1}, ()) == {"id": "1"}


NAMES = st.sampled_from(["id", "href", "a", "b"])
VALUES = st.recursive(
    st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES)
FIELDS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map(".".join), max_size=4).map(tuple)


@PROPERTY
@given(DOCUMENTS, FIELDS)
def test_only_what_was_asked_for_comes_out(
    document: dict[str, Any], fields: tuple[str, ...]
) -> None:
    selected = select(document, fields)
    assert set(selected) <= {field.split(".")[0] for field in fields} | {"id", "href"}
    assert {"id", "href"} & set(document) <= set(selected)
    for name in {"id", "href", *fields} & set(document):
        assert selected[name] == document[name]


@PROPERTY
@given(DOCUMENTS, FIELDS)
def test_selecting_twice_changes_nothing(document: dict[str, Any], fields: tuple[str, ...]) -> None:
    selected = select(document, fields)
    assert select(selected, fields) == selected
