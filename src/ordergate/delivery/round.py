"""A round of delivery to one listener: it lasts until nothing is due any more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordergate.delivery.lane_sender import HeldLane
from ordergate.delivery.listeners import Pace
from ordergate.delivery.window import Window
from ordergate.errors import NotFoundError, StoreUnavailableError
from ordergate.model.hub_health import HubStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from ordergate.delivery.contact import Contact
    from ordergate.delivery.lane_delivery import LaneDelivery
    from ordergate.delivery.lane_sender import LaneSender
    from ordergate.delivery.listeners import Known, Listeners
    from ordergate.delivery.ports import Events, Lanes
    from ordergate.delivery.seats import Seats
    from ordergate.model.notification import LaneClaim, WaitingLanes

_log = logging.getLogger(__name__)

_GATHERING = 0.003
"""Seconds for which sent lanes are gathered, so that they are settled together."""
_AHEAD = 8
"""Lanes claimed of a quick listener, for each sender that it has."""
_BACK_OFF = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundParts:
    """What all rounds of a dispatcher share.

    Args:
        lease: seconds for which a claimed lane is ours.
        hold: seconds of these in which sends may begin.
        ended: is set when nothing is to be begun any more.
        wake: has the dispatcher look again at who waits.
    """

    lanes: Lanes
    events: Events
    listeners: Listeners
    delivery: LaneDelivery
    sender: LaneSender
    seats: Seats
    threads: Executor
    contact: Contact
    lease: float
    hold: float
    ended: asyncio.Event
    wake: Callable[[], None]


class Round:
    """Claims, sends and settles what is due to one listener.

    Senders are threads: they take lanes that are claimed and put back what came of them, so that
    they wait neither for the store nor for each other. All else happens on the loop.
    """

    def __init__(self, waiting: WaitingLanes, parts: RoundParts) -> None:
        self._hub_id = waiting.hub_id
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._ready: deque[HeldLane] = deque()
        self._sent: deque[HeldLane] = deque()
        self._concluding = 0
        self._window = Window()
        self._waiting: WaitingLanes | None = waiting
        self._has_more = False
        self._claiming: asyncio.Task[None] | None = None
        self._known: Known

    def look(self, waiting: WaitingLanes | None = None) -> None:
        """Have a look: more may be waiting, or it may be time to end."""
        self._waiting = waiting or self._waiting
        self._news.set()

    async def run(self) -> None:
        """Deliver until nothing is due."""
        try:
            while await self._goes_on():
                await self._news.wait()
                if self._senders:
                    await asyncio.sleep(_GATHERING)
        except NotFoundError:
            await self._forget()
        finally:
            # After a defect or a cancellation only: the leases of these lanes run out.
            self._ready.clear()
            if self._claiming is not None:
                self._claiming.cancel()

    @property
    def _senders(self) -> int:
        return self._parts.seats.taken_by(self._hub_id)

    @property
    def _unsettled(self) -> int:
        """How many lanes are sent or under way, for each sender has one."""
        return len(self._sent) + self._concluding + self._senders

    async def _goes_on(self) -> bool:
        """Take one step; return whether there is anything to wait for."""
        self._news.clear()
        try:
            await self._step()
        except StoreUnavailableError as error:
            about = {"hub": self._hub_id, "reason": error.reason}
            _log.warning("A listener waits for the store", extra=about)
            if not self._holds_any or self._parts.ended.is_set():
                return False
            await asyncio.sleep(_BACK_OFF)
            self._news.set()
        return self._holds_any

    @property
    def _holds_any(self) -> bool:
        return bool(self._senders or self._claiming or self._sent or self._ready)

    async def _step(self) -> None:
        """Settle what was sent, claim more, and have it sent."""
        if self._claiming is not None and self._claiming.done():
            claiming, self._claiming = self._claiming, None
            claiming.result()
        self._known = await self._parts.listeners.get(self._hub_id)
        await self._conclude()
        self._claim()
        self._send_ready()

    async def _conclude(self) -> None:
        if not self._sent:
            return
        self._concluding = len(self._sent)
        sent = [self._sent.popleft() for _ in range(self._concluding)]
        try:
            going_on = await self._parts.delivery.conclude(self._known.hub, sent)
        except BaseException:
            self._window.lost()
            self._sent.extendleft(reversed(sent))
            raise
        finally:
            self._concluding = 0
        self._window.settled()
        self._ready.extendleft(reversed(going_on))

    def _claim(self) -> None:
        """Begin to claim, if there is something and room for it."""
        if self._claiming is not None or self._parts.ended.is_set():
            return
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._has_more = waiting.due <= waiting.now
        wanted = self._wanted() if self._has_more else 0
        if wanted or (waiting and self._known.hub.health.status is HubStatus.FAILING):
            self._claiming = self._loop.create_task(self._claimed(wanted, waiting))
            self._claiming.add_done_callback(lambda _: self._news.set())

    def _wanted(self) -> int:
        """Return how many lanes to claim."""
        room = self._parts.seats.room(self._known.hub)
        if self._parts.listeners.pace_of(self._hub_id) is Pace.QUICK:
            # So many that no sender waits for the store.
            room = _AHEAD * (room + self._senders)
        missing = room - len(self._ready)
        return missing if missing >= room / 2 else 0

    async def _claimed(self, wanted: int, waiting: WaitingLanes | None) -> None:
        """Claim so many lanes, or one to see if a failing listener is back."""
        parts = self._parts
        until = time.monotonic() + parts.hold
        probes = waiting is not None and await parts.listeners.may_probe(
            self._known.hub, waiting.now
        )
        claims: Sequence[LaneClaim] = []
        if probes:
            claims = await parts.lanes.claim_ahead(self._hub_id, parts.lease, 1)
        elif wanted:
            claims = await parts.lanes.claim(
                self._hub_id, parts.lease, wanted, takes_over=parts.contact.has_lasted
            )
            self._has_more = bool(claims)  # few may only mean that somebody else claims, too
        if claims:
            events = await parts.events.get({one.entity_id: one.sequences for one in claims})
            self._ready += (
                HeldLane(one, events[one.entity_id], until, is_probe=probes) for one in claims
            )

    def _send_ready(self) -> None:
        """Have what is ready sent by as many senders as there may be; else give it back."""
        hub = self._known.hub
        room = self._parts.seats.room(hub)
        if self._ready and self._ready[0].is_probe and not self._senders:
            room = 1
        for _ in range(min(room, len(self._ready))):
            if not self._window.holds(self._unsettled + 1):
                break
            self._parts.seats.take(self._hub_id)
            sending = self._loop.run_in_executor(self._parts.threads, self._send)
            sending.add_done_callback(self._left)
        if self._ready and not (self._senders or room):
            self._sent += self._ready
            self._ready.clear()
            self._news.set()

    def _send(self) -> None:
        """Send lane after lane, from a thread, until none is left, one fails or the store lags."""
        while self._window.holds(self._unsettled):
            try:
                lane = self._ready.popleft()
            except IndexError:
                return
            if not self._parts.sender.send(lane, lambda: self._known):
                self._ready.appendleft(lane)
                return
            self._sent.append(lane)
            if lane.is_stuck:
                return  # what follows from that is to be known before the next attempt
            if len(self._sent) == 1:
                self._loop.call_soon_threadsafe(self._news.set)

    def _left(self, _: asyncio.Future[None]) -> None:
        if self._parts.seats.leave(self._hub_id):
            self._parts.wake()
        self._news.set()

    async def _forget(self) -> None:
        """Remove the lanes of a listener that is gone; some may have come late."""
        while self._senders:  # they end by themselves: what is known isn't fresh any more
            self._news.clear()
            await self._news.wait()
        held = [lane.claim for lane in (*self._ready, *self._sent)]
        for claim in held or await self._parts.lanes.claim(self._hub_id, self._parts.lease, _AHEAD):
            await self._parts.lanes.remove(claim)
