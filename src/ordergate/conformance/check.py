"""What a check is, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordergate.conformance.door import Door


class Verdict(StrEnum):
    """What a check says of the server."""

    PASSED = "passed"
    FAILED = "failed"
    ABSENT = "absent"
    """The server doesn't offer what is optional."""
    BLOCKED = "blocked"
    """It can't be told: what the check stands on didn't work."""


class FindingError(Exception):
    """Ends a check early, with the verdict of its kind."""

    verdict: ClassVar[Verdict]


class ViolationError(FindingError):
    """The server breaks the statement."""

    verdict = Verdict.FAILED


class AbsentError(FindingError):
    """The server doesn't offer what the check is about, and needn't."""

    verdict = Verdict.ABSENT


class BlockedError(FindingError):
    """The check can't be made."""

    verdict = Verdict.BLOCKED


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response; long bodies are cut, and no credential is ever kept.

    Args:
        status: None where no response came.
        headers: those of the response that the standards speak of.
    """

    method: str
    url: str
    body: str
    status: int | None
    headers: dict[str, str]
    answer: str

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "request": {"method": self.method, "url": self.url, "body": self.body},
            "response": {"status": self.status, "headers": self.headers, "body": self.answer},
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One statement that a server is held to.

    Args:
        id: group and name, such as `lists.total`.
        why: what goes wrong for those who use the server when it doesn't hold.
        clause: where the statement stands.
        run: returns when it holds, else raises a `FindingError`.
    """

    id: str
    title: str
    why: str
    clause: str
    run: Callable[[Door], None]

    @property
    def group(self) -> str:
        """What it is about."""
        return self.id.split(".")[0]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check.

    Args:
        api: the door it was made at, such as `TMF652`.
        exchanges: the last requests and responses of the check.
    """

    api: str
    check: Check
    verdict: Verdict
    message: str
    seconds: float
    exchanges: tuple[Exchange, ...]


def check(id_: str, *, why: str, clause: str) -> Callable[[Callable[[Door], None]], Check]:
    """Make a check of the function below; what its docstring says is the title."""
    return lambda run: Check(id_, str(run.__doc__).rstrip("."), why, clause, run)
