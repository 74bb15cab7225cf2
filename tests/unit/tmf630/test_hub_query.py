from __future__ import annotations

from typing import Any

import pytest

from ordergate.errors import InvalidQueryError, UnsupportedQueryError
from ordergate.schemas.patterns import compile_pattern
from ordergate.tmf630.hub_query import HubQuery, check_event_types, parse_hub_query

ORDER: dict[str, Any] = {
    "id": "o1",
    "href": "http://gateway/resourceOrder/o1",
    "state": "completed",
    "priority": 3,
    "orderItem": [{"id": "1", "state": "completed"}, {"id": "2", "state": "failed"}],
}
EVENT: dict[str, Any] = {
    "eventId": "e1",
    "eventType": "ResourceOrderStateChangeEvent",
    "eventTime": "2024-05-01T10:00:00Z",
    "priority": "high",
    "event": {"resourceOrder": ORDER},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(None, True, id="H5 no query"),
        pytest.param("", True, id="H5 empty"),
        pytest.param("?", True, id="H5 question mark alone"),
        pytest.param("eventType=ResourceOrderStateChangeEvent", True, id="H6 type"),
        pytest.param("eventType=ResourceOrderCreateEvent", False, id="H6 other type"),
        pytest.param("?eventType=ResourceOrderStateChangeEvent", True, id="H6 question mark"),
        pytest.param("eventType=A,ResourceOrderStateChangeEvent", True, id="H6 comma"),
        pytest.param("eventType=A&eventType=ResourceOrderStateChangeEvent", True, id="H6 repeat"),
        pytest.param("eventType=A;eventType=ResourceOrderStateChangeEvent", True, id="H6 ;"),
        pytest.param("event.resourceOrder.state=completed", True, id="H6 whole path"),
        pytest.param("resourceOrder.state=completed", True, id="H6 without event"),
        pytest.param("state=completed", True, id="H6 without entity"),
        pytest.param("state=held", False, id="H6 other state"),
        pytest.param("state.ne=completed", False, id="H6 ne looks where the attribute is"),
        pytest.param("state.ne=held", True, id="H6 ne"),
        pytest.param("nothing=1", False, id="H6 unknown attribute"),
        pytest.param("nothing.ne=1", True, id="H6 unknown attribute, ne"),
        pytest.param("orderItem.state=failed", True, id="H6 any element"),
        pytest.param("priority=high", True, id="H6 the event's own attribute comes first"),
        pytest.param("priority=3", False, id="H6 the entity's is then not looked at"),
        pytest.param("event.resourceOrder.priority=3", True, id="H6 but has its whole path"),
        pytest.param(
            "eventType=ResourceOrderStateChangeEvent&state=completed", True, id="H6 and both"
        ),
        pytest.param("eventType=A&state=completed", False, id="H6 and one of two"),
        pytest.param("eventTime.gte=2024-05-01", True, id="H6 date"),
        pytest.param("fields=state", True, id="H6 fields alone select all"),
    ],
)
def test_query_selects_events(text: str | None, expected: object) -> None:
    assert parse_hub_query(text).selects(EVENT) is expected


@pytest.mark.parametrize("spelled", ["acknowledged", "accepted"])
@pytest.mark.parametrize("path", ["state", "cancelServiceOrder.state"])
def test_first_state_of_a_task_is_selected_in_both_spellings(path: str, spelled: str) -> None:
    task = {"id": "t1", "state": "accepted", "serviceOrder": {"id": "o1"}}
    event = {"eventType": "CancelServiceOrderCreateEvent", "event": {"cancelServiceOrder": task}}
    assert parse_hub_query(f"{path}={spelled}").selects(event)
    assert not parse_hub_query(f"{path}.ne={spelled}").selects(event)
    order = {"eventType": "A", "event": {"resourceOrder": {"state": "acknowledged"}}}
    assert not parse_hub_query("state=accepted").selects(order)


@pytest.mark.parametrize("event", [{"eventType": "A"}, {"eventType": "A", "event": {"text": "b"}}])
def test_events_without_an_entity_are_looked_at_too(event: dict[str, Any]) -> None:
    assert parse_hub_query("eventType=A").selects(event)
    assert not parse_hub_query("state=completed").selects(event)
    assert parse_hub_query("fields=state").shape(event) == event


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("fields=state", {"id", "href", "state"}, id="H6 short"),
        pytest.param("fields=resourceOrder.state", {"id", "href", "state"}, id="H6 entity"),
        pytest.param("fields=event.resourceOrder.state", {"id", "href", "state"}, id="H6 whole"),
        pytest.param("fields=none", {"id", "href"}, id="H6 none"),
        pytest.param("fields=eventType", {"id", "href"}, id="H6 of the event itself"),
        pytest.param("fields=event", set(ORDER), id="H6 event"),
        pytest.param("fields=event.resourceOrder", set(ORDER), id="H6 all of the entity"),
        pytest.param("", set(ORDER), id="H6 no fields"),
    ],
)
def test_fields_cut_the_entity_and_nothing_else(text: str, kept: set[str]) -> None:
    cut = {name: value for name, value in ORDER.items() if name in kept}
    assert parse_hub_query(text).shape(EVENT) == EVENT | {"event": {"resourceOrder": cut}}


def test_shaping_leaves_the_event_as_it_was() -> None:
    before = repr(EVENT)
    parse_hub_query("fields=none").shape(EVENT)
    assert repr(EVENT) == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eventType.regex=StateChange", True),
        ("eventType*=^StateChange", False),
        ("description%3D~(?i)X|%5Ey", False),
        ("event.resourceOrder.orderItem.state.regex=^fail", True),
        ("priority.regex=3", False),
    ],
)
def test_regular_expressions_select_events(text: str, expected: object) -> None:
    assert parse_hub_query(text, compile_pattern).selects(EVENT) is expected


def test_equal_queries_are_equal() -> None:
    assert parse_hub_query("?state=a,b") == parse_hub_query("state=a&state=b") != HubQuery()


@pytest.mark.parametrize("text", ["rubbish", "sort=a", "limit=1", "offset=1", "a*=(", "$where=1"])
def test_what_is_no_hub_query_is_refused(text: str) -> None:
    with pytest.raises(InvalidQueryError):
        parse_hub_query(text, compile_pattern)


def test_a_jsonpath_filter_is_not_offered() -> None:
    with pytest.raises(UnsupportedQueryError):
        parse_hub_query("filter=$.a")


@pytest.mark.parametrize(
    "text", [None, "state=A", "eventType=A", "eventType=A,B", "eventType.ne=B", "eventType*=^X"]
)
def test_query_for_known_events_passes(text: str | None) -> None:
    check_event_types(parse_hub_query(text, compile_pattern), {"A", "B"})


@pytest.mark.parametrize("text", ["eventType=C", "eventType=A,C", "eventType!=C", "eventType="])
def test_query_for_events_that_there_are_not_is_refused(text: str) -> None:
    with pytest.raises(
        InvalidQueryError, match=r"is no event of this API; there are A, B$"
    ) as found:
        check_event_types(parse_hub_query(text), {"A", "B"})
    assert found.value.path == "eventType"
