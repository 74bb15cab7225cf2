from __future__ import annotations

from typing import Any

import pytest

from ordergate.schemas.characteristics import as_list, as_map


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "boolean"),
        (1, "integer"),
        (1.5, "number"),
        ("x", "string"),
        ([1], "array"),
        ({"a": 1}, "object"),
        (None, "object"),
    ],
)
def test_characteristic_says_which_type_its_value_has(value: Any, kind: str) -> None:
    assert as_list({"c": value}) == [{"name": "c", "valueType": kind, "value": value}]


def test_map_and_list_are_one_another_s_way_back() -> None:
    values = {"speed": 5, "technology": "GPON", "sites": [{"name": "North"}], "empty": []}
    assert as_map(as_list(values)) == values


def test_of_two_with_one_name_the_last_counts() -> None:
    assert as_map([{"name": "a", "value": 1}, {"name": "a", "value": 2}]) == {"a": 2}
