"""What was decided: what a request takes, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordergate.model.states import OrderState
from ordergate.process.assessment import Outcome, outcome_of

if TYPE_CHECKING:
    from ordergate.model.order import ResourceOrder
    from ordergate.process.assessment import Assessment
    from ordergate.process.predetermined import Predetermined
    from ordergate.process.request import InitiatingRequest
    from ordergate.process.special_handling import HandOver

_STATES = {
    Outcome.REJECTED: OrderState.REJECTED,
    Outcome.INFORMATION_REQUIRED: OrderState.PENDING,
    Outcome.SPECIAL: OrderState.ACKNOWLEDGED,
    Outcome.STANDARD: OrderState.ACKNOWLEDGED,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a request takes, and why.

    Args:
        resource_order: the standard sets; those of the hand-overs are in `hand_over`.
        predetermined: the orders that a feasibility assessment holds.
        deferred: ids of items that wait for what isn't provisioned yet: issued in a later round.
        superseded: ids of orders that were issued before and are to be withdrawn now.
    """

    request: InitiatingRequest
    assessment: tuple[Assessment, ...]
    resource_order: tuple[ResourceOrder, ...] = ()
    predetermined: tuple[Predetermined, ...] = ()
    hand_over: tuple[HandOver, ...] = ()
    deferred: frozenset[str] = frozenset()
    superseded: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The request's own outcome."""
        return outcome_of(self.assessment)

    @property
    def stops(self) -> bool:
        """Whether an item stops the whole request: complete or nothing."""
        return self.outcome in {Outcome.REJECTED, Outcome.INFORMATION_REQUIRED}

    @property
    def state(self) -> OrderState:
        """The state that the request, and a service order, ends up in."""
        return _STATES[self.outcome]

    @property
    def provisioned(self) -> frozenset[str]:
        """Ids of the items that take what they take now."""
        return frozenset(
            one.item.id
            for one in self.assessment
            if one.is_provisioned and one.item.id not in self.deferred
        )

    @property
    def moved(self) -> frozenset[str]:
        """Ids of the items for which anything is to be done at all."""
        return frozenset(one.item.id for one in self.assessment if not one.takes_nothing)

    @property
    def all_orders(self) -> tuple[ResourceOrder, ...]:
        """Every order that is determined here, the special ones last."""
        return (*self.resource_order, *(one.order for one in self.hand_over))
