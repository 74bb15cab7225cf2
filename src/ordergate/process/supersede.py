"""Supersede: withdraw what was issued before and nobody has begun with, for a later request.

The design's C3: an order that is still acknowledged and untouched is superseded through the
cancellation lifecycle, and what it would have brought is ordered anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ordergate.model.common import Action

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ordergate.process.history import IssuedOrder
    from ordergate.process.previous import Previous
    from ordergate.process.request import InitiatingRequest

CHANGES = frozenset({Action.MODIFY, Action.DELETE})
"""Actions on what was delivered before."""


@dataclass(frozen=True, slots=True)
class Supersession:
    """The orders that a request withdraws, and what was delivered before without them.

    What the request itself issued in an earlier round doesn't count either: others take its place.
    """

    order: tuple[IssuedOrder, ...] = ()
    previous: Mapping[str, Previous] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the orders to withdraw."""
        return tuple(one.id for one in self.order)

    def hasty(self, provisioned: Collection[str]) -> frozenset[str]:
        """Return the orders that can't be withdrawn after all: an item of theirs gets nothing new.

        Args:
            provisioned: ids of the requested items that take now what is to take their place.
        """
        left = set(self.ids)
        return frozenset(
            order.id
            for item_id, previous in self.previous.items()
            if item_id not in provisioned
            for order in previous.superseded
            if order.id in left
        )


def supersede(
    request: InitiatingRequest,
    previous: Mapping[str, Previous],
    waiting: Iterable[IssuedOrder] = (),
    kept: Collection[str] = (),
) -> Supersession:
    """Return the orders that can be withdrawn whole, for services that the request changes.

    An order stays, and is waited for like any other that is on its way, where it is for another
    service as well, or where an order that stays waits for it.

    Args:
        previous: by item.
        waiting: other orders that wait for some of those.
        kept: ids of orders that are not to be withdrawn.
    """
    changed = {one.service_id for one in request.item if one.action in CHANGES and one.service_id}
    orders = {one.id: one for each in previous.values() for one in each.order}
    own = {one.id for one in orders.values() if one.request_id == request.id}
    chosen = {
        one.id
        for one in orders.values()
        if one.is_untouched and one.services <= changed and one.id not in kept
    } - own
    others = {**{one.id: one for one in waiting}, **orders}
    needs = {one.id: one.waits_for for one in others.values() if one.is_open}
    staying = [one for one in needs if one not in chosen and one not in own]
    for one in staying:
        needed = chosen & needs.get(one, frozenset())
        chosen -= needed
        staying += needed
    return Supersession(
        tuple(one for one in orders.values() if one.id in chosen),
        {item_id: one.without(chosen, own) for item_id, one in previous.items()},
    )
