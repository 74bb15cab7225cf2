"""What there is to judge by: the clients' and the listeners' journals, and the database itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient

from torture.journal import read
from torture.listener import REFUSED, UNCLEAR, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from torture.faults import Stop

_ENTITIES = ("initiatingRequest", "resourceOrder", "cancelResourceOrder", "cancelServiceOrder")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that a client got a 2xx for."""

    key: str
    kind: str
    order: str
    tries: int = 1
    seconds: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of an entity that a client got a 2xx for."""

    entity: str
    what: str
    value: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An order or task in the database.

    Args:
        sequence: how many events its changes owed.
        owed: how many of these still wait in it.
        shape: for what it is compared with others of its kind: type, domain, number of items.
        planned: resource orders that its record says are issued.
        is_unfinished: a part of its plan isn't known to be carried out.
    """

    id: str
    collection: str
    sequence: int
    owed: int = 0
    key: str = ""
    state: str = ""
    description: str = ""
    request: str = ""
    shape: tuple[str, str, int] = ("", "", 0)
    planned: tuple[str, ...] = ()
    is_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An event in the database."""

    entity: str
    sequence: int
    id: str
    type: str
    api: str
    body: str
    state: str = ""
    description: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Hub:
    """A listener's registration; `event_type` is all it wants to hear of, empty for everything."""

    name: str
    api: str
    event_type: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request as a listener read it.

    Args:
        line, answered: lines of the listener's journal; later is more.
        answer: `taken`, `refused`, or `unclear`: nobody can say what the gateway made of it.
        seconds: that the listener took to answer.
    """

    hub: str
    entity: str
    sequence: int
    event: str
    raw: str
    body: str
    line: int
    answered: int
    answer: str
    how: str = ""
    at: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it.

    Args:
        died: processes that ended though nobody ended them.
        issued_after: seconds from the last restart until every plan was carried out.
        since: when the faults began.
        left: how many orders no client got to.
    """

    accepted: tuple[Accepted, ...] = ()
    refused: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    tasks: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    events: tuple[Event, ...] = ()
    hubs: tuple[Hub, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    followed: tuple[str, ...] = ()
    dead_letters: tuple[str, ...] = ()
    died: tuple[str, ...] = ()
    stops: tuple[Stop, ...] = ()
    issued_after: float = 0.0
    since: float = 0.0
    left: int = 0


@dataclass(slots=True)
class Gathering:
    """Reads journals and database, and nothing of what the gateway says of itself."""

    uri: str
    clients: Path
    listeners: dict[str, Path]
    hubs: tuple[Hub, ...]
    _lines: list[dict[str, Any]] = field(default_factory=list)

    def gather(self, **more: Any) -> Evidence:
        """Return the evidence; `more` is what only the run itself knows."""
        self._lines = list(read(self.clients))
        heard = {name: list(read(path)) for name, path in self.listeners.items()}
        with MongoClient[dict[str, Any]](self.uri) as client:
            database = client["ordergate"]
            kept = [
                _kept(name, one)
                for name in _ENTITIES
                for one in database[name].find()
                if "document" in one
            ]
            events = [_event(one) for one in database["event"].find()]
            dead = [f"{one['_id']}: {one['reason']}" for one in database["deadLetter"].find()]
        return Evidence(
            accepted=tuple(self._accepted()),
            refused=tuple(f"{one['refused']}: {one['why']}" for one in self._with("refused")),
            declined=tuple(f"{one['declined']}: {one['why']}" for one in self._with("declined")),
            changed=tuple(
                Changed(one["changed"], one["what"], one["value"]) for one in self._with("changed")
            ),
            tasks=tuple(one["task"] for one in self._with("task")),
            kept=tuple(kept),
            events=tuple(events),
            hubs=self.hubs,
            attempts=tuple(one for name, lines in heard.items() for one in _attempts(name, lines)),
            followed=tuple(
                f"{name} {one['path']}"
                for name, lines in heard.items()
                for one in lines
                if "followed" in one
            ),
            dead_letters=tuple(dead),
            **more,
        )

    def _with(self, name: str) -> Iterable[dict[str, Any]]:
        return (one for one in self._lines if name in one)

    def _accepted(self) -> Iterable[Accepted]:
        return (
            Accepted(one["key"], one["kind"], one["order"], one["tries"], one["seconds"], one["at"])
            for one in self._with("order")
        )


def _kept(collection: str, one: dict[str, Any]) -> Kept:
    record = one["document"]
    document = one.get("serviceOrder", record)
    items = document.get("orderItem", ())
    return Kept(
        id=one["_id"],
        collection=collection,
        sequence=one["sequence"],
        owed=len(one["outbox"]),
        key=document.get("externalId", "") if _is_received(collection, document) else "",
        state=document["state"],
        description=document.get("description", ""),
        request=document.get("initiatingRequest", {}).get("id", ""),
        shape=(document.get("orderType", ""), document.get("domain", ""), len(items)),
        planned=tuple(ref["id"] for ref in record.get("resourceOrder", ()))
        if collection == "initiatingRequest"
        else (),
        is_unfinished="plan" in one,
    )


def _is_received(collection: str, document: dict[str, Any]) -> bool:
    """Tell whether a client sent it; what is issued for a request has the same `externalId`."""
    return collection == "initiatingRequest" or "initiatingRequest" not in document


def _event(one: dict[str, Any]) -> Event:
    document = one["event"]
    payload = next(iter(document["event"].values()))
    return Event(
        entity=one["entityId"],
        sequence=one["sequence"],
        id=document["eventId"],
        type=document["eventType"],
        api=one["api"],
        body=fingerprint(document),
        state=payload["state"],
        description=payload.get("description", ""),
        at=one["storedAt"].replace(tzinfo=UTC).timestamp(),
    )


def _attempts(hub: str, lines: list[dict[str, Any]]) -> Iterable[Attempt]:
    """Yield what a listener was sent; where its journal breaks off, it was killed."""
    parts: defaultdict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for number, line in enumerate(lines):
        parts[line["n"]].append((number, line))
    for (number, came), *rest in parts.values():
        if "event" not in came:
            continue
        answered, said = rest[0] if rest else (number, {"answer": UNCLEAR, "how": "killed"})
        was_sent = len(rest) == 2
        answer = said["answer"] if was_sent or said["answer"] == REFUSED else UNCLEAR
        yield Attempt(
            hub=hub,
            entity=came["entity"],
            sequence=came["sequence"],
            event=came["event"],
            raw=f"{came['raw']} {came['header']}",
            body=came["body"],
            line=number,
            answered=answered,
            answer=answer,
            how=said["how"] if was_sent or answer != UNCLEAR else f"{said['how']}, killed",
            at=came["at"],
            seconds=rest[1][1]["at"] - came["at"] if was_sent else 0.0,
        )
