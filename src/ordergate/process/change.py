"""Change: the order items that a requested item takes, given what was delivered before.

The design's C3: new provisioning, a change to what was issued before, or its recovery. A change is
the difference between what the rule gives now and what is there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ordergate.model.common import Action
from ordergate.model.order import OrderType, Reason
from ordergate.process.draft import MOST_ITEMS, Draft, draft
from ordergate.process.match import match
from ordergate.process.previous import there
from ordergate.process.waiting import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ordergate.process.assessment import Assessment
    from ordergate.process.evaluation import Effort
    from ordergate.process.previous import Delivered, Previous
    from ordergate.process.request import InitiatingRequest, RequestedItem

DOMAIN = "default"
"""Domain of a resource of which nobody knows the domain."""

_DESCRIBED = ("name", "category", "description", "@type")
"""What is said of a resource again when it is taken away."""


def change(
    request: InitiatingRequest,
    assessment: Assessment,
    previous: Previous,
    most: int = MOST_ITEMS,
    *,
    effort: Effort | None = None,
) -> tuple[Draft, ...]:
    """Return the order items that the assessed item takes.

    Raises:
        ExpressionError: see `draft`.
        AmbiguousResourceError: nobody can tell which resource is to become what.
    """
    item, rule = assessment.item, assessment.rule
    if assessment.takes_nothing:
        return ()
    standing = there(item, previous)
    if item.action is Action.DELETE:
        return _recovered(assessment, standing)
    if rule is None:
        return ()
    wanted = draft(request, assessment, rule, most, previous, effort=effort)
    if item.action is Action.ADD or (previous.superseded and not standing):
        return wanted
    return tuple(_difference(item, wanted, match(item, wanted, standing), standing))


def explained(one: Assessment, made: Sequence[Draft], previous: Previous) -> Assessment:
    """Return the assessment with what became of what was there before."""
    if one.item.action is not Action.MODIFY:
        return one
    if not made and there(one.item, previous):
        said = "What is delivered is already so; nothing is issued."
        one = replace(one, reason=(Reason("alreadySo", said, one.item.path),))
    if previous.superseded:
        names = ", ".join(order.id for order in previous.superseded)
        instead = ", and this ordered instead" if made else ""
        said = f"Nobody had begun with order {names}: it is withdrawn{instead}."
        return one.because(Reason("superseded", said, one.item.path))
    return one


def _recovered(assessment: Assessment, standing: Sequence[Delivered]) -> tuple[Draft, ...]:
    """Return the recovery of all that is there, what was built upon others first."""
    domains = {
        line.resource_specification.id: line.domain
        for line in (assessment.rule.order_item if assessment.rule else ())
    }
    deletes = {
        one.resource_id: replace(
            made,
            order_type=OrderType.RECOVER,
            domain=one.domain or domains.get(_specification_id(one), DOMAIN),
        )
        for one, made in _deletes(assessment.item, standing)
    }
    return tuple(_turned_round(deletes, {}, standing))


def _difference(
    item: RequestedItem,
    wanted: Sequence[Draft],
    matched: Mapping[str, Delivered],
    standing: Sequence[Delivered],
) -> Iterator[Draft]:
    """Yield what makes of the resources that are there those that are wanted."""
    changed = {one.id: _changed(one, matched.get(one.id)) for one in wanted}
    kept = {draft_id: one for draft_id, one in changed.items() if one is not None}
    edges = {one.id: one.depends_on for one in wanted}
    for one in kept.values():
        # A line that stays as it is hands on what it waits for, and is waited for itself.
        stay = [target for target in one.depends_on if target not in kept]
        ahead = (matched[target].last for target in stay)
        yield replace(
            one,
            depends_on=tuple(nearest(one.id, edges, kept)),
            waits_for=(*one.waits_for, *(last for last in ahead if last is not None)),
        )
    used = {one.resource_id for one in matched.values()}
    gone = [one for one in standing if one.resource_id not in used]
    deletes = {
        one.resource_id: replace(made, order_type=_change_type(wanted), domain=one.domain or DOMAIN)
        for one, made in _deletes(item, gone)
    }
    modified = {
        one.delivered.resource_id: one.id for one in kept.values() if one.delivered is not None
    }
    yield from _turned_round(deletes, modified, standing)


def _changed(one: Draft, before: Delivered | None) -> Draft | None:
    """Return what brings a line from what it was to what it is to be; None if it is so already."""
    order_type = OrderType.CHANGE if one.order_type is OrderType.PROVISION else one.order_type
    if before is None:
        return replace(one, order_type=order_type)
    if not _differs(one, before):
        return None
    return replace(
        one,
        order_type=order_type,
        action=Action.MODIFY,
        delivered=before,
        domain=before.domain or one.domain,
        line=one.line if before.line is None or one.item.service_id else before.line,
        waits_for=(before.last,) if before.last is not None and before.is_open else (),
    )


def _change_type(wanted: Iterable[Draft]) -> OrderType:
    """Return what a change asks for: a survey first, where the rule wants one."""
    survey = any(one.order_type is OrderType.FEASIBILITY for one in wanted)
    return OrderType.FEASIBILITY if survey else OrderType.CHANGE


def _differs(one: Draft, before: Delivered) -> bool:
    """Return whether the resource isn't yet as it is wanted; what nobody speaks of may stay."""
    known = before.characteristic
    characteristics = any(
        name not in known or known[name] != value for name, value in one.characteristic.items()
    )
    attributes = any(
        before.resource.get(name) != value for name, value in one.resource.items() if name != "note"
    )
    asked = one.specification
    specification = asked is not None and (asked.id, asked.version) != (
        _specification_id(before),
        before.specification.version if before.specification else None,
    )
    place = one.place is not None and one.place != before.resource.get("place")
    dropped = before.given - set(one.characteristic)
    quantity = one.quantity != before.quantity
    return bool(characteristics or attributes or specification or place or dropped or quantity)


def _specification_id(one: Delivered) -> str:
    return one.specification.id if one.specification else ""


def _deletes(
    item: RequestedItem, standing: Iterable[Delivered]
) -> Iterator[tuple[Delivered, Draft]]:
    """Yield the resources with the items that take them away, not yet in any order."""
    for number, one in enumerate(standing, start=1):
        described: dict[str, Any] = {name: one.resource.get(name) for name in _DESCRIBED}
        yield (
            one,
            Draft(
                id=f"{item.id}-delete-{number}",
                item=item,
                order_type=OrderType.RECOVER,
                domain=DOMAIN,
                line=one.line,
                specification=one.specification,
                action=Action.DELETE,
                quantity=one.quantity,
                resource=described,
                characteristic=one.characteristic,
                place=one.resource.get("place"),
                delivered=one,
                requested_start_date=item.requested_start_date,
                waits_for=(one.last,) if one.last is not None and one.is_open else (),
            ),
        )


def _turned_round(
    deletes: Mapping[str, Draft], modified: Mapping[str, str], standing: Iterable[Delivered]
) -> Iterator[Draft]:
    """Yield the deletes, each after what was built upon its resource is gone, or changed.

    Args:
        deletes: by the resource that they take away.
        modified: ids of the items that change resources, likewise.
    """
    upon: dict[str, list[str]] = defaultdict(list)
    for one in standing:
        for target in one.relies_on:
            upon[target].append(one.resource_id)
    touched = {**modified, **{resource_id: made.id for resource_id, made in deletes.items()}}
    for resource_id, made in deletes.items():
        yield replace(
            made, depends_on=tuple(touched[other] for other in nearest(resource_id, upon, touched))
        )
