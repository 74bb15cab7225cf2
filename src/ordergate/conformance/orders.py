"""An order's creation, reading, change and removal (K3, K5, K9 to K11, K14; CP1 to CP10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ordergate.conformance import expect
from ordergate.conformance.check import check

if TYPE_CHECKING:
    from ordergate.conformance.door import Door
    from ordergate.model.common import Document

_LONG_AGO = "2001-01-01T00:00:00Z"
_MERGE = "application/merge-patch+json"


def _now(door: Door, order: Document) -> Document:
    """Return the order as a GET has it."""
    return expect.entity(door.get(door.url_of(order)), expect.OK)


@check(
    "orders.create",
    why="Everything else stands on it: the id to ask for, the state to wait on.",
    clause="K3, K15, CP1, CP2, W1",
)
def create(door: Door) -> None:
    """POST answers 201 with the order and its mandatory attributes."""
    answer = door.post(door.orders, door.new_order())
    order = expect.entity(answer, expect.CREATED)
    expect.mandatory(order, door.profile.mandatory, "The order that POST answers with")
    state, allowed = order["state"], door.profile.first_states
    expect.that(state in allowed, f"A new order is {state}, not {' or '.join(sorted(allowed))}.")
    expect.moment(order["orderDate"])


@check(
    "orders.location",
    why="A client that follows Location and one that keeps href must meet at the same place.",
    clause="CP3, W1",
)
def location(door: Door) -> None:
    """Location is the order's href."""
    answer = door.post(door.orders, door.new_order())
    href = expect.entity(answer, expect.CREATED).get("href")
    found = answer.headers.get("Location")
    expect.that(found and found == href, f"Location is {found}, and href is {href}.")


@check(
    "orders.json",
    why="Clients choose their reader by the Content-Type.",
    clause="K2",
)
def json(door: Door) -> None:
    """Answers are application/json."""
    answer = expect.status(door.get(door.url_of(door.samples()[0])), expect.OK)
    found = answer.headers.get("Content-Type", "")
    expect.that(found.startswith("application/json"), f"{answer} with Content-Type {found!r}.")


@check(
    "orders.owned",
    why="Kits and clients send whole orders back; an id or a state of theirs must not be kept.",
    clause="K14, CP3, CP10, W2",
)
def owned(door: Door) -> None:
    """What the server owns is ignored in POST, not refused and not taken."""
    own = {"id": str(uuid4()), "state": "completed", "orderDate": _LONG_AGO}
    order = expect.entity(door.post(door.orders, door.new_order(**own)), expect.CREATED)
    for name in ("id", "orderDate"):
        expect.that(order.get(name) != own[name], f"{name} is the client's: {own[name]}.")
    moment = expect.moment(order.get("orderDate"))
    expect.that(moment > expect.moment(_LONG_AGO), "orderDate is the client's, rewritten.")
    state = order.get("state")
    expect.that(state in door.profile.first_states - {"completed"}, f"A new order is {state}.")


@check(
    "orders.items",
    why="Progress is told item by item, and dependencies point at item ids.",
    clause="CP5, CP10",
)
def items(door: Door) -> None:
    """Each item of a new order has an id, its action and a state."""
    order = door.samples()[0]
    found = order.get(door.profile.item)
    expect.that(isinstance(found, list) and found, f"The order has no {door.profile.item}.")
    for item in found or []:
        for name in ("id", "action", "state"):
            expect.that(item.get(name), f"An item has no {name}.")
        allowed = door.profile.first_states
        good = item["state"] in allowed
        expect.that(good, f"An item of a new order is {item['state']}.")


@check(
    "orders.read",
    why="What was promised at creation must be what is kept.",
    clause="K5, CP1",
)
def read(door: Door) -> None:
    """GET by id has what POST answered."""
    order = door.samples()[0]
    kept = _now(door, order)
    expect.mandatory(kept, door.profile.mandatory, "The order that GET answers with")
    for name in ("id", "href", "orderDate", "externalId", "category", "description"):
        same = kept.get(name) == order.get(name)
        expect.that(same, f"{name} was {order.get(name)!r}, and is {kept.get(name)!r}.")


