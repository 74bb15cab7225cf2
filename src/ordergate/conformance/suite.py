"""A run: which checks are made at which doors, one after the other, and what is left behind."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ordergate.conformance import (
    bodies,
    contract,
    fields,
    hub,
    lists,
    orders,
    paging,
    refusals,
    states,
    tasks,
)
from ordergate.conformance.check import FindingError, Result, Verdict
from ordergate.conformance.door import Door
from ordergate.conformance.listener import listening
from ordergate.conformance.profile import PROFILES
from ordergate.conformance.session import Session
from ordergate.conformance.target import find_contract, find_doors, is_contract
from ordergate.errors import SetupError
from ordergate.model.common import Api

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ordergate.conformance.check import Check
    from ordergate.model.common import Document

_CLEANING = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a run.

    Args:
        url: the root of the server, or the base of one of its doors.
        apis: the doors to look at; all that it has when empty.
        contract: an OpenAPI document to use instead of the server's.
        order: a body for POST that the server can carry out, instead of a made-up one.
        headers: sent with every request.
        listener_host: an address of this machine that the server can reach.
        rate: the most requests in a second.
        seconds: how long the run may take.
        patience: how many seconds events and cancellations may take.
        examples: how many requests are made from the contract for each operation.
    """

    url: str
    apis: frozenset[Api] = frozenset()
    contract: Document | None = None
    order: Document | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    listener_host: str = "127.0.0.1"
    rate: float = 50.0
    seconds: float = 600.0
    patience: float = 15.0
    examples: int = 20


class Run:
    """The checks of a run, and what came of them."""

    def __init__(self, asked: Asked, session: Session, doors: list[Door]) -> None:
        self.url = asked.url
        self._session = session
        self._doors = doors
        self._plan = [(door, one) for door in doors for one in _checks(door, asked.examples)]
        self.total = len(self._plan)
        self.done: list[Result] = []
        self.left: list[str] = []
        """URLs of what the server wouldn't remove."""

    def results(self) -> Iterator[Result]:
        """Make the checks; yield each result as it comes, and tidy up at the end."""
        try:
            for door, one in self._plan:
                result = self._made(door, one)
                self.done.append(result)
                yield result
        finally:
            self._session.extend(_CLEANING)
            self.left = [url for door in self._doors for url in door.remove_created()]

    def _made(self, door: Door, one: Check) -> Result:
        self._session.forget()
        begun, verdict, message = time.monotonic(), Verdict.PASSED, ""
        try:
            one.run(door)
        except FindingError as finding:
            verdict, message = finding.verdict, str(finding)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # Checks read documents as TM Forum writes them; this one is of another shape.
            verdict, message = Verdict.FAILED, f"The answer has another shape: {error!r}."
        seconds = time.monotonic() - begun
        api = str(door.profile.api)
        return Result(api, one, verdict, message, seconds, self._session.exchanges())

    def count(self, verdict: Verdict) -> int:
        """Return how many results have this verdict."""
        return sum(1 for one in self.done if one.verdict is verdict)


def _checks(door: Door, examples: int) -> tuple[Check, ...]:
    """Return the checks of a door; the state of a service order isn't the client's to change."""
    machine = states.CHECKS if door.profile.api is Api.RESOURCE_ORDERING else ()
    return (
        *orders.CHECKS,
        *bodies.checks(door.profile.api),
        *lists.CHECKS,
        *fields.CHECKS,
        *paging.CHECKS,
        *refusals.CHECKS,
        *machine,
        *tasks.CHECKS,
        *hub.CHECKS,
        *contract.checks(door, examples),
    )


@contextmanager
def prepare(asked: Asked) -> Iterator[Run]:
    """Find the server's doors and stand ready to check them.

    Raises:
        SetupError: the server can't be reached, or has no such door.
    """
    session = Session(asked.url, headers=asked.headers, rate=asked.rate, seconds=asked.seconds)
    profiles = [PROFILES[api] for api in Api if not asked.apis or api in asked.apis]
    try:
        found = find_doors(session, asked.url, profiles)
        with listening(asked.listener_host) as listener:
            doors = [
                Door(
                    session,
                    profile,
                    base,
                    listener=listener,
                    contract=_contract(asked, session, profile.api, base),
                    template=_template(asked, profile.api),
                    patience=asked.patience,
                )
                for profile, base in found
            ]
            yield Run(asked, session, doors)
    except FindingError as finding:
        raise SetupError(str(finding)) from None
    finally:
        session.close()


def _contract(asked: Asked, session: Session, api: Api, base: str) -> Document | None:
    if asked.contract is None:
        return find_contract(session, base, PROFILES[api])
    return asked.contract if is_contract(asked.contract, PROFILES[api]) else None


def _template(asked: Asked, api: Api) -> Document | None:
    order = asked.order
    return order if order is not None and PROFILES[api].item in order else None
