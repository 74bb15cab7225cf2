"""History: what issued resource orders say that they did, and still do, to resources.

Documents are read as they are now: states are Track & Manage's, and a client may have written into
its own orders whatever it likes, so nothing is taken for granted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from ordergate.model.common import Action, Specification
from ordergate.model.order import ItemReference, OrderType
from ordergate.model.relationships import is_dependency
from ordergate.model.states import FINAL, UNDER_CANCELLATION, OrderState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ordergate.model.common import Document

ItemKey = tuple[str, str]
"""An order's id and the id of an item in it."""

_IN_VAIN = frozenset({OrderState.FAILED, OrderState.CANCELLED, OrderState.REJECTED})
_ACTIONS = {str(action): action for action in Action} | {"no_change": Action.NO_CHANGE}


class Effect(Enum):
    """What an item has come to."""

    DONE = auto()
    OPEN = auto()
    """It counts as what it will bring."""
    UNCLEAR = auto()
    """Its order is being cancelled: nobody knows yet what will be left of it."""
    NONE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one item of an issued order does to one resource.

    Args:
        line: the line of the rule that it stands for; None where nobody said.
        given: names of the characteristics that a rule gave, where that is known: others were
            added by whoever built it.
        waits: the items that it waited for.
    """

    item: ItemReference
    effect: Effect
    action: Action
    resource_id: str
    resource: Document
    specification: Specification | None
    characteristic: Mapping[str, Any]
    quantity: int
    domain: str
    line: str | None
    service_id: str | None
    given: frozenset[str] | None
    waits: tuple[ItemKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedOrder:
    """An issued order, as far as later decisions need it.

    Args:
        request_id: the request that it was issued for.
        services: the services that its items are for; None among them is an item for no service.
        is_survey: it asks for a feasibility assessment, so it delivers nothing.
        is_untouched: nobody has begun with it.
        waits_for: the other orders that items of it wait for.
        exits: the items that nothing in it waits for.
    """

    id: str
    href: str | None
    request_id: str | None
    services: frozenset[str | None]
    state: str
    is_survey: bool
    is_untouched: bool
    waits_for: frozenset[str]
    exits: tuple[ItemReference, ...]
    step: tuple[Step, ...]

    @property
    def is_open(self) -> bool:
        """Whether it isn't over."""
        return self.state not in FINAL


def history(documents: Iterable[Document]) -> tuple[IssuedOrder, ...]:
    """Return what the orders say, in the order that they come in."""
    return tuple(_issued(document) for document in documents)


def _issued(document: Document) -> IssuedOrder:
    items = [item for item in document.get("orderItem", ()) if isinstance(item, dict)]
    order_id, href = document["id"], _text(document.get("href"))
    keys = {item.get("id"): tuple(_waits(item, order_id)) for item in items}
    waited_for = {key for waits in keys.values() for key in waits}
    states = {item.get("state") for item in items} | {document.get("state")}
    is_survey = document.get("orderType") == OrderType.FEASIBILITY
    return IssuedOrder(
        id=order_id,
        href=href,
        request_id=_text(_map(document.get("initiatingRequest")).get("id")),
        services=frozenset(_service_of(item) for item in items),
        state=str(document.get("state")),
        is_survey=is_survey,
        is_untouched=states == {OrderState.ACKNOWLEDGED},
        waits_for=frozenset(other for other, _ in waited_for if other != order_id),
        exits=tuple(
            ItemReference(item["id"], order_id, href)
            for item in items
            if "id" in item and (order_id, item["id"]) not in waited_for
        ),
        step=() if is_survey else tuple(_steps(document, items, href, keys)),
    )


def _steps(
    document: Document,
    items: Iterable[Document],
    href: str | None,
    waits: Mapping[Any, tuple[ItemKey, ...]],
) -> Iterator[Step]:
    """Yield what the items do, those that name a resource."""
    for item in items:
        resource = _map(item.get("resource"))
        resource_id, action = _text(resource.get("id")), _ACTIONS.get(str(item.get("action")))
        if resource_id is None or action is None or "id" not in item:
            continue
        requested = _map(item.get("requestedItem"))
        given = requested.get("characteristic")
        quantity = item.get("quantity")
        yield Step(
            item=ItemReference(item["id"], document["id"], href),
            effect=_effect(item, document),
            action=action,
            resource_id=resource_id,
            resource=resource,
            specification=specification_of(item) or specification_of(resource),
            characteristic=dict(_characteristics(resource)),
            quantity=quantity if type(quantity) is int else 1,
            domain=_text(document.get("domain")) or "default",
            line=_text(requested.get("line")),
            service_id=_service_of(item),
            given=frozenset(map(str, given)) if isinstance(given, list) else None,
            waits=waits[item["id"]],
        )


def _effect(item: Document, order: Document) -> Effect:
    state, whole = item.get("state"), order.get("state")
    if state == OrderState.COMPLETED:
        return Effect.DONE
    if state in _IN_VAIN:
        return Effect.NONE
    if whole in FINAL:
        return Effect.DONE if whole == OrderState.COMPLETED else Effect.NONE
    if whole in UNDER_CANCELLATION or state in UNDER_CANCELLATION:
        return Effect.UNCLEAR
    return Effect.OPEN


def _waits(item: Document, order_id: str) -> Iterator[ItemKey]:
    for related in item.get("orderItemRelationship") or ():
        target = _map(_map(related).get("orderItem"))
        if is_dependency(_map(related).get("relationshipType")) and _text(target.get("itemId")):
            yield _text(target.get("resourceOrderId")) or order_id, target["itemId"]


def specification_of(described: Document) -> Specification | None:
    """Return the resource specification that an item or a resource names."""
    named = _map(described.get("resourceSpecification"))
    known = {name: _text(named.get(name)) for name in ("id", "name", "version", "href")}
    specification_id = known.pop("id")
    return Specification(specification_id, **known) if specification_id else None


def _characteristics(resource: Document) -> Iterator[tuple[str, Any]]:
    for one in resource.get("resourceCharacteristic") or ():
        if isinstance(one, dict) and _text(one.get("name")):
            yield one["name"], one.get("value")


def _service_of(item: Document) -> str | None:
    return _text(_map(_map(item.get("requestedItem")).get("service")).get("id"))


def _map(value: object) -> Document:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
