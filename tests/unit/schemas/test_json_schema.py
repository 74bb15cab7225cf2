from __future__ import annotations

from typing import Any

import pytest

from ordergate.errors import InvalidDocumentError
from ordergate.schemas.json_schema import Finding, compile_schema, path_of

ORDER = {
    "type": "object",
    "required": ["orderItem"],
    "properties": {
        "orderItem": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "action": {"enum": ["add", "delete"]},
                    "date": {"type": "string", "format": "date-time"},
                },
            },
        }
    },
}


def test_right_value_has_no_findings() -> None:
    schema = compile_schema(ORDER)
    order = {"orderItem": [{"action": "add", "date": "2026-01-01T00:00:00Z"}]}
    assert schema.is_valid(order)
    assert schema.findings(order) == []
    assert list(schema.problems(order)) == []


def test_every_finding_says_where_it_is() -> None:
    order = {"orderItem": [{}, {"action": "ad", "date": "today"}]}
    assert compile_schema(ORDER).findings(order) == [
        Finding("orderItem[1].action", '"ad" is not one of "add" or "delete"'),
        Finding("orderItem[1].date", '"today" is not a "date-time"'),
    ]


def test_problem_of_a_simple_value_is_a_sentence_without_a_path() -> None:
    schema = compile_schema({"type": "integer", "minimum": 10})
    assert schema.problems(5) == ["5 is less than the minimum of 10"]
    assert compile_schema(ORDER).problems({}) == ['"orderItem" is a required property']


def test_long_value_is_not_repeated() -> None:
    message = compile_schema({"enum": ["add"]}).problems("x" * 10_000)[0]
    assert len(message) < 250
    assert message.endswith('is not one of "add"')


@pytest.mark.parametrize("value", ["\ud800", {1: 2}, object()])
def test_what_is_no_json_is_wrong_rather_than_an_error(value: Any) -> None:
    schema = compile_schema({})
    assert not schema.is_valid(value)
    assert len(schema.findings(value)) == 1


def test_draft_4_reads_exclusive_minimum_as_openapi_does() -> None:
    schema = compile_schema({"minimum": 1, "exclusiveMinimum": True}, draft4=True)
    assert not schema.is_valid(1)
    assert schema.is_valid(2)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "strin"}, "type"),
        ({"pattern": "("}, "pattern"),
        ({"properties": {"a": {"minimum": "1"}}}, "properties.a.minimum"),
        ({"$ref": "#/nowhere"}, None),
        ({"$ref": "http://127.0.0.1:9/schema"}, None),
        ({1: 2}, None),
    ],
)
def test_broken_schema_is_refused_with_the_place(schema: dict[str, Any], path: str | None) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        compile_schema(schema)
    assert refused.value.path == path


def test_path_has_dots_and_indexes() -> None:
    assert path_of(["orderItem", 0, "resource", "@type"]) == "orderItem[0].resource.@type"
    assert path_of([0, "a"]) == "[0].a"
    assert path_of([]) == ""
