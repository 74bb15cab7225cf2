"""What a server says when it says no (TMF630 part 1, §3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from ordergate.conformance import expect
from ordergate.conformance.check import check

if TYPE_CHECKING:
    from ordergate.conformance.door import Door
    from ordergate.conformance.session import Answer

_WHY = "Clients read `code` and `reason`; a web page or an empty body tells them nothing."


def _explained(answer: Answer) -> None:
    """Expect an `Error`: JSON, with `code` and `reason` as texts (E1)."""
    media_type = answer.headers.get("Content-Type", "none")
    expect.that(
        media_type.startswith("application/json"),
        f"{answer} with Content-Type {media_type}, not application/json.",
    )
    document = answer.document if isinstance(answer.document, dict) else {}
    for name in ("code", "reason"):
        value = document.get(name)
        expect.that(
            isinstance(value, str) and value,
            f"{answer} with an Error whose {name} is {value!r}, not a text.",
        )


@check(
    "refusals.unknown-order",
    why=_WHY,
    clause="K11, E1, E3",
)
def unknown_order(door: Door) -> None:
    """An order that isn't there: 404 with an Error."""
    _explained(expect.status(door.get(f"{door.orders}/{uuid4()}"), expect.NOT_FOUND))


@check(
    "refusals.unknown-path",
    why=_WHY,
    clause="K11, W12, E1",
)
def unknown_path(door: Door) -> None:
    """A path that isn't there: 404 with an Error."""
    _explained(expect.status(door.get(f"{door.base}/noSuchCollection"), expect.NOT_FOUND))


@check(
    "refusals.method",
    why=_WHY,
    clause="E1, E3",
)
def method(door: Door) -> None:
    """A method that isn't offered: 405 with Allow and an Error."""
    answer = door.session.call("PUT", door.orders, body={})
    _explained(expect.status(answer, expect.NOT_ALLOWED))
    expect.that(answer.headers.get("Allow"), f"{answer} without Allow.")


@check(
    "refusals.media-type",
    why=_WHY,
    clause="K2, E1, E3",
)
def media_type(door: Door) -> None:
    """A body that isn't JSON: 415 with an Error."""
    answer = door.post(door.orders, None, data=b"an order, please", media_type="text/plain")
    _explained(expect.status(answer, expect.MEDIA_TYPE))


@check(
    "refusals.malformed",
    why=_WHY,
    clause="W15, E1",
)
def malformed(door: Door) -> None:
    """JSON that can't be read: 400 with an Error."""
    answer = door.post(door.orders, None, data=b'{"category": ')
    _explained(expect.status(answer, expect.BAD))


@check(
    "refusals.wrong-type",
    why=_WHY,
    clause="W15, E1",
)
def wrong_type(door: Door) -> None:
    """An attribute of the wrong JSON type: 400 with an Error."""
    body = door.new_order(**{door.profile.item: "one item"})
    _explained(expect.status(door.post(door.orders, body), expect.BAD))


@check(
    "refusals.query",
    why=_WHY,
    clause="P6, E1",
)
def query(door: Door) -> None:
    """A query that can't be read: 400 with an Error."""
    _explained(expect.status(door.get(door.orders, "limit=many"), expect.BAD))


CHECKS = (unknown_order, unknown_path, method, media_type, malformed, wrong_type, query)
