"""Knowledge: everything that a decision rests on beside the request itself.

It is gathered before the decision, so that the decision stays a pure function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.process.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known when a request is decided.

    Args:
        rules: those in force; each may be valid at other moments.
    """

    rules: Sequence[Rule] = ()
