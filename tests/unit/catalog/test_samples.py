from __future__ import annotations

from typing import Any

import pytest

from ordergate.catalog.samples import NoSampleError, make_value


@pytest.mark.parametrize(
    ("schema", "small", "large"),
    [
        ({"const": 5}, 5, 5),
        ({"enum": ["a", "b", "c"]}, "a", "c"),
        ({"type": "boolean"}, False, True),
        ({"type": "null"}, None, None),
        ({"type": ["null", "boolean"]}, False, True),
        ({"type": "integer"}, 0, 3),
        ({"type": "integer", "minimum": 10, "maximum": 20}, 10, 20),
        ({"type": "integer", "exclusiveMinimum": 10, "exclusiveMaximum": 12}, 11, 11),
        ({"type": "integer", "minimum": -5, "maximum": -2}, -5, -2),
        ({"type": "integer", "multipleOf": 5, "minimum": 3, "maximum": 11}, 5, 10),
        ({"type": "number", "minimum": 0, "maximum": 3}, 0, 3.0),
        ({"type": "number", "exclusiveMinimum": 0}, 1, 3.5),
        ({"type": "string"}, "a", "aa"),
        ({"type": "string", "minLength": 3, "maxLength": 3}, "aaa", "aaa"),
        ({"type": "string", "format": "date"}, "2026-01-31", "2026-01-31"),
        ({"type": "array", "items": {"type": "boolean"}}, [], [False, True]),
        ({"type": "array", "minItems": 1, "items": {"const": 1}}, [1], [1, 1]),
        (
            {
                "type": "object",
                "required": ["a"],
                "properties": {"a": {"const": 1}, "b": {"const": 2}},
            },
            {"a": 1},
            {"a": 1, "b": 2},
        ),
        ({"oneOf": [{"const": 1}, {"const": 2}]}, 1, 2),
    ],
)
def test_sample_is_made_of_its_schema(schema: dict[str, Any], small: Any, large: Any) -> None:
    assert make_value(schema, large=False) == small
    made = make_value(schema, large=True)
    assert made == large
    assert type(made) is type(large)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "string", "pattern": "^[a-z]+$"},
        {"type": "string", "format": "iban"},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "array", "minItems": 1},
        {"type": "array", "minItems": 10_000, "items": {"const": 1}},
        {"type": "object", "required": ["a"]},
        {"$ref": "#/$defs/a"},
    ],
)
def test_schema_without_a_sample_says_so(schema: Any) -> None:
    with pytest.raises(NoSampleError):
        make_value(schema, large=False)
