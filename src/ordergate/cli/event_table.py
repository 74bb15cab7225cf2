"""Events on their way, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from ordergate.cli.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.model.common import Document


def event_table(deliveries: Iterable[Document]) -> Table:
    """Return what listeners haven't got, with what comes next or why nothing does."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("hub", "entity", "event", "state", "attempts", "since", ""):
        table.add_column(heading, overflow="fold")
    for one in deliveries:
        following = f"next {one['nextAttempt']}" if "nextAttempt" in one else "in its turn"
        if one.get("attemptHistory"):
            following += f", last {_told(one['attemptHistory'][-1])}"
        table.add_row(
            plain(one["hub"]["id"]),
            plain(one["entity"]["id"]),
            plain(one["sequence"]),
            plain(one["state"]),
            plain(one["attempts"]),
            plain(one["since"]),
            plain(one.get("reason", following)),
        )
    return table


def _told(attempt: Document) -> str:
    detail = attempt.get("status", attempt.get("error"))
    return str(attempt["outcome"]) if detail is None else f"{attempt['outcome']}: {detail}"
