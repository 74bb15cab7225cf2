"""The hub, with a listener of our own (K13: no kit looks at it; TMF630 part 1, §10)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from ordergate.conformance import expect
from ordergate.conformance.check import AbsentError, check
from ordergate.conformance.story import (
    entity_of,
    events_at,
    events_told,
    heard,
    leave,
    listen,
    nothing_came,
    story_of,
)

if TYPE_CHECKING:
    from ordergate.conformance.door import Door

_CONFLICT = 409


@check(
    "hub.register",
    why="Without the id nobody can unregister again.",
    clause="H1",
)
def register(door: Door) -> None:
    """A listener registers: 201 with id and callback."""
    path = f"/{uuid4()}"
    hub = listen(door, path)
    expect.that(isinstance(hub.get("id"), str) and hub["id"], "The hub answers without an id.")
    same = hub.get("callback") == door.listener.url + path
    expect.that(same, f"The hub answers with callback {hub.get('callback')}.")


@check(
    "hub.bad-callback",
    why="The listener believes that it is told, and never is.",
    clause="H2",
)
def bad_callback(door: Door) -> None:
    """A registration without a usable callback is refused."""
    listen(door, f"/{uuid4()}")
    for body in ({}, {"callback": "not a URL"}, {"callback": "/relative"}):
        answer = door.post(door.hub, body)
        expect.refused(answer, f"Registering {body}")


@check(
    "hub.twice",
    why="The listener would be told everything twice.",
    clause="H3",
)
def twice(door: Door) -> None:
    """The same callback and query a second time is a 409."""
    path = f"/{uuid4()}"
    listen(door, path)
    expect.status(door.post(door.hub, {"callback": door.listener.url + path}), _CONFLICT)


@check(
    "hub.unregister",
    why="A listener that has gone is called for ever.",
    clause="H4",
)
def unregister(door: Door) -> None:
    """A listener unregisters: 204; one that isn't there: 404."""
    hub = listen(door, f"/{uuid4()}")
    expect.status(leave(door, hub), expect.GONE)
    expect.status(leave(door, hub), expect.NOT_FOUND)


@check(
    "hub.notify",
    why="It is what the hub is for.",
    clause="K13, H7, H8",
)
def notify(door: Door) -> None:
    """A listener is told of a new order, by POST of an event in JSON to its callback."""
    story = story_of(door)
    arrived = door.listener.at(story.all_at)
    if not arrived:
        raise nothing_came(door, story.expected[0])
    media_types = {one.media_type.split(";")[0] for one in arrived}
    good = media_types == {"application/json"}
    expect.that(good, f"Notifications come as {', '.join(sorted(media_types))}.")
    expect.that(all(one.event for one in arrived), "A notification's body is no JSON object.")
    kind = story.expected[0]
    expect.that(
        kind in events_told(door, story), f"There was no {kind} for order {story.order_id}."
    )


@check(
    "hub.events",
    why="A listener that misses one, or gets them mixed up, shows a state that isn't.",
    clause="H5, H7, section 4",
)
def events(door: Door) -> None:
    """Every change of an order is an event of its kind, in the order of the changes."""
    story = heard(door)
    wanted = story.expected
    # A repetition keeps the place of the first; a server may tell more than it has to.
    told = [one for one in dict.fromkeys(events_told(door, story)) if one in wanted]
    expect.that(told == wanted, f"The events were {', '.join(told)}, not {', '.join(wanted)}.")


@check(
    "hub.envelope",
    why="Listeners tell repetitions by eventId, and show what the event carries.",
    clause="Section 4, H7",
)
def envelope(door: Door) -> None:
    """Every event has an id of its own, its time, its type and the whole order."""
    story = heard(door)
    found = events_at(door, story, story.all_at)
    expect.that(found, f"No event carries order {story.order_id} in event.{door.profile.order}.")
    types: dict[str, dict[str, str]] = {}
    for event in found:
        kind = str(event.get("eventType"))
        expect.mandatory(event, {"eventId": str, "eventType": str}, f"An event {kind}")
        expect.moment(event.get("eventTime"))
        types.setdefault(event["eventId"], {})[kind] = kind
        expect.mandatory(entity_of(door, event), door.profile.mandatory, f"The order in {kind}")
    mixed = [one for one, kinds in types.items() if len(kinds) > 1]
    expect.that(not mixed, f"Different events have the same eventId {', '.join(mixed)}.")


@check(
    "hub.query",
    why="A listener to changes of state drowns in all the rest.",
    clause="H6",
)
def query(door: Door) -> None:
    """A listener with a query is told what it selects, and nothing else."""
    story = heard(door)
    if story.some_at is None:
        raise AbsentError("The hub takes no query.")
    wanted = door.profile.event("StateChange")
    told = [
        str(one.event and one.event.get("eventType")) for one in door.listener.at(story.some_at)
    ]
    others = sorted(set(told) - {wanted})
    expect.that(not others, f"?eventType={wanted} was also told {', '.join(others)}.")
    due = wanted in story.expected
    expect.that(not due or told, f"{wanted} was due, and wasn't told.")


@check(
    "hub.after",
    why="The address may belong to somebody else by then.",
    clause="H4",
)
def after(door: Door) -> None:
    """Nothing is sent to a listener that has unregistered."""
    heard(door)
    path = f"/{uuid4()}"
    expect.status(leave(door, listen(door, path)), expect.GONE)
    door.order()
    told = door.listener.wait(lambda: bool(door.listener.at(path)), door.quiet)
    expect.that(not told, "It was told of an order made after it had unregistered.")


CHECKS = (register, bad_callback, twice, unregister, notify, events, envelope, query, after)
