from __future__ import annotations

from typing import Any

import pytest

from ordergate.tmf630.order import in_order
from ordergate.tmf630.query import parse_query

DOCUMENTS: list[dict[str, Any]] = [
    {"id": "a", "name": "x", "size": 2, "on": True},
    {"id": "b", "name": "y", "size": 1, "part": [{"n": 1}, {"n": 9}]},
    {"id": "c", "name": "x", "size": 10, "part": [{"n": 5}]},
    {"id": "d", "size": "10", "on": False},
]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        pytest.param("id", "abcd", id="S1 ascending"),
        pytest.param("-id", "dcba", id="S1 descending"),
        pytest.param("name", "acbd", id="S1 missing last, equal as it was"),
        pytest.param("-name", "bacd", id="S1 missing last when descending too"),
        pytest.param("name,-size", "cabd", id="S1 two keys"),
        pytest.param("size", "bacd", id="S1 numbers as numbers, before texts"),
        pytest.param("part.n", "bcad", id="S1 least of an array"),
        pytest.param("-part.n", "bcad", id="S1 greatest of an array"),
        pytest.param("on", "dabc", id="S1 booleans"),
        pytest.param("part", "abcd", id="S1 what has no order"),
    ],
)
def test_documents_are_sorted(sort: str, expected: str) -> None:
    keys = parse_query(f"sort={sort}", page_limit=1).sort
    assert "".join(one["id"] for one in in_order(DOCUMENTS, keys)) == expected
