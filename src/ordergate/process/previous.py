"""Previous: what was delivered before for the service or the resource that an item is about.

eTOM 1.5.6.7: an order may require a change to a previously issued order, or recovery of what was
delivered. What is on its way counts as what it will bring, and is waited for.
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ordergate.model.common import Action
from ordergate.process.history import Effect, specification_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ordergate.model.common import Document, Specification
    from ordergate.model.order import ItemReference
    from ordergate.process.history import IssuedOrder, ItemKey, Step
    from ordergate.process.request import RequestedItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A resource that is there, or will be when the item that is at it is complete.

    Args:
        line: the line of the rule that it was delivered for, element and unit included.
        given: names of the characteristics that a rule gave; the others are the network's own.
        last: the item that changed it last; None where only the requester names the resource.
        is_open: that item isn't complete yet.
        waits: the items that it waited for when it came to be.
        relies_on: the resources among those of the same service that it was built upon.
    """

    resource_id: str
    resource: Document
    specification: Specification | None = None
    characteristic: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    quantity: int = 1
    domain: str | None = None
    line: str | None = None
    service_id: str | None = None
    last: ItemReference | None = None
    is_open: bool = False
    waits: tuple[ItemKey, ...] = ()
    relies_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """What was issued before for one requested item.

    Args:
        service_id: the service that it is about; None where it is about resources.
        order: the orders with an item for the service, oldest first, surveys included.
        delivered: the resources of the service.
        named: the resources that the request names, by id, as far as anything was issued for them.
        gone: ids of those that were taken away since.
        superseded: the orders that this request withdraws: nothing of them counts.
    """

    service_id: str | None = None
    order: tuple[IssuedOrder, ...] = ()
    delivered: tuple[Delivered, ...] = ()
    named: Mapping[str, Delivered] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    superseded: tuple[IssuedOrder, ...] = ()

    @property
    def unclear(self) -> tuple[str, ...]:
        """Ids of the orders that are being cancelled: nobody knows what will be left of them."""
        return tuple(
            one.id
            for one in self.order
            if any(step.effect is Effect.UNCLEAR for step in self._mine(one))
        )

    @property
    def surveyed(self) -> tuple[str, ...]:
        """Ids of the orders that ask whether it can be delivered at all, and have no answer."""
        return tuple(one.id for one in self.order if one.is_survey and one.is_open)

    def without(self, order_ids: Collection[str], own: Collection[str] = ()) -> Previous:
        """Return it as it is once these orders are withdrawn.

        Args:
            own: those that the request issued in an earlier round; its surveys are its own affair.
        """
        gone = {*order_ids, *own}
        kept = tuple(one for one in self.order if one.id not in gone)
        there, _ = _folded(step for one in kept for step in self._mine(one))
        withdrawn = tuple(
            one for one in self.order if one.id in gone and not (one.id in own and one.is_survey)
        )
        delivered = tuple(there.values())
        return replace(self, order=kept, delivered=delivered, superseded=withdrawn)

    def _mine(self, order: IssuedOrder) -> Iterable[Step]:
        return (one for one in order.step if one.service_id == self.service_id)

    def as_variable(self) -> Document:
        """Return what the expressions of a rule see as `previous`."""
        found = self.delivered or tuple(self.named.values())
        merged = ChainMap(*(dict(one.characteristic) for one in found))
        return {
            "characteristic": dict(merged),
            "resource": [
                {
                    "key": (one.line or "").partition("/")[0],
                    "line": one.line or "",
                    "id": one.resource_id,
                    "characteristic": dict(one.characteristic),
                }
                for one in found
            ],
        }


NOTHING = Previous()
"""Nothing was issued before."""


