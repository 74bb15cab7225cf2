from __future__ import annotations

import pytest

from ordergate.errors import InvalidQueryError
from ordergate.schemas.patterns import compile_pattern
from ordergate.tmf630.attributes import Attributes
from ordergate.tmf630.query import parse_query

SCHEMAS = {
    "Order": {
        "properties": {
            "name": {"type": "string"},
            "begun": {"type": "string", "format": "date-time"},
            "priority": {"type": "integer"},
            "state": {"$ref": "#/components/schemas/State"},
            "item": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
        }
    },
    "Item": {
        "properties": {
            "quantity": {"type": "number"},
            "item": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
        }
    },
    "State": {"type": "string"},
    "Task": {
        "properties": {
            "state": {"$ref": "#/components/schemas/TaskStateType"},
            "name": {"type": "string"},
        }
    },
    "TaskStateType": {"type": "string"},
}
ORDER = Attributes(SCHEMAS, "Order", frozenset({"domain"}))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("sort=name,-item.quantity,state", id="S1 known attributes"),
        pytest.param("sort=domain", id="S1 extension attribute of our own"),
        pytest.param("sort=item.unknown", id="S2 first level alone is looked at"),
        pytest.param("unknown=1&unknown.gt=a", id="Q10 unknown attribute"),
        pytest.param("priority.gt=1&item.quantity.lte=1.5", id="Q6 numbers"),
        pytest.param("priority.gt=1e400", id="Q6 a number beyond all"),
        pytest.param("priority=1,2.0&priority.ne=-3", id="Q6 equal to numbers"),
        pytest.param("priority.regex=abc&begun.regex=abc", id="Q3 a pattern may be anything"),
        pytest.param('begun=2024-05,2024-05-01&begun.lt="2024-05-01T10:00:00Z"', id="Q7 dates"),
        pytest.param("name.gt=abc&state.lt=b", id="Q6 texts have an order"),
        pytest.param("item.unknown.deeper.gt=a&name.inner.gt=a", id="Q10 unknown inside"),
        pytest.param("item.gt=a", id="Q6 an array of objects is no number"),
    ],
)
def test_what_the_contract_leaves_open_is_taken(raw: str) -> None:
    ORDER.check(parse_query(raw, page_limit=1, compile_pattern=compile_pattern))


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        pytest.param("sort=unknown", "sort", id="S2 unknown"),
        pytest.param("sort=name,-unknown.name", "sort", id="S2 unknown, dotted"),
        pytest.param("priority.gt=abc", "priority", id="Q10 no number"),
        pytest.param("priority%3C%3D1,x", "priority", id="Q10 one of two"),
        pytest.param("priority=abc", "priority", id="Q10 no number, equal"),
        pytest.param("priority.ne=1,abc", "priority", id="Q10 no number, not equal"),
        pytest.param("begun=rubbish", "begun", id="Q10 no date, equal"),
        pytest.param("begun.ne=2024", "begun", id="Q10 no date, not equal"),
        pytest.param("begun.gt=2024-13", "begun", id="Q10 no date, after"),
        pytest.param("begun=", "begun", id="Q10 nothing is no date"),
        pytest.param("item.quantity.lt=2024-05", "item.quantity", id="Q10 through an array"),
        pytest.param("item.item.quantity.gt=", "item.item.quantity", id="Q10 in a circle"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_name(raw: str, path: str) -> None:
    with pytest.raises(InvalidQueryError) as refusal:
        ORDER.check(parse_query(raw, page_limit=1, compile_pattern=compile_pattern))
    assert refusal.value.path == path


def test_states_of_tasks_alone_are_spelled_out() -> None:
    query = parse_query("state=accepted&name=accepted", page_limit=1)
    task = Attributes(SCHEMAS, "Task").spelled_out(query)
    assert {one.path: one.values for one in task.conditions} == {
        "state": ("accepted", "acknowledged"),
        "name": ("accepted",),
    }
    assert ORDER.spelled_out(query) == query
