"""What delivery needs from the world, in its own words; `storage` provides all but the sender.

Every call may raise StoreUnavailableError, and then whether it took effect is unknown. So each of
them may be repeated, and may happen in two processes at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from ordergate.delivery.destination import IpAddress
    from ordergate.model.common import Api
    from ordergate.model.events import OwedEvent
    from ordergate.model.hub_health import HubHealth
    from ordergate.model.notification import (
        DeliveryState,
        EventSubscription,
        FailureKind,
        LaneClaim,
        PastAttempt,
        Span,
        StoredEvent,
        WaitingLanes,
    )
    from ordergate.process.entity import Idempotency


class Outcome(StrEnum):
    """How one attempt at a listener ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timedOut"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a listener.

    Args:
        status: of the reply, where there was one; only 2xx is delivered, and a reply that didn't
            end before the deadline is not, whatever its status.
        retry_after: seconds the listener asks for.
        error: the class of the error, never its text: that could tell of the network inside.
        seconds: how long it took.
    """

    outcome: Outcome
    status: int | None = None
    retry_after: float | None = None
    error: str | None = None
    seconds: float | None = field(default=None, compare=False)


class Sender(Protocol):
    """Brings one event to one listener."""

    def send(self, callback: str, event: OwedEvent, *, deadline: float | None = None) -> Attempt:
        """Make one attempt, from a thread; return within its deadline and raise nothing.

        Args:
            deadline: seconds; None takes the usual one.
        """

    def hand_over(self, url: str, event: OwedEvent) -> Attempt:
        """Make one attempt at bringing the order that the event tells of; else as `send`."""


class Resolver(Protocol):
    """Looks names up."""

    def look_up(self, host: str) -> Future[tuple[IpAddress, ...]]:
        """Begin to look up the addresses of a name; never wait.

        There is one address at least; without any, or without an answer, it's an OSError.
        """


class HandOvers(Protocol):
    """The hand-overs, which tell how far their orders have got to Track & Manage."""

    async def attempted(
        self,
        order_id: str,
        state: DeliveryState,
        moment: datetime,
        *,
        status: int | None = None,
        error: str | None = None,
    ) -> None:
        """Note an attempt at bringing the order, and what it came to; delivered stays delivered.

        Does nothing where no hand-over is of that order.
        """


class Outboxes(Protocol):
    """The events that changes left in the outboxes of their entities."""

    async def owing(self, limit: int) -> Sequence[StoredEvent]:
        """Return all owed events of up to `limit` entities of each kind, to be kept as of now.

        Those of one entity follow each other in sequence order, without a gap.
        """

    async def clear(self, relayed: Mapping[str, int]) -> None:
        """Forget the events of each entity (its id) up to and with that sequence.

        Of a removed entity whose outbox is thereby empty only a stub stays, for a while.
        """


class Events(Protocol):
    """Events as they were relayed, immutable, for as long as they are retained."""

    async def add(self, events: Sequence[StoredEvent]) -> None:
        """Keep the events; one that is there already stays as it is, its age included."""

    async def add_again(self, events: Sequence[OwedEvent]) -> None:
        """Keep those that are no longer there, as of now."""

    async def get(
        self, wanted: Mapping[str, Sequence[int]]
    ) -> Mapping[str, Mapping[int, StoredEvent]]:
        """Return those events of each entity (its id) that are still kept, by sequence."""

    def told_by(self, api: Api, span: Span) -> AsyncIterator[Sequence[OwedEvent]]:
        """Yield the door's events of that span in parts, oldest first."""


