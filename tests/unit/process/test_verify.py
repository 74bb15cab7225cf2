from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from make import ADDRESSES, MOMENT, item, line, request, rule
from ordergate.model.common import Action, Reference, Specification
from ordergate.model.order import ItemReference
from ordergate.process.assessment import Assessment, Outcome
from ordergate.process.determine import determine
from ordergate.process.draft import draft
from ordergate.process.link import linked
from ordergate.process.verify import MOST_DEPENDENCIES, entangled, verify

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
    by = rule(line("a"), line("b", "a"))
    first, second = draft(request(ITEM), ASSESSED, by)
    just = replace(second, depends_on=second.depends_on * MOST_DEPENDENCIES)
    assert list(entangled(request(ITEM), [ASSESSED], [first, just])) == []
    many = replace(second, depends_on=second.depends_on * (MOST_DEPENDENCIES + 1))
    ((owner, reason),) = entangled(request(ITEM), [ASSESSED], [first, many])
    assert (owner, reason.code) == ("1", "incompleteDetermination")
    assert "more dependencies than 10000" in reason.message


def test_what_waits_for_an_item_with_too_many_dependencies_is_not_at_fault_itself() -> None:
    items = ITEM, item("2"), item("3", relies_on=("2", "1"))
    each = [Assessment(one, Outcome.STANDARD) for one in items]
    by = rule(line("a"), line("b", "a"))
    drafts = [one for assessed in each for one in draft(request(*items), assessed, by)]
    many = [replace(one, depends_on=one.depends_on * (MOST_DEPENDENCIES + 1)) for one in drafts]
    assert [owner for owner, _ in entangled(request(*items), each, many)] == ["1", "2"]


def test_item_without_a_specification_is_a_finding() -> None:
    first, second = order().item
    assert (
        "1-b has no specification"
        in findings(first, replace(second, resource_specification=None))[0]
    )
    empty = replace(second, resource_specification=Specification(""))
    assert "1-b has no specification" in findings(first, empty)[0]


def test_resource_that_is_there_needs_no_specification() -> None:
    first, second = order().item
    there = replace(second, action=Action.MODIFY, resource_specification=None)
    assert findings(first, there) == []


def test_item_without_a_resource_is_a_finding() -> None:
    first, second = order().item
    nameless = replace(second, resource=replace(second.resource, id=""))
    assert "1-b names no resource" in findings(first, nameless)[0]


def test_resource_that_two_items_order_is_a_finding() -> None:
    first, second = order().item
    again = replace(second, resource=first.resource)
    assert f"the resource {first.resource.id} would be ordered twice" in findings(first, again)[0]


def test_order_that_does_not_refer_to_the_request_is_a_finding() -> None:
    astray = replace(order(), initiating_request=Reference("req-2", None, "InitiatingRequest"))
    found = [why.message for _, why in verify(request(ITEM), [ASSESSED], [astray])]
    assert len(found) == 1
    assert "doesn't refer to the request" in found[0]


def two(*changed: ResourceOrderItem) -> list[tuple[str, str]]:
    """Return the findings on two items, the second waiting for the first, changed as given."""
    asked = request(item("1"), item("2", relies_on=("1",)))
    assessed = [Assessment(one, Outcome.STANDARD) for one in asked.item]
    by = rule(line("a"), line("b", "a"))
    drafts = {one.item.id: draft(asked, one, by) for one in assessed}
    (found,) = determine(asked, linked(drafts, asked.item), ADDRESSES, MOMENT)
    new = {one.id: one for one in changed}
    items = tuple(new.get(one.id, one) for one in found.item)
    findings = verify(asked, assessed, [replace(found, item=items)])
    return [(owner, why.message) for owner, why in findings]


def item_of_two(item_id: str) -> ResourceOrderItem:
    one = order().item[0]
    return replace(
        one, id=item_id, requested_item_id=item_id[0], resource=replace(one.resource, id=item_id)
    )


def test_relationship_that_got_lost_is_a_finding() -> None:
    assert two() == []
    ((owner, said),) = two(item_of_two("2-a"))
    assert owner == "2"
    assert "2-a doesn't wait for all that it was asked to wait for" in said


def test_circle_through_several_requested_items_is_a_finding_for_each() -> None:
    back = replace(item_of_two("1-a"), depends_on=(ItemReference("2-b"),))
    found = two(back)
    circles = {owner for owner, said in found if "wait in a circle" in said}
    assert circles == {"1", "2"}
