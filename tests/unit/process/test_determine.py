from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from make import ADDRESSES, MOMENT, item, line, request, rule, service_order
from ordergate.model.common import Reference
from ordergate.model.order import ItemReference, OrderType
from ordergate.process.assessment import Assessment, Outcome
from ordergate.process.determine import determine
from ordergate.process.draft import draft
from ordergate.process.link import linked
from ordergate.process.rules import Feasibility

if TYPE_CHECKING:
    from ordergate.model.order import ResourceOrder
    from ordergate.process.request import RequestedItem
    from ordergate.process.rules import Rule


def orders(by: Rule, *items: RequestedItem, **changes: Any) -> tuple[ResourceOrder, ...]:
    asked = request(*(items or (item(),)), **changes)
    drafts = {one.id: draft(asked, Assessment(one, Outcome.STANDARD), by) for one in asked.item}
    return determine(asked, linked(drafts, asked.item), ADDRESSES, MOMENT)


def test_items_are_grouped_by_domain_in_the_order_of_the_rule() -> None:
    found = orders(rule(line("a"), line("b", domain="core"), line("c")), item("1"), item("2"))
    assert [(one.domain, [inner.id for inner in one.item]) for one in found] == [
        ("access", ["1-a", "1-c", "2-a", "2-c"]),
        ("core", ["1-b", "2-b"]),
    ]


def test_dependency_in_another_order_says_which_order() -> None:
    core, access = orders(rule(line("a", domain="core"), line("b", "a"), line("c", "b")))
    there = ItemReference("1-a", core.id, core.href)
    assert [inner.depends_on for inner in access.item] == [(there,), (ItemReference("1-b"),)]


def test_order_carries_what_the_request_says() -> None:
    source = Reference("so-1", ADDRESSES.service_order("so-1"), "ServiceOrder")
    body = service_order()
    (found,) = orders(
        rule(),
        source=source,
        external_id="BSS-1",
        category="residential",
        description="Fibre",
        requested_start_date="2099-01-15T08:00:00Z",
        requested_completion_date="2099-01-20T08:00:00Z",
        related_party=tuple(body["relatedParty"]),
        note=({"text": "Mind the dog"},),
        external_reference=({"id": "x", "name": "x"},),
    )
    assert found.href == ADDRESSES.resource_order(found.id)
    assert (found.order_type, found.order_date) == (OrderType.PROVISION, MOMENT)
    assert found.name == "Provision access for ServiceOrder so-1"
    assert (found.external_id, found.category) == ("so-1", "residential")
    assert found.description == "Fibre"
    assert found.requested_start_date == "2099-01-15T08:00:00Z"
    assert found.requested_completion_date == "2099-01-20T08:00:00Z"
    assert found.related_party == tuple(body["relatedParty"])
    assert found.note == ({"text": "Mind the dog"},)
    assert [one["id"] for one in found.external_reference] == ["so-1", "BSS-1", "x"]
    assert found.external_reference[0]["entityType"] == "ServiceOrder"
    assert found.external_reference[1]["externalReferenceType"] == "ServiceOrder.externalId"
    assert found.initiating_request == Reference(
        "req-1", ADDRESSES.initiating_request("req-1"), "InitiatingRequest"
    )


def test_request_without_a_source_lends_its_own_names() -> None:
    (found,) = orders(rule(), external_id="TT-1")
    assert (found.name, found.external_id) == ("Provision access for req-1", "TT-1")
    assert found.external_reference == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("4", 4),
        ("9", 4),
        ("-1", 0),
        ("High", 1),
        ("critical", 0),
        ("medium", 2),
        ("low", 3),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_priority_is_read_as_number_or_name(text: str | None, expected: int | None) -> None:
    assert orders(rule(), priority=text)[0].priority == expected


def test_item_asks_for_a_resource_with_an_id_of_its_own() -> None:
    lines = line("port", point_of_no_return="inProgress"), line("visit", appointment=True)
    asked = item(appointment={"id": "ap-1"})
    (found,) = orders(rule(*lines), asked)
    port, visit = found.item
    assert port.resource.name == "port"
    assert port.resource.href == ADDRESSES.resource(port.resource.id)
    assert port.resource.specification == port.resource_specification
    assert port.resource.id != visit.resource.id
    assert (port.point_of_no_return, port.appointment) == ("inProgress", None)
    assert (visit.point_of_no_return, visit.appointment) == (None, {"id": "ap-1"})


def test_ids_follow_from_the_request_alone() -> None:
    first, again, other = orders(rule()), orders(rule()), orders(rule(), id="req-2")
    assert first == again
    assert first[0].id != other[0].id
    assert first[0].item[0].resource.id != other[0].item[0].resource.id
    assert first[0].id == "37abdf2f-adc8-5307-8a24-34b1f49cbc9d"


def test_survey_and_provisioning_of_one_domain_are_orders_apart() -> None:
    asked = request(item("1"), item("2"))
    survey = rule(feasibility=Feasibility.ALWAYS)
    drafts = {
        one.id: draft(asked, Assessment(one, Outcome.STANDARD), by)
        for one, by in zip(asked.item, (rule(), survey), strict=True)
    }
    found = determine(asked, linked(drafts, asked.item), ADDRESSES, MOMENT)
    assert [one.order_type for one in found] == [OrderType.PROVISION, OrderType.FEASIBILITY]
    assert len({one.id for one in found}) == 2


def test_nothing_drafted_is_no_order() -> None:
    assert determine(request(item()), (), ADDRESSES, MOMENT) == ()


def test_orders_are_split_only_where_requested_start_dates_differ() -> None:
    early, late = "2099-01-01T00:00:00Z", "2099-02-01T00:00:00Z"
    plain = {one.domain: one.id for one in orders(rule(line("a"), line("b", domain="core")))}
    same = orders(
        rule(line("a")),
        item("1", requested_start_date=early),
        item("2"),
        requested_start_date="2099-01-01T01:00:00+01:00",
    )
    assert [(one.id, len(one.item)) for one in same] == [(plain["access"], 2)]
    split = orders(rule(line("a")), item("1"), item("2", requested_start_date=late))
    assert [one.requested_start_date for one in split] == [None, late]
    assert len({plain["access"], *(one.id for one in split)}) == 3


def test_item_says_what_it_was_issued_for() -> None:
    (found,) = orders(rule(line("a")), item("1", service_id="s"))
    (only,) = found.item
    assert (only.requested_item_id, only.line, only.service_id) == ("1", "a", "s")


def test_resource_carries_what_its_service_asks_of_it() -> None:
    asked = item(operating={"administrativeState": "locked", "resourceStatus": "reserved"})
    (found,) = orders(rule(line("a")), asked)
    assert found.item[0].resource.operating == asked.operating
