"""C5: what no standard set fits is marked for special handling and handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api.client import GATEWAY
from api.kinds import Wanted, characteristics, line

if TYPE_CHECKING:
    from api.kinds import Bench, Document

UNKNOWN = "svc-nobody-knows"


def special(bench: Bench, record: Document) -> dict[str, Document]:
    """Return the special orders of a request by the item that they are for."""
    return {
        one["orderItem"][0]["requestedItem"]["id"]: one
        for one in bench.orders(record)
        if "specialHandling" in one
    }


def test_special_item_has_an_order_that_carries_what_was_asked(bench: Bench) -> None:
    wanted = Wanted(UNKNOWN, characteristic={"speed": 10}, place={"site": "adr-1"}, quantity=3)
    record = bench.send(wanted)
    order = bench.order(record)
    assert (order["orderType"], order["state"]) == ("feasibility", "acknowledged")
    assert order["specialHandling"]["required"] is True
    (reason,) = order["specialHandling"]["reason"]
    assert (reason["code"], reason["path"]) == ("noRule", bench.kind.item_at(0))
    (item,) = order["orderItem"]
    assert (item["action"], item["quantity"]) == ("add", 3)
    assert characteristics(item["resource"]) == {"speed": 10}
    assert item["resource"]["place"]["id"] == "adr-1"
    assert item["resourceSpecification"]["id"] == UNKNOWN


def test_hand_over_is_open_and_tells_why(bench: Bench) -> None:
    record = bench.send(Wanted(UNKNOWN))
    (handed,) = bench.hand_overs(record)
    assert handed["state"] == "open"
    assert [one["code"] for one in handed["reason"]] == ["noRule"]
    assert handed["resourceOrder"]["id"] == bench.order(record)["id"]
    assert bench.assessed(record)["specialHandling"]["id"] == handed["id"]
    queue = bench.api.get(f"{GATEWAY}/specialHandling?state=open&id={handed['id']}").document
    assert queue == [handed]


def test_hand_over_is_claimed_and_resolved(bench: Bench) -> None:
    record = bench.send(Wanted(UNKNOWN))
    (handed,) = bench.hand_overs(record)
    path = f"{GATEWAY}/specialHandling/{handed['id']}"
    assert bench.api.patch(path, {"state": "claimed", "owner": "ada"})["owner"] == "ada"
    assert bench.api.patch(path, {"state": "resolved"})["state"] == "resolved"
    bench.api.patch(path, {"state": "open"}, expect=409)


def test_special_items_hold_back_only_what_waits_for_them(bench: Bench) -> None:
    specification = bench.rule()
    record = bench.send(
        Wanted(UNKNOWN, "special"),
        Wanted(specification, "free"),
        Wanted(specification, "waits", waits_for=("special",)),
        Wanted(specification, "too", waits_for=("waits",)),
    )
    assert record["assessment"]["outcome"] == "special"
    assert bench.codes(record, "free") == []
    assert bench.codes(record, "waits") == ["waitsForUnissued"]
    assert bench.codes(record, "too") == ["waitsForUnissued"]
    issued = {
        item["requestedItem"]["id"] for one in bench.orders(record) for item in one["orderItem"]
    }
    assert issued == {"special", "free"}


def test_each_special_item_has_an_order_of_its_own(bench: Bench) -> None:
    record = bench.send(Wanted(UNKNOWN, "1"), Wanted(UNKNOWN, "2"))
    assert set(special(bench, record)) == {"1", "2"}
    assert len({one["id"] for one in bench.orders(record)}) == 2
    assert len(bench.hand_overs(record)) == 2


@pytest.mark.parametrize("condition", [True, False])
def test_condition_of_a_rule_makes_it_special(bench: Bench, *, condition: bool) -> None:
    when = [{"code": "odd", "when": "item.quantity > 5", "reason": "That is many."}]
    record = bench.send(Wanted(bench.rule(special=when), quantity=6 if condition else 5))
    assert ("1" in special(bench, record)) is condition
    if condition:
        (reason,) = bench.order(record)["specialHandling"]["reason"]
        assert (reason["code"], reason["message"]) == ("odd", "That is many.")


def test_action_that_no_rule_covers_is_special_too(bench: Bench) -> None:
    service = "service-of-people"
    specification = bench.rule(line("port"))
    bench.deliver(bench.send(Wanted(specification, service=f"{service}-{bench.kind}")))
    record = bench.send(Wanted(UNKNOWN, action="modify", service=f"{service}-{bench.kind}"))
    assert bench.codes(record) == ["noRule"]
    assert special(bench, record)["1"]["orderItem"][0]["action"] == "modify"
