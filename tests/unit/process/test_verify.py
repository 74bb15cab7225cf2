from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from make import ADDRESSES, MOMENT, item, line, request, rule
from ordergate.model.common import Action
from ordergate.model.order import ItemReference
from ordergate.process.assess import Assessment, Outcome
from ordergate.process.determine import determine
from ordergate.process.draft import draft
from ordergate.process.link import linked
from ordergate.process.verify import MOST_DEPENDENCIES, verify

if TYPE_CHECKING:
    from ordergate.model.order import ResourceOrder, ResourceOrderItem

ITEM = item()
ASSESSED = Assessment(ITEM, Outcome.STANDARD)


def order() -> ResourceOrder:
    by = rule(line("a"), line("b", "a"))
    drafts = linked({"1": draft(request(ITEM), ASSESSED, by)}, [ITEM])
    (found,) = determine(request(ITEM), drafts, ADDRESSES, MOMENT)
    return found


def findings(*items: ResourceOrderItem) -> list[str]:
    found = list(verify(request(ITEM), [ASSESSED], [replace(order(), item=items)]))
    assert {(owner, reason.code, reason.path) for owner, reason in found} <= {
        ("1", "incompleteDetermination", ITEM.path)
    }
    return [reason.message for _, reason in found]


def test_complete_set_has_no_findings() -> None:
    assert findings(*order().item) == []


def test_item_that_nothing_is_ordered_for_is_a_finding() -> None:
    assert findings() == ["The set is not complete: its rule gives no order item for it."]


@pytest.mark.parametrize(
    "assessment",
    [
        Assessment(item(action=Action.NO_CHANGE), Outcome.STANDARD),
        Assessment(ITEM, Outcome.SPECIAL),
    ],
)
def test_item_that_takes_nothing_needs_no_order_item(assessment: Assessment) -> None:
    assert list(verify(request(assessment.item), [assessment], [])) == []


def test_same_item_twice_is_a_finding() -> None:
    first, second = order().item
    assert "1-a would be ordered twice" in findings(first, second, first)[0]


@pytest.mark.parametrize("quantity", [0, -1])
def test_quantity_below_one_is_a_finding(quantity: int) -> None:
    first, second = order().item
    assert f"ordered {quantity} times" in findings(first, replace(second, quantity=quantity))[0]


def test_dependency_that_leads_nowhere_is_a_finding() -> None:
    assert "1-b waits for what isn't ordered" in findings(order().item[1])[0]


def test_dependency_in_a_circle_is_a_finding() -> None:
    first, second = order().item
    circle = replace(first, depends_on=(ItemReference("1-b"),))
    (only,) = findings(circle, second)
    assert "wait in a circle: 1-" in only


def test_more_dependencies_than_a_document_should_hold_are_a_finding() -> None:
    first, second = order().item
    just = replace(second, depends_on=second.depends_on * MOST_DEPENDENCIES)
    assert findings(first, just) == []
    many = replace(second, depends_on=second.depends_on * (MOST_DEPENDENCIES + 1))
    assert "more dependencies than 10000" in findings(first, many)[0]
