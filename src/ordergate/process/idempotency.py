"""Idempotency: the same request again is answered with what the first one made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.errors import IdempotencyConflictError

if TYPE_CHECKING:
    from ordergate.process.ports import Idempotency


def check_key(mine: Idempotency | None, kept: Idempotency | None) -> None:
    """Check that a key came with the same body as before.

    Raises:
        IdempotencyConflictError: it was used with another one.
    """
    if mine is None or kept is None or mine.fingerprint != kept.fingerprint:
        raise IdempotencyConflictError(
            "This Idempotency-Key was used with another body. Use a new key for a new request.",
            path="Idempotency-Key",
        )
