"""Attempts at an event, as they lie in its lane, and in its dead letter.

`{date, outcome, status?, error?, milliseconds?}`
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ordergate.model.notification import PastAttempt

if TYPE_CHECKING:
    from ordergate.storage.database import Stored


def stored_attempt(attempt: PastAttempt) -> Stored:
    """Return it as it is kept."""
    return {name: value for name, value in asdict(attempt).items() if value is not None}


def past_attempt(kept: Stored) -> PastAttempt:
    """Return what is kept."""
    return PastAttempt(**kept)


def shown_attempts(history: str) -> dict[str, Any]:
    """Return what makes documents of a history, within MongoDB; without one there are none."""
    date = {"$dateToString": {"date": "$$this.date", "format": "%Y-%m-%dT%H:%M:%S.%LZ"}}
    shown = {"$map": {"input": history, "in": {"$mergeObjects": ["$$this", {"date": date}]}}}
    return {"$cond": [{"$gt": [{"$size": {"$ifNull": [history, []]}}, 0]}, shown, "$$REMOVE"]}
