"""What a listener is told of one order, from its creation to its removal."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ordergate.conformance import expect
from ordergate.conformance.check import (
    AbsentError,
    BlockedError,
    FindingError,
    ViolationError,
)
from ordergate.conformance.door import NOT_OFFERED, segment
from ordergate.conformance.session import is_loopback

if TYPE_CHECKING:
    from ordergate.conformance.door import Door
    from ordergate.conformance.session import Answer
    from ordergate.model.common import Document


@dataclass(frozen=True, slots=True)
class Story:
    """What was done to one order while two listeners were registered, and what they were told.

    Args:
        all_at: path of the listener to everything.
        some_at: path of the listener to changes of state; None where no query is taken.
        expected: the events that what was done owes, in their order.
    """

    order_id: str
    all_at: str
    some_at: str | None
    expected: list[str] = field(default_factory=list)


def listen(door: Door, path: str, query: str | None = None) -> Document:
    """Register our listener.

    Raises:
        AbsentError: there is no hub.
        BlockedError: the server refuses our callback.
    """
    callback = door.listener.url + path
    answer = door.post(door.hub, {"callback": callback} | ({"query": query} if query else {}))
    if answer.status in NOT_OFFERED:
        raise AbsentError(f"{answer}: there is no hub.")
    if expect.BAD <= answer.status < 500:  # noqa: PLR2004 - the end of 4xx
        raise BlockedError(
            f"The server refuses the callback {callback} ({_reason(answer)}); "
            "--listener-host names an address that it may take."
        )
    return expect.entity(answer, expect.CREATED)


def leave(door: Door, hub: Document) -> Answer:
    """Unregister our listener."""
    return door.session.call("DELETE", f"{door.hub}/{segment(hub.get('id'))}")


def _reason(answer: Answer) -> str:
    document = answer.document if isinstance(answer.document, dict) else {}
    return str(document.get("reason") or f"status {answer.status}")[:200]


def story_of(door: Door) -> Story:
    """Return what the listeners were told, after making it happen when first asked for."""
    if "story" not in door.memory:
        try:
            door.memory["story"] = _told(door)
        except FindingError as error:
            door.memory["story"] = error
    if isinstance(door.memory["story"], FindingError):
        raise door.memory["story"]
    story: Story = door.memory["story"]
    return story


def _told(door: Door) -> Story:
    """Register, do what there is to do to an order, and wait for what it owes."""
    all_at, some_at = f"/all-{uuid4()}", f"/some-{uuid4()}"
    hubs = [listen(door, all_at)]
    state_change = door.profile.event("StateChange")
    try:
        hubs.append(listen(door, some_at, f"eventType={state_change}"))
    except FindingError:
        some_at = ""
    story = Story(str(door.order()["id"]), all_at, some_at or None)
    story.expected.append(door.profile.event("Create"))
    try:
        _happen(door, story)
        door.listener.wait(
            lambda: len(events_told(door, story)) >= len(story.expected), door.patience
        )
        time.sleep(door.quiet)
    finally:
        for hub in hubs:
            leave(door, hub)
    return story


def _happen(door: Door, story: Story) -> None:
    """Change, move and remove the order, as far as the server lets us."""
    order: Document = {"id": story.order_id}
    steps: tuple[tuple[Any, str], ...] = (
        ({"description": "changed"}, "AttributeValueChange"),
        ({"state": "rejected"}, "StateChange"),
        (None, "Delete"),
    )
    for change, kind in steps:
        try:
            answer = door.delete(order) if change is None else door.patch(order, change)
        except FindingError:
            continue  # `orders` and `states` judge that
        if answer.status < expect.BAD:
            story.expected.append(door.profile.event(kind))


def events_told(door: Door, story: Story) -> list[str]:
    """Return the types of the story's events, as the listener to everything was told them."""
    return [str(event.get("eventType")) for event in events_at(door, story, story.all_at)]


def events_at(door: Door, story: Story, path: str) -> list[Document]:
    """Return the story's events that were sent to a path."""
    found = [one.event for one in door.listener.at(path) if one.event is not None]
    return [one for one in found if entity_of(door, one).get("id") == story.order_id]


def entity_of(door: Door, event: Document) -> Document:
    """Return the order that an event carries; an empty one where it carries none."""
    payload = event.get("event")
    entity = payload.get(door.profile.order) if isinstance(payload, dict) else None
    return entity if isinstance(entity, dict) else {}


def heard(door: Door) -> Story:
    """Return the story, if anything of it came to our listener."""
    story = story_of(door)
    if not door.listener.at(story.all_at):
        raise BlockedError("Nothing came at all (see hub.notify).")
    return story


def nothing_came(door: Door, due: str) -> FindingError:
    """Return the verdict on silence: a server that isn't on this machine may not reach us."""
    text = f"Nothing came to {door.listener.url} within {door.patience:.0f} s"
    if is_loopback(door.base):
        return ViolationError(f"{text}, though {due} was due.")
    return BlockedError(
        f"{text}: the server doesn't notify, or can't reach that address (--listener-host)."
    )