@check(
    "orders.no-null",
    why="A null where a text is declared breaks typed clients.",
    clause="CP2, W16",
)
def no_null(door: Door) -> None:
    """Attributes without a value are left out."""
    order = _now(door, door.samples()[0])
    nulls = [name for name, value in order.items() if value is None]
    expect.that(not nulls, f"{', '.join(nulls)} is null.")


@check(
    "orders.patch",
    why="The kit sends its merge patch so.",
    clause="K9, CP1, W5, W12",
)
def patch(door: Door) -> None:
    """PATCH with application/json changes the order, and answers with it whole."""
    order = door.order()
    changed = expect.entity(door.patch(order, {"description": "changed"}), expect.OK)
    expect.mandatory(changed, door.profile.mandatory, "The order that PATCH answers with")
    for where, document in (("answer", changed), ("order", _now(door, order))):
        found = document.get("description")
        expect.that(found == "changed", f"In the {where} description is {found!r}.")


@check(
    "orders.merge-patch",
    why="It is the mandatory way to patch (RFC 7396).",
    clause="CP1, W5",
)
def merge_patch(door: Door) -> None:
    """PATCH with application/merge-patch+json changes what it names, and null removes."""
    order = door.order()
    change = {"description": None, "category": "changed"}
    expect.entity(door.patch(order, change, media_type=_MERGE), expect.OK)
    kept = _now(door, order)
    expect.that("description" not in kept, "description is there, though null removes it.")
    expect.that(kept.get("category") == "changed", f"category is {kept.get('category')!r}.")
    same = kept.get("externalId") == order.get("externalId")
    expect.that(same, "externalId changed, though the patch doesn't name it.")


@check(
    "orders.immutable",
    why="References to the order, and what was ordered, would change under everybody.",
    clause="CP7, W6",
)
def immutable(door: Door) -> None:
    """PATCH refuses id, href, dates of the server's, and the id and action of items."""
    order = door.order()
    item = door.profile.item
    first: Document = order.get(item, [{}])[0]
    changes: tuple[tuple[str, Any], ...] = (
        ("id", str(uuid4())),
        ("href", f"{door.orders}/{uuid4()}"),
        ("orderDate", _LONG_AGO),
        ("completionDate", _LONG_AGO),
        (item, [{**first, "action": "delete"}]),
    )
    before = _now(door, order)
    for name, value in changes:
        expect.refused(door.patch(order, {name: value}), f"PATCH of {name}")
        kept = _now(door, order).get(name)
        expect.that(kept == before.get(name), f"PATCH changed {name}, though it was refused.")


@check(
    "orders.delete",
    why="An order that is still found is worked on.",
    clause="K10, CP1, W13",
)
def delete(door: Door) -> None:
    """DELETE answers 204, and the order is gone."""
    order = door.order()
    expect.status(door.delete(order), expect.GONE)
    expect.status(door.get(door.url_of(order)), expect.NOT_FOUND)
    expect.status(door.session.call("DELETE", door.url_of(order)), expect.NOT_FOUND)


@check(
    "orders.unknown",
    why="Anything else looks like an order.",
    clause="K11, CP1, W12",
)
def unknown(door: Door) -> None:
    """An id or a collection that isn't there is a 404."""
    expect.status(door.get(f"{door.orders}/{uuid4()}"), expect.NOT_FOUND)
    expect.status(door.get(f"{door.base}/{door.profile.order.lower()}"), expect.NOT_FOUND)


CHECKS = (
    create,
    location,
    json,
    owned,
    items,
    read,
    no_null,
    patch,
    merge_patch,
    immutable,
    delete,
    unknown,
)
