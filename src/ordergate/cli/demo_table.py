"""The table that the demonstration ends in: one row for each request that was sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from ordergate.cli.decision import (
    is_special,
    items_of,
    outcome_of,
    outcome_style,
    reasons_of,
    rule_of,
    waits_of,
)
from ordergate.cli.terminal import plain, styled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.cli.listener import Notification
    from ordergate.model.common import Document


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was sent, and what the gateway made of it.

    Args:
        order_ids: ids of the service order and of its resource orders, as far as there are any.
    """

    file: str
    record: Document
    orders: list[Document] = field(default_factory=list)
    order_ids: frozenset[str] = frozenset()


_COLUMNS = {"outcome, and why": 31, "resource orders": 20, "waits": 18, "notifications": 23}
_SHORT = {"ResourceOrder": "resource order ", "ServiceOrder": "service order "}


def demo_table(sent: Iterable[Sent], notifications: Iterable[Notification]) -> Table:
    """Return the table of what was decided, issued and told."""
    arrived = list(notifications)
    table = Table(box=box.HORIZONTALS, show_lines=True, padding=(0, 1, 0, 0), pad_edge=False)
    table.expand = True
    table.add_column("request", no_wrap=True)
    for heading, ratio in _COLUMNS.items():
        table.add_column(heading, overflow="fold", ratio=ratio)
    for each in sent:
        outcome = outcome_of(each.record)
        table.add_row(
            each.file,
            styled((outcome, outcome_style(outcome)), "\n", _lines(why_lines(each.record))),
            _lines(order_lines(each)),
            _lines(wait_lines(each)),
            _lines(notification_lines(each, arrived)),
        )
    return table


def why_lines(record: Document) -> list[str]:
    """Return the reasons for a decision; where there are none, the rules it followed."""
    items = items_of(record)
    return reasons_of(items) or list(dict.fromkeys(filter(None, map(rule_of, items))))


def order_lines(sent: Sent) -> list[str]:
    """Return a line for each resource order: domain, type, number of items."""
    return [
        f"{plain(order.get('domain', '-'))} {plain(order.get('orderType', '-'))} "
        f"{len(order.get('orderItem', []))}{', handed over' if is_special(order) else ''}"
        for order in sent.orders
    ]


def wait_lines(sent: Sent) -> list[str]:
    """Return the order items that wait for those of another requested item."""
    requested_by = {
        made.get("itemId"): item.get("id")
        for item in items_of(sent.record)
        for made in item.get("resourceOrderItem", [])
    }
    lines = []
    for order in sent.orders:
        for item in order.get("orderItem", []):
            own = requested_by.get(item.get("id"))
            others = [wait for wait in waits_of(item) if requested_by.get(wait) != own]
            if others:
                lines.append(f"{plain(item.get('id'))} waits for {', '.join(others)}")
    return lines


def notification_lines(sent: Sent, notifications: Iterable[Notification]) -> list[str]:
    """Return how many notifications of each type came for a request's orders."""
    counted = Counter(n.event_type for n in notifications if n.order_id in sent.order_ids)
    return [f"{short_type(kind)} {number}" for kind, number in sorted(counted.items())]


def short_type(event_type: str) -> str:
    """Return an `eventType` as a cell has room for it."""
    text = plain(event_type).removesuffix("Event")
    for entity, words in _SHORT.items():
        text = text.replace(entity, words)
    return text


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) or "-"
