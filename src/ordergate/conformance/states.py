"""The state machine of a resource order (S2 to S12), walked and tried by PATCH."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from ordergate.conformance import expect
from ordergate.conformance.check import BlockedError, Check, FindingError, ViolationError, check
from ordergate.model.states import OrderState

if TYPE_CHECKING:
    from ordergate.conformance.door import Door
    from ordergate.model.common import Document

_A, _IN, _P, _H = (
    OrderState.ACKNOWLEDGED,
    OrderState.IN_PROGRESS,
    OrderState.PENDING,
    OrderState.HELD,
)
# How a client gets an order from acknowledged into each state.
_WAYS: dict[OrderState, tuple[OrderState, ...]] = {
    _A: (),
    _IN: (_IN,),
    _P: (_IN, _P),
    _H: (_IN, _H),
    OrderState.REJECTED: (OrderState.REJECTED,),
    OrderState.COMPLETED: (_IN, OrderState.COMPLETED),
    OrderState.FAILED: (_IN, OrderState.FAILED),
    OrderState.PARTIAL: (_IN, OrderState.PARTIAL),
    OrderState.CANCELLED: (_IN, _P, OrderState.CANCELLED),
}
# Every legal transition, written from the standard and not taken from the gateway that it judges.
# Each walk ends in a final state, so that the order can be removed.
WALKS = {
    "rejected": ("S2", (OrderState.REJECTED,)),
    "completed": ("S3, S4", (_IN, OrderState.COMPLETED)),
    "failed": ("S5", (_IN, OrderState.FAILED)),
    "partial": ("S6", (_IN, OrderState.PARTIAL)),
    "pending": ("S7, S8", (_IN, _P, _IN, OrderState.COMPLETED)),
    "pending-cancelled": ("S9", (_IN, _P, OrderState.CANCELLED)),
    "held": ("S10, S11", (_IN, _H, _IN, OrderState.COMPLETED)),
    "held-cancelled": ("S12", (_IN, _H, OrderState.CANCELLED)),
}
_LEGAL = {pair for _, way in WALKS.values() for pair in pairwise((_A, *way))}
_WHY_WALK = "Track & Manage reports progress by PATCH; here it can't say what happened."
_WHY_REFUSE = "An order that can jump anywhere tells nobody where it stands."


def _move(door: Door, order: Document, state: OrderState) -> None:
    """Expect a transition to be made and kept."""
    answer = door.patch(order, {"state": state})
    found = expect.entity(answer, expect.OK).get("state")
    expect.that(found == state, f"{answer} with state {found}, not {state}.")
    kept = _state(door, order)
    expect.that(kept == state, f"After {answer} the order is {kept}, not {state}.")


def _state(door: Door, order: Document) -> str:
    return str(expect.entity(door.get(door.url_of(order)), expect.OK).get("state"))


def _walk(way: tuple[OrderState, ...], door: Door) -> None:
    order = door.order()
    for state in way:
        _move(door, order, state)


def _refuses(state: OrderState, door: Door) -> None:
    """Expect every transition that isn't listed to be refused, and the order to stay as it is."""
    order = door.order()
    try:
        for one in _WAYS[state]:
            _move(door, order, one)
    except ViolationError as error:
        raise BlockedError(f"No order can be brought into {state}. {error}") from None
    try:
        _try_all(door, order, state)
    finally:
        _finish(door, order, state)


def _try_all(door: Door, order: Document, state: OrderState) -> None:
    for other in OrderState:
        if other is state or (state, other) in _LEGAL:
            continue
        answer = door.patch(order, {"state": other})
        expect.refused(answer, f"{state} to {other}")
        kept = _state(door, order)
        expect.that(kept == state, f"{state} to {other} was refused, and the order is {kept}.")


def _finish(door: Door, order: Document, state: OrderState) -> None:
    """Lead an order that is under way to its end, so that it can be removed."""
    ends = {_IN: (OrderState.COMPLETED,), _P: (OrderState.CANCELLED,), _H: (OrderState.CANCELLED,)}
    with suppress(FindingError):
        for one in ends.get(state, ()):
            door.patch(order, {"state": one})


@check(
    "states.unknown",
    why="A typing error would take an order out of every list by state.",
    clause="W7, ResourceOrderStateType",
)
def unknown(door: Door) -> None:
    """A state that doesn't exist is refused."""
    order = door.order()
    expect.refused(door.patch(order, {"state": "noSuchState"}), "PATCH of state to noSuchState")


CHECKS = (
    *(
        Check(
            f"states.{name}",
            f"acknowledged → {' → '.join(way)}",
            _WHY_WALK,
            clause,
            partial(_walk, way),
        )
        for name, (clause, way) in WALKS.items()
    ),
    *(
        Check(
            f"states.from-{state}",
            f"{state} leads " + (f"only to {', '.join(following)}" if following else "nowhere"),
            _WHY_REFUSE,
            "S2 to S12, W7",
            partial(_refuses, state),
        )
        for state in _WAYS
        for following in [[after for before, after in sorted(_LEGAL) if before is state]]
    ),
    unknown,
)
