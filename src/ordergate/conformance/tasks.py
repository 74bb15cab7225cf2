"""Cancellation: the task and what becomes of the order (K12, CP9; S13 to S22)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from ordergate.conformance import expect
from ordergate.conformance.check import AbsentError, BlockedError, ViolationError, check
from ordergate.conformance.door import NOT_OFFERED
from ordergate.model.states import OrderState

if TYPE_CHECKING:
    from ordergate.conformance.door import Door
    from ordergate.model.common import Document

_LOOK = 0.25
_ENDS = frozenset({"done", "terminatedWithError"})
_REASON = "A conformance check takes it back"


def _body(door: Door, order_id: str) -> Document:
    return {"cancellationReason": _REASON, door.profile.order: {"id": order_id}}


def _task(door: Door) -> Document:
    """Return the cancellation that the checks look at, made when first asked for."""
    if "task" not in door.memory:
        answer = door.task(_body(door, str(door.order()["id"])))
        try:
            door.memory["task"] = expect.entity(answer, expect.CREATED)
        except ViolationError as error:
            raise BlockedError(f"There is no cancellation to look at. {error}") from None
    task: Document = door.memory["task"]
    return task


@check(
    "tasks.offered",
    why="TMFC011 makes it mandatory for resource orders: without it nobody can take one back.",
    clause="CP9, K12",
)
def offered(door: Door) -> None:
    """Orders can be cancelled: GET and POST of the cancel task."""
    answer = door.get(door.tasks)
    if answer.status in NOT_OFFERED:
        text = f"{answer}: {door.profile.task} isn't offered"
        if "cancel" in door.profile.operations:
            raise ViolationError(f"{text}; CP9 makes it mandatory.")
        raise AbsentError(f"{text}.")
    expect.entities(answer)


@check(
    "tasks.create",
    why="The task is how a client follows what becomes of its wish.",
    clause="K12, K15",
)
def create(door: Door) -> None:
    """POST of a cancellation answers 201 with the task."""
    _offered_here(door)
    answer = door.task(_body(door, str(door.order()["id"])))
    task = expect.entity(answer, expect.CREATED)
    types = {"id": str, "href": str, "state": str}
    expect.mandatory(task, types, "The task that POST answers with")
    reference = task.get(door.profile.order)
    good = isinstance(reference, dict) and reference.get("id")
    expect.that(good, f"The task doesn't say which {door.profile.order} it cancels.")
    door.memory.setdefault("task", task)


@check(
    "tasks.read",
    why="Clients poll it.",
    clause="K12",
)
def read(door: Door) -> None:
    """A cancellation can be read by id, in a list, by filter and by fields."""
    _offered_here(door)
    task = _task(door)
    task_id = task["id"]
    one = expect.entity(door.get(f"{door.tasks}/{task_id}"), expect.OK)
    expect.that(one.get("id") == task_id, f"GET of {task_id} gives {one.get('id')}.")
    found = expect.entities(door.get(door.tasks, f"id={task_id}"))
    expect.that([t.get("id") for t in found] == [task_id], f"?id={task_id} finds others.")
    brief = expect.entity(door.get(f"{door.tasks}/{task_id}", "fields=state"), expect.OK)
    expect.that(set(brief) == {"id", "href", "state"}, f"fields=state gives {sorted(brief)}.")
    expect.status(door.get(f"{door.tasks}/{uuid4()}"), expect.NOT_FOUND)


@check(
    "tasks.outcome",
    why="An order whose cancellation never ends can be neither worked on nor forgotten.",
    clause="S13 to S22, 3.3, 3.4",
)
def outcome(door: Door) -> None:
    """A cancellation ends, and the order is cancelled, or stays as it was."""
    _offered_here(door)
    task = _task(door)
    until = time.monotonic() + door.patience
    while task.get("state") not in _ENDS:
        if time.monotonic() > until:
            raise BlockedError(
                f"After {door.patience:.0f} s the task is still {task.get('state')}."
            )
        time.sleep(_LOOK)
        task = expect.entity(door.get(f"{door.tasks}/{task['id']}"), expect.OK)
    reference = task.get(door.profile.order) or {}
    order = expect.entity(door.get(f"{door.orders}/{reference.get('id')}"), expect.OK)
    between = {OrderState.ASSESSING_CANCELLATION, OrderState.PENDING_CANCELLATION}
    state = order.get("state")
    expect.that(state not in between, f"The task is {task['state']}, and the order {state}.")
    if task.get("effectiveCancellationDate"):
        expect.that(state == OrderState.CANCELLED, f"It took effect, and the order is {state}.")


@check(
    "tasks.refused",
    why="A 201 would promise what can't be done.",
    clause="3.4, Q15",
)
def refused(door: Door) -> None:
    """No cancellation of an unknown order, or of one that is over, or of none."""
    _offered_here(door)
    expect.refused(door.task(_body(door, str(uuid4()))), "Cancelling an unknown order")
    expect.refused(door.task({"cancellationReason": _REASON}), "Cancelling no order")
    order = door.order()
    if door.patch(order, {"state": OrderState.REJECTED}).status == expect.OK:
        expect.refused(door.task(_body(door, str(order["id"]))), "Cancelling a rejected order")


def _offered_here(door: Door) -> None:
    """End the check where there is no cancel task; `tasks.offered` has judged that."""
    if door.get(door.tasks).status in NOT_OFFERED:
        raise AbsentError(f"{door.profile.task} isn't offered (see tasks.offered).")


CHECKS = (offered, create, read, outcome, refused)