def previous_of(
    items: Iterable[RequestedItem], issued: Sequence[IssuedOrder]
) -> dict[str, Previous]:
    """Return what was issued before for each of the items.

    Args:
        issued: oldest first.
    """
    by_service: dict[str, dict[str, IssuedOrder]] = {}
    by_resource: dict[str, list[Step]] = {}
    for order in issued:
        for service_id in order.services:
            if service_id is not None:
                by_service.setdefault(service_id, {})[order.id] = order
        for step in order.step:
            by_resource.setdefault(step.resource_id, []).append(step)
    return {item.id: _previous(item, by_service, by_resource) for item in items}


def _previous(
    item: RequestedItem,
    by_service: Mapping[str, Mapping[str, IssuedOrder]],
    by_resource: Mapping[str, Sequence[Step]],
) -> Previous:
    named = [step for one in named_resources(item) for step in by_resource.get(one, ())]
    there, gone = _folded(named)
    orders = tuple(by_service.get(item.service_id or "", {}).values())
    previous = Previous(service_id=item.service_id, order=orders, named=there, gone=gone)
    return previous.without(())


def named_resources(item: RequestedItem) -> tuple[str, ...]:
    """Return the ids of the resources that the requester names."""
    ids = (one.get("id") for one in item.supporting_resource)
    return tuple(one for one in ids if isinstance(one, str))


def _folded(steps: Iterable[Step]) -> tuple[dict[str, Delivered], frozenset[str]]:
    """Return the resources that the steps leave, by id, and the ids of those they take away."""
    there: dict[str, Delivered] = {}
    gone: set[str] = set()
    home: dict[ItemKey, str] = {}
    for step in steps:
        home[step.item.resource_order_id or "", step.item.item_id] = step.resource_id
        if step.effect is Effect.NONE or step.action is Action.NO_CHANGE:
            continue
        if step.action is Action.DELETE:
            there.pop(step.resource_id, None)
            gone.add(step.resource_id)
        else:
            there[step.resource_id] = _after(step, there.get(step.resource_id))
            gone.discard(step.resource_id)
    for resource_id, one in there.items():
        targets = dict.fromkeys(home[key] for key in one.waits if key in home)
        relies_on = tuple(target for target in targets if target in there and target != resource_id)
        there[resource_id] = replace(one, relies_on=relies_on)
    return there, frozenset(gone)


def _after(step: Step, before: Delivered | None) -> Delivered:
    """Return the resource as a step leaves it: what the step doesn't speak of stays."""
    names = frozenset(step.characteristic)
    known = before or Delivered(resource_id=step.resource_id, resource={}, waits=step.waits)
    ours = names if step.given is None else step.given
    # What a rule gave before and gives no more is no longer there; what others say only adds.
    dropped = known.given - ours if step.given is not None else frozenset()
    kept = {name: value for name, value in known.characteristic.items() if name not in dropped}
    return replace(
        known,
        resource={**known.resource, **step.resource},
        specification=step.specification or known.specification,
        characteristic={**kept, **step.characteristic},
        given=ours if step.given is not None else known.given | ours,
        quantity=step.quantity,
        domain=known.domain if before else step.domain,
        line=step.line or known.line,
        service_id=step.service_id or known.service_id,
        last=step.item,
        is_open=step.effect is not Effect.DONE,
    )


def there(item: RequestedItem, previous: Previous) -> tuple[Delivered, ...]:
    """Return the resources that the item is about: what was delivered, else what it names."""
    if previous.delivered or previous.superseded:
        return previous.delivered
    return tuple(
        previous.named.get(one["id"]) or _as_named(one, item)
        for one in item.supporting_resource
        if one.get("id") and one["id"] not in previous.gone
    )


def _as_named(reference: Document, item: RequestedItem) -> Delivered:
    """Return a resource that nothing was issued for, as far as the request describes it.

    What is asked of a resource, not of a service, names the resource's own specification.
    """
    own = item.specification if reference["id"] == item.resource_id else None
    return Delivered(
        resource_id=reference["id"],
        resource=reference,
        specification=specification_of(reference) or own,
    )
