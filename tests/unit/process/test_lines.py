from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes import Computed
from make import item, line, request, rule
from ordergate.process.assessment import Assessment, Outcome
from ordergate.process.draft import draft
from ordergate.process.lines import identities, line_of
from ordergate.process.rules import ForEach, Literal

if TYPE_CHECKING:
    from ordergate.process.rules import OrderItemTemplate


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["N", "S"], ["N", "S"]),
        ([10, 2.5], ["10", "2.5"]),
        (["N", "N"], ["0", "1"]),
        (["1", 1], ["0", "1"]),
        ([{"id": "a", "name": "x"}, {"id": "b", "name": "x"}], ["a", "b"]),
        ([{"id": "a", "name": "x"}, {"name": "y"}], ["x", "y"]),
        ([{"id": "a"}, {"name": "y"}], ["0", "1"]),
        ([{"name": "x"}, {"name": "x"}], ["0", "1"]),
        ([{"name": ["x"]}, {"name": None}], ["0", "1"]),
        ([["x"], None], ["0", "1"]),
        ([], []),
    ],
)
def test_element_goes_by_what_it_is_where_that_tells_it_from_the_others(
    found: list[Any], expected: list[str]
) -> None:
    assert identities(found) == expected


@pytest.mark.parametrize(
    ("key", "element", "unit", "expected"),
    [
        ("port", None, 1, "port"),
        ("port", None, 2, "port/2"),
        ("tail", "N", 1, "tail/N"),
        ("tail", "N", 3, "tail/N/3"),
        ("tail", "N/3", 1, "tail/N~13"),
        ("tail", "N~1", 1, "tail/N~01"),
    ],
)
def test_line_names_key_element_and_unit_without_mistaking_one_for_another(
    key: str, element: str | None, unit: int, expected: str
) -> None:
    assert line_of(key, element, unit) == expected


def lines_of(template: OrderItemTemplate, **changes: Any) -> list[str | None]:
    asked = item(**changes)
    drafts = draft(request(asked), Assessment(asked, Outcome.STANDARD), rule(template))
    return [one.line for one in drafts]


def test_first_unit_keeps_its_line_however_many_there_are() -> None:
    assert lines_of(line("port")) == ["port"]
    assert lines_of(line("port", quantity=Literal(2)), quantity=2) == [
        "port",
        "port/2",
        "port/3",
        "port/4",
    ]
    assert lines_of(line("cable", quantity=Literal(7), bulk=True)) == ["cable"]


def test_lines_of_the_others_stay_when_an_element_is_taken_out() -> None:
    sites = Computed("sites", lambda scope: scope["characteristic"]["sites"])
    tail = line("tail", for_each=ForEach(sites, "site"), quantity=Literal(2))
    both = lines_of(tail, characteristic={"sites": ["N", "S"]})
    assert both == ["tail/N", "tail/N/2", "tail/S", "tail/S/2"]
    assert lines_of(tail, characteristic={"sites": ["S"]}) == both[2:]
