"""Standards 3.2, row by row; `a>b` is an item `b` that waits for `a`."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest

from ordergate.model.states import OrderState
from ordergate.process.derive import derive

SHORT = {
    "ack": "acknowledged",
    "run": "inProgress",
    "done": "completed",
}


def order(state: str, *items: str) -> dict[str, Any]:
    """Return an order with items such as `ack`, `failed`, `-done` (noChange), `1>ack`."""
    return {"id": "ro-1", "state": state, "orderItem": [*map(_item, range(1, 9), items)]}


def _item(number: int, text: str) -> dict[str, Any]:
    target, _, state = text.rpartition(">")
    idle = state.startswith("-")
    state = state.removeprefix("-")
    item: dict[str, Any] = {
        "id": str(number),
        "action": "noChange" if idle else "add",
        "state": SHORT.get(state, state),
    }
    if target:
        link = {"relationshipType": "dependsOn", "orderItem": {"itemId": target}}
        item["orderItemRelationship"] = [link]
    return item


def way(state: str, *items: str) -> str:
    return " ".join(derive(order(state, *items)).way)


def settled(state: str, *items: str) -> list[str]:
    return [item["state"] for item in derive(order(state, *items)).order_item]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (("done", "done"), "completed"),
        (("failed", "failed"), "failed"),
        (("failed", "cancelled"), "failed"),
        (("failed", "rejected"), "failed"),
        (("done", "failed"), "partial"),
        (("done", "cancelled"), "partial"),
        (("done", "rejected"), "partial"),
        (("rejected", "rejected"), "failed"),
        (("cancelled", "cancelled"), "failed"),
        (("pending", "held"), "pending"),
        (("pending", "done"), "pending"),
        (("held", "failed"), "held"),
        (("pending", "run"), ""),
        (("held", "ack"), ""),
        (("held", "1>ack"), "held"),
        (("pending", "1>ack", "2>ack"), "pending"),
        (("done", "1>ack", "held"), ""),
        (("ack", "ack"), ""),
        (("ack", "failed"), ""),
    ],
)
def test_order_in_progress_follows_its_items(items: tuple[str, ...], expected: str) -> None:
    assert way("inProgress", *items) == expected


@pytest.mark.parametrize(
    ("state", "items", "expected"),
    [
        ("acknowledged", ("ack", "ack"), ""),
        ("acknowledged", ("run", "ack"), "inProgress"),
        ("acknowledged", ("done", "done"), "inProgress completed"),
        ("acknowledged", ("rejected", "rejected"), "rejected"),
        ("acknowledged", ("rejected", "ack"), ""),
        ("acknowledged", ("cancelled", "ack"), ""),
        ("acknowledged", ("cancelled", "rejected"), "inProgress failed"),
        ("pending", ("run", "ack"), "inProgress"),
        ("pending", ("held", "held"), "inProgress held"),
        ("pending", ("done", "failed"), "inProgress partial"),
        ("pending", ("cancelled", "cancelled"), "cancelled"),
        ("held", ("cancelled",), "cancelled"),
        ("held", ("pending",), "inProgress pending"),
        ("held", ("done",), "inProgress completed"),
    ],
)
def test_order_takes_the_shortest_legal_way(
    state: str, items: tuple[str, ...], expected: str
) -> None:
    assert way(state, *items) == expected


@pytest.mark.parametrize(
    "state",
    [
        "rejected",
        "cancelled",
        "completed",
        "failed",
        "partial",
        "assessingCancellation",
        "pendingCancellation",
    ],
)
def test_derivation_rests_when_the_order_is_over_or_being_cancelled(state: str) -> None:
    assert way(state, "failed", "1>ack") == ""
    assert settled(state, "failed", "1>ack") == ["failed", "acknowledged"]


@pytest.mark.parametrize("stopped", ["failed", "cancelled", "rejected"])
def test_what_waits_for_an_item_that_will_not_come_is_cancelled(stopped: str) -> None:
    found = settled("inProgress", stopped, "1>ack", "2>-ack", "ack", "4>ack", "1>run")
    assert found == [
        stopped,
        "cancelled",
        "cancelled",
        "acknowledged",
        "acknowledged",
        "inProgress",
    ]


def test_failed_dependency_decides_the_order() -> None:
    assert way("inProgress", "failed", "1>ack") == "failed"
    assert way("inProgress", "failed", "1>ack", "done") == "partial"


def test_relationship_that_is_no_dependency_or_leads_elsewhere_stops_nothing() -> None:
    kind, elsewhere = order("inProgress", "failed", "1>ack"), order("inProgress", "failed", "1>ack")
    kind["orderItem"][1]["orderItemRelationship"][0]["relationshipType"] = "bundles"
    elsewhere["orderItem"][1]["orderItemRelationship"][0]["orderItem"]["resourceOrderId"] = "ro-2"
    for one in (kind, elsewhere):
        assert derive(one).order_item[1]["state"] == "acknowledged"
        assert derive(one).way == ()


def test_item_without_work_is_complete_once_the_work_has_begun_and_nothing_is_in_its_way() -> None:
    assert settled("acknowledged", "ack", "-ack") == ["acknowledged"] * 2
    assert settled("acknowledged", "run", "-ack", "1>-ack", "2>-ack") == [
        "inProgress",
        "completed",
        "acknowledged",
        "completed",
    ]
    assert settled("inProgress", "done", "1>-ack", "2>-ack") == ["completed"] * 3


def test_items_without_work_count_only_where_there_are_no_others() -> None:
    assert way("inProgress", "failed", "-done") == "failed"
    assert way("acknowledged", "-done", "-ack") == "inProgress completed"


def test_every_pair_of_item_states_gives_a_legal_way_that_ends_where_it_stays() -> None:
    steps = {
        ("acknowledged", "rejected"),
        ("acknowledged", "inProgress"),
        *(("inProgress", one) for one in ("completed", "failed", "partial", "pending", "held")),
        *((one, "inProgress") for one in ("pending", "held")),
        *((one, "cancelled") for one in ("pending", "held")),
    }
    states = [str(one) for one in OrderState if one != "partial" and "ancellation" not in one]
    starts = ["acknowledged", "inProgress", "pending", "held"]
    for start, first, second in product(starts, states, [*states, *(f"1>{s}" for s in states)]):
        document = order(start, first, second)
        found = derive(document)
        walked = [start, *map(str, found.way)]
        assert set(pairwise(walked)) <= steps
        again = derive({**document, "state": walked[-1], "orderItem": found.order_item})
        assert again.way == ()
        assert again.order_item == found.order_item