class Lanes(Protocol):
    """One lane for each listener and entity; times are the store's own."""

    async def push(self, waiting: Mapping[tuple[str, str], Sequence[int]]) -> None:
        """Append to the lane of each (hub id, entity id) the sequences that it never had.

        An idle lane becomes due at once; a leased or postponed one keeps its time.
        """

    async def put_back(self, hub_id: str, again: Mapping[str, Sequence[int]]) -> None:
        """Let the events of each entity (its id) wait once more, in order with those that do."""

    async def waiting(self) -> Sequence[WaitingLanes]:
        """Return for which listeners anything waits, the one whose lanes are due longest first."""

    async def claim(
        self, hub_id: str, lease: float, limit: int, *, takes_over: bool = True
    ) -> Sequence[LaneClaim]:
        """Lease up to `limit` of the listener's lanes for `lease` seconds, longest due first.

        A claim holds the oldest events of its lane, not more than can be sent meanwhile.

        Args:
            takes_over: also lanes whose lease ran out without being given back.
        """

    async def claim_ahead(
        self, hub_id: str, lease: float, limit: int, *, waiting_before: datetime | None = None
    ) -> Sequence[LaneClaim]:
        """Lease lanes though they aren't due, but none that is leased; longest untried first.

        Args:
            waiting_before: only those whose oldest event has waited since before then.
        """

    async def hasten(self, hub_id: str) -> None:
        """Make every lane of the listener due that isn't leased."""

    async def settle(self, delivered: Mapping[LaneClaim, int]) -> None:
        """Give lanes back, each delivered up to that sequence; what is left is due at once.

        Like the next two, change nothing if somebody else claimed a lane meanwhile.
        """

    async def postpone(
        self,
        claim: LaneClaim,
        seconds: float,
        delivered_up_to: int = 0,
        *,
        failure: FailureKind | None = None,
        attempt: PastAttempt | None = None,
    ) -> None:
        """Give the lane back after an attempt at the first event that is left.

        Args:
            failure: what is counted as an attempt; None if none is.
            attempt: what is told of it, counted or not.
        """

    async def bury(
        self,
        claim: LaneClaim,
        sequence: int,
        reason: str,
        event: StoredEvent | None,
        attempt: PastAttempt | None = None,
    ) -> bool:
        """Move the event from the head of the lane to the dead letters; keep the lease.

        Return whether the lane was still ours.
        """

    async def remove(self, claim: LaneClaim) -> None:
        """Delete the lane: its listener is gone."""


class DeadLetters(Protocol):
    """Events that are sent no more, for a month, until they are sent again."""

    def of(self, hub_id: str, span: Span) -> AsyncIterator[Sequence[OwedEvent]]:
        """Yield a listener's dead events of that span in parts, oldest first."""

    async def forget(self, hub_id: str, again: Mapping[str, Sequence[int]]) -> None:
        """Forget those of each entity (its id): they wait again."""


class Hubs(Protocol):
    """The listeners registered at the hubs of all doors."""

    async def add(
        self, subscription: EventSubscription, idempotency: Idempotency | None = None
    ) -> EventSubscription:
        """Register the listener; return it, or the one the same key and body made before.

        Raises:
            IdempotencyConflictError: the key came with another body.
            DuplicateError: this callback with this query is registered at that door.
            TooManyListenersError: there is no room for another one.
        """

    async def get(self, hub_id: str, api: Api | None = None) -> EventSubscription:
        """Return the listener.

        Raises:
            NotFoundError: there is none, or it's at another door than `api`.
        """

    async def remove(self, hub_id: str, api: Api) -> None:
        """Take the listener away, and what waits for it.

        Raises:
            NotFoundError: as `get`.
        """

    async def all(self) -> Sequence[EventSubscription]:
        """Return every listener, oldest first, the gateway's own too."""

    async def change_health(
        self, hub_id: str, change: Callable[[HubHealth, datetime], HubHealth]
    ) -> tuple[HubHealth, HubHealth]:
        """Write what `change` makes of the listener's health and the store's time.

        It may be asked several times, until nobody else wrote meanwhile. Return the health before
        and after.

        Raises:
            NotFoundError: there is no such listener.
        """

    async def hand_over_to(self, url: str | None) -> None:
        """Keep the gateway's own subscription for Track & Manage; None gives it up.

        No door finds it. What waits for it is forgotten with it, as for any listener. Nothing that
        failed before is held against it any more.
        """
