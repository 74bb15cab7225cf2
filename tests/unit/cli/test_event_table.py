from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from ordergate.cli.event_table import event_table

DELIVERY: dict[str, Any] = {
    "hub": {"id": "hub"},
    "entity": {"id": "order"},
    "sequence": 1,
    "state": "pending",
    "attempts": 1,
    "since": "2026-11-23T08:00:00.000Z",
}


def shown(**more: Any) -> str:
    console = Console(width=200, record=True)
    with console.capture() as captured:
        console.print(event_table([{**DELIVERY, **more}]))
    return captured.get().splitlines()[-2].rstrip()


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({}, "in its turn"),
        ({"nextAttempt": "soon"}, "next soon"),
        (
            {
                "nextAttempt": "soon",
                "attemptHistory": [
                    {"outcome": "timedOut", "error": "TimeoutError"},
                    {"outcome": "refused", "status": 503},
                ],
            },
            "next soon, last refused: 503",
        ),
        (
            {"attemptHistory": [{"outcome": "timedOut", "error": "TimeoutError"}]},
            "in its turn, last timedOut: TimeoutError",
        ),
        ({"state": "dead", "reason": "refused: 422", "attemptHistory": []}, "refused: 422"),
    ],
)
def test_each_event_says_what_comes_next_and_what_was_last(more: dict[str, Any], end: str) -> None:
    assert shown(**more).endswith(f" {end}")
