from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from ordergate.cli.decision import decision_tree, is_rejected
from unit.cli.decided import vpn_and_fibre, without_orders

if TYPE_CHECKING:
    from ordergate.model.common import Document


def printed(record: Document, orders: list[Document], *, why: bool = False) -> str:
    console = Console(width=120, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(decision_tree(record, orders, why=why))
    return capture.get()


def test_decision_names_outcome_and_rule_of_each_item() -> None:
    text = printed(*vpn_and_fibre())

    assert "serviceOrder BSS-1 so-1 acknowledged standard" in text
    assert "item vpn standard rule business-vpn version 3" in text
    assert "item internet standard rule fibre-access version 3" in text


def test_decision_says_which_order_holds_what_and_what_waits() -> None:
    text = printed(*vpn_and_fibre())

    assert "internet-port in access order ro-access" in text
    assert "resource order access provision ro-access acknowledged" in text
    assert "internet-port add Name of internet-port waits for vpn-cpe-1" in text
    assert "vpn-vrf add Name of vpn-vrf\n" in text


def test_why_adds_conditions_with_their_values_and_the_timeline() -> None:
    record, orders = vpn_and_fibre()

    assert "condition longDrop: d > 300 is false" in printed(record, orders, why=True)
    assert "2099-01-01T00:00:00.000Z received TMF641" in printed(record, orders, why=True)
    assert "longDrop" not in printed(record, orders)


def test_reason_names_its_attribute() -> None:
    record = without_orders(
        "informationRequired", "missingPlace", "installationAddress is missing."
    )

    text = printed(record, [])

    assert "missingPlace: installationAddress is missing. (serviceOrderItem[0].service)" in text


def test_special_item_shows_its_hand_over_and_its_order_is_marked() -> None:
    record = without_orders("special", "noRule", "No rule is for it.")
    record["assessment"]["item"][0]["specialHandling"] = {"id": "sh-1"}
    order = {"id": "ro-1", "domain": "default", "orderType": "feasibility"}

    text = printed(record, [order | {"specialHandling": {"required": True}}])

    assert "handed over for special handling: sh-1" in text
    assert "resource order default feasibility ro-1 special handling" in text


def test_control_characters_and_markup_of_a_requester_do_no_harm() -> None:
    text = printed(without_orders("rejected", "code", "\x1b[2J[red]x[/red]"), [])

    assert "\x1b[2J" not in text
    assert "[red]x[/red]" in text


@pytest.mark.parametrize(
    ("outcome", "expected"), [("rejected", True), ("informationRequired", False)]
)
def test_rejection_is_recognised(outcome: str, expected: bool) -> None:  # noqa: FBT001 - a case
    assert is_rejected(without_orders(outcome, "c", "m")) is expected
