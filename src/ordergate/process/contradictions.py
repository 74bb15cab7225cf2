"""Contradictions: where a requested item contradicts itself, its request or what was delivered."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ordergate.model.common import Action
from ordergate.model.order import Reason
from ordergate.process.previous import NOTHING, named_resources
from ordergate.process.supersede import CHANGES
from ordergate.process.waiting import in_a_cycle, waits_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ordergate.process.previous import Previous
    from ordergate.process.request import RequestedItem

_REQUIRES = frozenset({"requires", "require", "dependency", "dependson", "relieson"})
_EXCLUDES = frozenset({"excludes", "exclude", "exclusivity"})


def contradictions(
    items: Sequence[RequestedItem], previous: Mapping[str, Previous]
) -> dict[str, tuple[Reason, ...]]:
    """Return what is wrong with each item, whatever the rules say."""
    known = {item.id for item in items}
    # Turned round for deletes or not, neither order may go in a circle.
    looped = in_a_cycle({one.id: one.relies_on for one in items}) | in_a_cycle(waits_of(items))
    services = Counter(item.service_id for item in items if item.service_id)
    return {
        item.id: (
            *_of_the_request(item, known, looped, services),
            *_of_the_item(item),
            *_of_what_is_there(item, previous.get(item.id, NOTHING)),
        )
        for item in items
    }


def _of_the_request(
    item: RequestedItem,
    known: Collection[str],
    looped: Collection[str],
    services: Mapping[str, int],
) -> Iterator[Reason]:
    for target in item.relies_on:
        if target not in known:
            yield Reason("unknownItem", f"It waits for {target!r}, which isn't there.", item.path)
    if item.id in looped:
        yield Reason("dependencyCycle", "It waits for itself, through other items.", item.path)
    if item.action in CHANGES and services.get(item.service_id or "", 0) > 1:
        said = f"Several items are about the service {item.service_id}."
        yield Reason("sameService", said, item.path)


def _of_the_item(item: RequestedItem) -> Iterator[Reason]:
    if item.quantity < 1:
        yield Reason("invalidQuantity", f"{item.quantity} can't be ordered.", item.path)
    if item.action is not Action.DELETE and item.subject.get("state") == "terminated":
        code = f"terminated{item.action[0].upper()}{item.action[1:]}"
        said = f"A service that is terminated is to be deleted, not {item.action}."
        yield Reason(code, said, f"{item.path}.state")
    for feature, kind, other in item.feature_relationship:
        if kind.lower() in _REQUIRES and other not in item.feature:
            said = f"The feature {feature} requires {other}, which isn't enabled."
            yield Reason("featureRequired", said, f"{item.path}.feature[?(@.name=='{feature}')]")
        if kind.lower() in _EXCLUDES and other in item.feature:
            said = f"The feature {feature} excludes {other}, which is enabled."
            yield Reason("featureExcluded", said, f"{item.path}.feature[?(@.name=='{feature}')]")


def _of_what_is_there(item: RequestedItem, previous: Previous) -> Iterable[Reason]:
    if item.action not in CHANGES or is_there(item, previous) or previous.surveyed:
        return
    named = item.service_id or ", ".join(named_resources(item))
    said = (
        f"Nothing of {named} is delivered, or it was taken away: there is nothing to {item.action}."
        if named
        else f"There is nothing to {item.action}: name the service's id or its supportingResource."
    )
    yield Reason("neverDelivered", said, item.path)


def is_there(item: RequestedItem, previous: Previous) -> bool:
    """Return whether there is anything to change: delivered, on its way, or named."""
    named = any(one not in previous.gone for one in named_resources(item))
    return bool(previous.delivered or previous.superseded or named)
