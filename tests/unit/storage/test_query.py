"""The shapes alone; the contract suite of the order book proves on MongoDB what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from ordergate.storage.query import compile_filter, compile_missing_last, compile_sort
from ordergate.tmf630.query import Condition, Operator, parse_query


def compiled(raw: str) -> list[dict[str, Any]]:
    conditions = parse_query(raw, page_limit=10).conditions
    clauses: list[dict[str, Any]] = compile_filter(conditions, "document")["$and"]
    return clauses


def only(raw: str) -> Any:
    """Return the one comparison that a filter on `a` or `aDate` comes to."""
    ((comparison,),) = (clause.values() for clause in compiled(raw))
    return comparison


def test_no_conditions_are_no_filter() -> None:
    assert compile_filter((), "document") == {}


def test_text_may_mean_a_number_or_a_boolean_too() -> None:
    field = "document.a"
    assert only("a=x") == [{field: {"$eq": "x"}}]
    assert only("a=7") == [{field: {"$eq": 7}}, {field: {"$eq": "7"}}]
    assert only("a=true") == [{field: {"$eq": True}}, {field: {"$eq": "true"}}]
    assert only("a.gt=true") == [{field: {"$gt": "true"}}]


def test_values_of_one_attribute_are_alternatives_and_attributes_are_not() -> None:
    assert compiled("a=x,y&b.c=z") == [
        {"$or": [{"document.a": {"$eq": "x"}}, {"document.a": {"$eq": "y"}}]},
        {"$or": [{"document.b.c": {"$eq": "z"}}]},
    ]


def test_not_equal_means_equal_to_none_of_the_values() -> None:
    assert compiled("a.ne=x,y") == [
        {"$nor": [{"document.a": {"$eq": "x"}}, {"document.a": {"$eq": "y"}}]}
    ]


@pytest.mark.parametrize(
    ("raw", "comparison"),
    [
        ("aDate=2024-05", {"$regex": "^2024-05-"}),
        ("aDate=2024-05-01", {"$regex": "^2024-05-01T"}),
        ("aDate=9999-12-31", {"$regex": "^9999-12-31T"}),
        ("aDate=2024-05-01T10:00:00Z", {"$eq": "2024-05-01T10:00:00.000Z"}),
        ("aDate=2024-05-01T10:00:00%2B02:00", {"$eq": "2024-05-01T08:00:00.000Z"}),
        ("aDate.gt=2024-05", {"$gte": "2024-06-01T00:00:00.000Z"}),
        ("aDate.gte=2024-05", {"$gte": "2024-05-01T00:00:00.000Z"}),
        ("aDate.lt=2024-05-01", {"$lt": "2024-05-01T00:00:00.000Z"}),
        ("aDate.lte=2024-05-01", {"$lt": "2024-05-02T00:00:00.000Z"}),
    ],
)
def test_date_has_one_limit_or_one_beginning(raw: str, comparison: dict[str, str]) -> None:
    assert only(raw)[0] == {"document.aDate": comparison}


@pytest.mark.parametrize("value", ["$where", '{"$gt": ""}', "^.*$", "$$NOW"])
def test_value_is_always_a_constant(value: str) -> None:
    raw = f'a="{value}"' if '"' not in value else f"a={value}"
    for comparison in only(raw):
        ((operator, constant),) = comparison["document.a"].items()
        assert (operator, type(constant)) == ("$eq", str)


@pytest.mark.parametrize(
    ("expression", "pcre"),
    [
        ("^a", "^a"),
        ("a$", r"a\z"),
        ("^(a$|b$)", r"^(a\z|b\z)"),
        (r"a\$", r"a\$"),
        (r"\\$", r"\\\z"),
        ("[$]$", r"[$]\z"),
        ("[^]$]$", r"[^]$]\z"),
        ("[[:alpha:]$]$", r"[[:alpha:]$]\z"),
        (r"[\]$]", r"[\]$]"),
        (r"\Q$\E$", r"\Q$\E\z"),
        ("(?m)a$", "(?m)a$"),
        ("(?i)a$", r"(?i)a\z"),
    ],
)
def test_end_of_a_regular_expression_is_the_very_end(expression: str, pcre: str) -> None:
    condition = Condition("a", Operator.REGEX, (expression,))
    clauses = compile_filter([condition], "document")["$and"]
    assert clauses == [{"$or": [{"document.a": {"$regex": pcre}}]}]


def test_missing_values_are_computed_to_sort_last() -> None:
    keys = parse_query("sort=-a,b", page_limit=10).sort
    computed, sort = compile_missing_last(keys, "document")
    assert computed["$addFields"]["key0"] == {"$max": "$document.a"}
    assert computed["$addFields"]["missing1"] == {"$lte": [{"$min": "$document.b"}, None]}
    assert list(sort["$sort"].items()) == [
        ("missing0", 1),
        ("key0", -1),
        ("missing1", 1),
        ("key1", 1),
        ("_id", 1),
    ]


def test_sort_ends_with_the_id_so_pages_never_overlap() -> None:
    keys = parse_query("sort=-a,b.c", page_limit=10).sort
    assert compile_sort(keys, "document", "orderDate") == [
        ("document.a", -1),
        ("document.b.c", 1),
        ("_id", 1),
    ]
    descending = parse_query("sort=-a", page_limit=10).sort
    assert compile_sort(descending, "document", "x") == [("document.a", -1), ("_id", -1)]
    assert compile_sort((), "document", "orderDate") == [("document.orderDate", 1), ("_id", 1)]
