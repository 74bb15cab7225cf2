from __future__ import annotations

from rich.console import Console

from ordergate.cli.demo_table import (
    Sent,
    demo_table,
    notification_lines,
    order_lines,
    wait_lines,
    why_lines,
)
from ordergate.cli.listener import Notification
from unit.cli.decided import ACCESS, CORE, vpn_and_fibre, without_orders


def vpn_and_fibre_sent() -> Sent:
    record, orders = vpn_and_fibre()
    return Sent("vpn-and-fibre.json", record, orders, frozenset({"so-1", ACCESS, CORE}))


def notification(event_type: str, order_id: str) -> Notification:
    body = {"eventType": event_type, "event": {"resourceOrder": {"id": order_id, "state": "x"}}}
    return Notification.read(body, sequence="1", answer=201)


def test_orders_are_told_by_domain_type_and_number_of_items() -> None:
    assert order_lines(vpn_and_fibre_sent()) == ["access provision 2", "core provision 1"]


def test_special_order_is_told_as_handed_over() -> None:
    order = {"orderType": "feasibility", "specialHandling": {"required": True}, "orderItem": [{}]}

    assert order_lines(Sent("f", {}, [order])) == ["- feasibility 1, handed over"]


def test_only_waits_across_requested_items_are_told() -> None:
    assert wait_lines(vpn_and_fibre_sent()) == ["internet-port waits for vpn-cpe-1"]


def test_reasons_are_the_why_and_rules_where_there_are_none() -> None:
    record, _ = vpn_and_fibre()

    assert why_lines(record) == ["rule business-vpn version 3", "rule fibre-access version 3"]
    assert why_lines(without_orders("special", "noRule", "No rule.")) == ["noRule: No rule."]


def test_notifications_are_counted_by_type_for_the_orders_of_the_request() -> None:
    arrived = [
        notification("ResourceOrderCreateEvent", ACCESS),
        notification("ResourceOrderCreateEvent", CORE),
        notification("ServiceOrderCreateEvent", "so-1"),
        notification("ServiceOrderCreateEvent", "somebody-else's"),
    ]

    lines = notification_lines(vpn_and_fibre_sent(), arrived)

    assert lines == ["resource order Create 2", "service order Create 1"]


def test_table_fits_120_columns_and_keeps_names_whole() -> None:
    reason = "The characteristic technology is missing; the place installationAddress is missing."
    sent = [
        vpn_and_fibre_sent(),
        Sent("fibre-incomplete.json", without_orders("informationRequired", "missing", reason)),
    ]
    arrived = [notification("ResourceOrderInformationRequiredEvent", ACCESS)]
    console = Console(width=120, markup=False)
    with console.capture() as capture:
        console.print(demo_table(sent, arrived))
    text = capture.get()

    assert max(map(len, text.splitlines())) <= 120
    for whole in ("vpn-and-fibre.json", "fibre-incomplete.json", "informationRequired"):
        assert whole in text
    assert "access provision 2" in text
