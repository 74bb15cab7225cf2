from __future__ import annotations

import pytest

from ordergate.errors import InvalidQueryError
from ordergate.tmf630.attributes import Attributes
from ordergate.tmf630.query import parse_query

SCHEMAS = {
    "Order": {
        "properties": {
            "name": {"type": "string"},
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
        pytest.param("priority=abc&priority.ne=abc", id="Q6 equal to no number"),
        pytest.param("name.gt=abc&state.lt=b", id="Q6 texts have an order"),
        pytest.param("item.unknown.deeper.gt=a&name.inner.gt=a", id="Q10 unknown inside"),
        pytest.param("item.gt=a", id="Q6 an array of objects is no number"),
    ],
)
def test_what_the_contract_leaves_open_is_taken(raw: str) -> None:
    ORDER.check(parse_query(raw, page_limit=1))


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        pytest.param("sort=unknown", "sort", id="S2 unknown"),
        pytest.param("sort=name,-unknown.name", "sort", id="S2 unknown, dotted"),
        pytest.param("priority.gt=abc", "priority", id="Q10 no number"),
        pytest.param("priority%3C%3D1,x", "priority", id="Q10 one of two"),
        pytest.param("item.quantity.lt=2024-05", "item.quantity", id="Q10 through an array"),
        pytest.param("item.item.quantity.gt=", "item.item.quantity", id="Q10 in a circle"),
    ],
)
def test_what_can_not_be_meant_is_refused_by_name(raw: str, path: str) -> None:
    with pytest.raises(InvalidQueryError) as refusal:
        ORDER.check(parse_query(raw, page_limit=1))
    assert refusal.value.path == path
