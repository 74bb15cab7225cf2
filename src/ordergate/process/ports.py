"""What the process needs from the world, in its own words; `storage` and `catalog` provide it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.process.entity import Entity, RecordedRequest, ToRollUp
    from ordergate.process.rules import Rule


class RuleBook(Protocol):
    """The rules in force, compiled."""

    def current(self) -> Sequence[Rule]:
        """Return them; changes by others are seen within `catalog_interval`."""


class Turns(Protocol):
    """Lets those who change the same things do it one after the other, in every process."""

    def at(self, names: Collection[str]) -> AbstractAsyncContextManager[None]:
        """Hold the turn at each of these in the block; without names that costs nothing.

        Raises:
            InProgressError: another holds one of them for too long.
        """


class RequestBook(Protocol):
    """Keeps the records of requests."""

    async def add(self, record: RecordedRequest) -> RecordedRequest | None:
        """Store the record in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: the service order that its Idempotency-Key made was deleted since.
            InProgressError: its id is taken, and the store doesn't show by what.
        """

    async def claim(self, key: str, fingerprint: str) -> str:
        """Keep the fingerprint under the key unless one is there; return the one that is.

        Raises:
            InProgressError: as `add`.
        """

    async def get(self, request_id: str) -> RecordedRequest:
        """Return the record.

        Raises:
            NotFoundError: there is none.
        """

    async def replace(self, record: RecordedRequest) -> bool:
        """Store a changed record, its service order and its owed events, all in one write.

        The plan is written if it was made with this change; else the one that is kept stays.
        Return whether its revision was still the one before; if not, nothing was written.
        """

    async def settle(self, *records: RecordedRequest) -> None:
        """Note that the whole plan of each record is issued, unless there is a newer one."""

    async def unsettled(self, *, limit: int) -> Sequence[RecordedRequest]:
        """Return records whose plan isn't known to be issued, the oldest first."""

    async def waiting_for(
        self, specification_id: str, *, after: str, limit: int
    ) -> Sequence[RecordedRequest]:
        """Return records with an item of that specification that waits, by id, beyond `after`."""


class OrderBook(Protocol):
    """Keeps resource orders.

    A change of one that was issued for a request is kept as to be rolled up, in the same write.
    """

    async def add(self, order: Entity) -> Entity | None:
        """Store the order in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: the one that its Idempotency-Key made was deleted since.
        """

    async def add_all(self, orders: Sequence[Entity]) -> None:
        """Store the orders; one whose id is there already is left as it is."""

    async def get(self, order_id: str) -> Entity:
        """Return the order.

        Raises:
            NotFoundError: there is none.
        """

    async def of_request(self, request_id: str) -> Sequence[Entity]:
        """Return the orders that were issued for a request and are there, by id."""

    async def replace(self, order: Entity) -> bool:
        """Store a changed order and its owed events, if its revision is still the one before.

        Return whether it was; if not, nothing was written.
        """

    async def remove(self, order: Entity) -> bool:
        """Take the order away; its owed events are told all the same. Return as `replace`."""

    async def concerning(
        self, services: Collection[str], resources: Collection[str]
    ) -> Sequence[Document]:
        """Return the orders with an item for one of those services or resources, oldest first.

        Also those that were deleted since, if they were over: what they delivered is still there.
        Of such a one only what `history` reads may be left.
        """

    async def issued_by(self, requests: Collection[str]) -> Sequence[Document]:
        """Return the orders that were issued for those requests, likewise."""

    async def waiting_for(self, orders: Collection[str]) -> Sequence[Document]:
        """Return the orders with an item that waits for one of those orders, likewise."""

    async def to_roll_up(self, *, after: str, limit: int) -> Sequence[ToRollUp]:
        """Return changes that may not be rolled up yet, by the order's id, from beyond `after`."""

    async def rolled_up(self, change: ToRollUp) -> None:
        """Note that the change is rolled up, unless the order changed since."""


class CancelTaskBook(Protocol):
    """Keeps the cancel tasks of resource orders, or those of service orders."""

    async def add(self, task: Entity) -> Entity | None:
        """Store the task in one write; return None, or the one that has its id already.

        Raises:
            DuplicateError: another task for the same order isn't over yet.
        """

    async def get(self, task_id: str) -> Entity:
        """Return the task.

        Raises:
            NotFoundError: there is none.
        """

    async def unfinished_for(self, order_id: str) -> Entity | None:
        """Return the task for that order that isn't over, if there is one."""

    async def replace(self, task: Entity) -> bool:
        """Store a changed task and its owed events; see `OrderBook.replace`."""

    async def unfinished(self, *, due: datetime, after: str, limit: int) -> Sequence[Entity]:
        """Return tasks that aren't over and were due by then, by id, from beyond `after`."""


class HandOverBook(Protocol):
    """Keeps the hand-overs to Track & Manage Resource Provisioning (eTOM 1.5.6.7, C5)."""

    async def add_all(self, hand_overs: Sequence[Entity]) -> None:
        """Store the hand-overs; one whose id is there already is left as it is."""

    async def get(self, handling_id: str) -> Entity:
        """Return the hand-over.

        Raises:
            NotFoundError: there is none.
        """

    async def replace(self, hand_over: Entity) -> bool:
        """Store a changed hand-over; see `OrderBook.replace`."""

    async def open_for(
        self, *, request_ids: Collection[str] = (), specifications: Collection[str] = ()
    ) -> Sequence[Entity]:
        """Return those not resolved yet, of one of the requests or specifications, by id."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""

    def elapsed(self) -> float:
        """Return seconds since some moment or other; whoever sets the clock doesn't change them."""


class FaultPoints(Protocol):
    """Named points at which a test may end the process."""

    def reached(self, point: str) -> None:
        """Say that `point` is reached."""


class Relay(Protocol):
    """Brings owed events from outboxes to the lanes of their listeners."""

    def wake(self) -> None:
        """Say that new events are owed; returns at once."""


class Meter(Protocol):
    """Counts for whoever runs the gateway."""

    def decided(self, request_type: str, outcome: str, order_types: Iterable[str]) -> None:
        """Count a request with what it took."""


class FeasibilityBook(Protocol):
    """Keeps feasibility assessments (eTOM 1.5.6.7, C6)."""

    async def add(self, assessment: Entity) -> Entity | None:
        """Store the assessment in one write, as not yet applied; see `OrderBook.add`."""

    async def get(self, assessment_id: str) -> Entity:
        """Return the assessment.

        Raises:
            NotFoundError: there is none.
        """

    async def replace(self, assessment: Entity) -> bool:
        """Store a changed assessment; see `OrderBook.replace`."""

    async def known_for(
        self,
        *,
        ids: Collection[str] = (),
        requests: Collection[str] = (),
        specifications: Collection[str] = (),
        limit: int = 1000,
    ) -> Sequence[Document]:
        """Return those that may concern a request, the newest `recordedDate` first.

        They have one of the ids, answer one of the requests (by its id), or apply to one of the
        specifications (by its id).
        """

    async def unapplied(self, *, limit: int) -> Sequence[Entity]:
        """Return those which nobody called applied, the oldest first."""

    async def applied(self, assessment_id: str) -> None:
        """Note that all that waited for the assessment has been decided by it."""
