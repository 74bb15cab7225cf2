"""The verdict: what was promised, and what breaks it. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from torture.listener import TAKEN, UNCLEAR
from torture.setup import ATTEMPT_DEADLINE, LEASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torture.evidence import Attempt, Event, Evidence, Hub, Kept


class Blame(Enum):
    """Why a listener was told again what it had taken."""

    GATEWAY = "it was killed, or its store was"
    STOP = "somebody was stopped for longer than a lease"
    LISTENER = "the listener spoiled an earlier answer"


MOST_DUPLICATES = 0.005
ISSUED_WITHIN = 30.0
_IN_TIME = ATTEMPT_DEADLINE / 2
"""Seconds after which an answer may have come too late, on a busy machine."""
_AFTER_A_STOP = 2 * ATTEMPT_DEADLINE + 2.0
"""Seconds in which what a stopped process had begun to send may still come."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a run.

    Args:
        findings: per promise that was looked at, what breaks it.
        figures: numbers to know beside them.
    """

    findings: dict[str, tuple[str, ...]]
    figures: dict[str, float]

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not any(self.findings.values())


def judge(evidence: Evidence, *, is_calm: bool = False) -> Verdict:
    """Return the verdict; where nothing was done to a run, nothing may come twice."""
    deliveries, left = _Deliveries(evidence), evidence.left
    again = list(deliveries.again())
    by = Counter(blame for blame, _ in again)
    twice = [text for blame, text in again if blame is Blame.GATEWAY]
    allowed = 0 if is_calm else int(MOST_DUPLICATES * deliveries.expected)
    findings: dict[str, Iterable[str]] = {
        "orders lost": lost_orders(evidence),
        "orders twice": doubled_orders(evidence),
        "orders refused": [*evidence.refused, *([f"{left} never came"] if left else [])],
        "orders unfinished": unfinished(evidence),
        "changes lost": lost_changes(evidence),
        "events never made": events_never_made(evidence),
        "events missing": deliveries.missing(),
        "order violations": deliveries.disorder(),
        "duplicates beyond the limit": twice if len(twice) > allowed else (),
        "events altered": deliveries.altered(),
        "events dead": evidence.dead_letters,
        "redirects followed": evidence.followed,
        "processes that ended by themselves": evidence.died,
    }
    figures = {
        "deliveries expected": deliveries.expected,
        "attempts": len(evidence.attempts),
        "attempts that the listener failed": sum(one.answer != TAKEN for one in evidence.attempts),
        "duplicates": by[Blame.GATEWAY],
        "duplicates, %": round(100 * by[Blame.GATEWAY] / max(1, deliveries.expected), 3),
        "duplicates after a stop beyond the lease": by[Blame.STOP],
        "duplicates after a reply that the listener spoiled": by[Blame.LISTENER],
        "sent again after a later one": deliveries.late(),
    }
    return Verdict({name: tuple(found) for name, found in findings.items()}, figures)


def lost_orders(evidence: Evidence) -> Iterator[str]:
    """Yield accepted orders that are not in the database."""
    kept = {one.id: one for one in evidence.kept}
    for one in evidence.accepted:
        if one.order not in kept:
            yield f"{one} is not in the database"
        elif kept[one.order].key != one.key:
            yield f"{one} is in the database with the key {kept[one.order].key!r}"


def doubled_orders(evidence: Evidence) -> Iterator[str]:
    """Yield keys that more than one order was made for."""
    answers: defaultdict[str, set[str]] = defaultdict(set)
    for one in evidence.accepted:
        answers[one.key].add(one.order)
    for kept in evidence.kept:
        if kept.key:
            answers[kept.key].add(kept.id)
    yield from (f"{key}: {sorted(ids)}" for key, ids in answers.items() if len(ids) > 1)


def unfinished(evidence: Evidence) -> Iterator[str]:
    """Yield requests without all their resource orders, or with others than their like have."""
    orders = {one.id for one in evidence.kept if one.collection == "resourceOrder"}
    issued: defaultdict[str, list[Kept]] = defaultdict(list)
    for one in evidence.kept:
        if one.request:
            issued[one.request].append(one)
    for one in evidence.kept:
        if one.is_unfinished:
            yield f"{one.id}: its plan is not carried out"
        if missing := set(one.planned) - orders:
            yield f"{one.id}: {sorted(missing)} are not in the database"
    shapes = {
        one.order: (one.kind, tuple(sorted(order.shape for order in issued[one.order])))
        for one in evidence.accepted
    }
    usual: dict[str, tuple[tuple[str, str, int], ...]] = {}
    for (kind, shape), _ in Counter(shapes.values()).most_common():
        usual.setdefault(kind, shape)
    for order, (kind, shape) in shapes.items():
        if shape != usual[kind]:
            yield f"{order} ({kind}) has {shape}, where others have {usual[kind]}"
    if evidence.issued_after > ISSUED_WITHIN:
        yield f"all was issued {evidence.issued_after:.1f} s after the last restart only"


def lost_changes(evidence: Evidence) -> Iterator[str]:
    """Yield accepted changes that neither the entity nor its events show, and tasks not there."""
    kept = {one.id: one for one in evidence.kept}
    told = {(one.entity, one.state) for one in evidence.events}
    told |= {(one.entity, one.description) for one in evidence.events}
    last = {(one.entity, one.what): one for one in evidence.changed}
    for change in evidence.changed:
        if (change.entity, change.value) not in told:
            yield f"{change} was never told"
    for change in last.values():
        entity = kept.get(change.entity)
        if change.what == "description" and (not entity or entity.description != change.value):
            yield f"{change} is not in the database: {entity}"
    yield from (f"task {one} is not in the database" for one in evidence.tasks if one not in kept)


def events_never_made(evidence: Evidence) -> Iterator[str]:
    """Yield what happened to an order or a task, and no event tells of."""
    made: defaultdict[str, dict[int, Event]] = defaultdict(dict)
    for event in evidence.events:
        made[event.entity][event.sequence] = event
    for one in evidence.kept:
        events = made[one.id]
        if gaps := set(range(1, one.sequence + 1)) - set(events):
            yield f"{one.id} ({one.collection}) has no events {sorted(gaps)} of {one.sequence}"
        if one.owed:
            yield f"{one.id} ({one.collection}) still owes {one.owed}"
        if not events:
            yield f"{one.id} ({one.collection}) was never told of"
            continue
        first, last = events[min(events)], events[max(events)]
        if not first.type.endswith("CreateEvent"):
            yield f"{one.id} ({one.collection}) begins with {first}"
        if (last.state, last.description) != (one.state, one.description):
            yield f"{one} ends with {last}"


class _Deliveries:
    """What each listener should have been sent, and what it was."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._hubs = {hub.name: hub for hub in evidence.hubs}
        self._wanted = {
            (hub.name, event.entity, event.sequence): event
            for hub in evidence.hubs
            for event in evidence.events
            if _wants(hub, event)
        }
        self._lanes: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for hub_name, entity, sequence in sorted(self._wanted):
            self._lanes[hub_name, entity].append(sequence)
        self._attempts: defaultdict[tuple[str, str, int], list[Attempt]] = defaultdict(list)
        for attempt in sorted(evidence.attempts, key=lambda one: one.line):
            self._attempts[attempt.hub, attempt.entity, attempt.sequence].append(attempt)

    @property
    def expected(self) -> int:
        """How many deliveries there should have been since the faults began."""
        return sum(event.at >= self._evidence.since for event in self._wanted.values())

    def missing(self) -> Iterator[str]:
        """Yield events that never reached a listener who wants them, or were never taken by it."""
        for (hub, _, _), event in self._wanted.items():
            attempts = self._attempts.get((hub, event.entity, event.sequence), [])
            if not any(one.answer in {TAKEN, UNCLEAR} for one in attempts):
                yield f"{hub}: {event} after {[one.how for one in attempts]}"

    def disorder(self) -> Iterator[str]:
        """Yield what was first sent before an earlier event of its lane had been answered."""
        for lane, attempts in self._by_lane():
            highest = 0
            for attempt in attempts:
                if attempt.sequence > highest:
                    for before in self._lanes[lane]:
                        if before < attempt.sequence and not _passed(attempts, before, attempt):
                            yield f"{attempt} came before {before} was answered"
                highest = max(highest, attempt.sequence)

    def late(self) -> int:
        """Return how often an event was sent again after a later one of its lane."""
        count = 0
        for _, attempts in self._by_lane():
            highest = 0
            for attempt in attempts:
                count += attempt.sequence < highest
                highest = max(highest, attempt.sequence)
        return count

    def again(self) -> Iterator[tuple[Blame, str]]:
        """Yield each time that what was taken, or may have been, came again; and why."""
        for attempts in self._attempts.values():
            taken = [one for one in attempts if one.answer in {TAKEN, UNCLEAR}]
            for before, after in pairwise(taken):
                yield self._blame(before, after), f"{after} after {before}"

    def _blame(self, before: Attempt, after: Attempt) -> Blame:
        if before.answer == UNCLEAR or before.seconds > _IN_TIME:
            return Blame.LISTENER
        was_stopped = any(
            stop.end - stop.begin > LEASE
            and before.at <= stop.end + _AFTER_A_STOP
            and stop.begin <= after.at
            for stop in self._evidence.stops
        )
        return Blame.STOP if was_stopped else Blame.GATEWAY

    def _by_lane(self) -> Iterator[tuple[tuple[str, str], list[Attempt]]]:
        by_lane = sorted(self._evidence.attempts, key=lambda one: (one.hub, one.entity, one.line))
        for lane, attempts in groupby(by_lane, key=lambda one: (one.hub, one.entity)):
            yield lane, list(attempts)

    def altered(self) -> Iterator[str]:
        """Yield events that were not the same each time, or are not what the database has."""
        for place, attempts in self._attempts.items():
            told = {(one.event, one.raw) for one in attempts}
            if len(told) > 1:
                yield f"{place} was told as {sorted(told)}"
            event = self._wanted.get(place)
            if event is None:
                yield f"{place} was told, and is none of its listener's events"
            elif (attempts[0].event, attempts[0].body) != (event.id, event.body):
                yield f"{place} was told as {attempts[0]}, and is kept as {event}"
        ids = Counter(event.id for event in self._evidence.events)
        yield from (f"{one} is the id of {times} events" for one, times in ids.items() if times > 1)


def _wants(hub: Hub, event: Event) -> bool:
    return hub.api == event.api and hub.event_type in {"", event.type}


def _passed(attempts: list[Attempt], sequence: int, by: Attempt) -> bool:
    """Tell whether an event had been answered by then, so that the gateway might go on."""
    return any(
        one.sequence == sequence and one.answer in {TAKEN, UNCLEAR} and one.answered < by.line
        for one in attempts
    )
