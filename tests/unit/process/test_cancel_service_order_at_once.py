"""Two processes at the cancellation of one service order: neither is a stranger to the other."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from desk import at_once
from fakes import CrashError, FaultAt
from fakes_orders import InMemoryCancelTaskBook, InMemoryOrderBook
from make import example
from ordergate.errors import NotFoundError
from service_desk import ServiceDesk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ordergate.process.entity import Entity


class Overtaking:
    """Lets somebody else go on, once, between a look and what follows from it."""

    def __init__(self) -> None:
        self.go_on: Callable[[], Awaitable[object]] | None = None

    async def __call__(self) -> None:
        go_on, self.go_on = self.go_on, None
        if go_on is not None:
            await go_on()


class OvertakenTasks(InMemoryCancelTaskBook):
    """Is overtaken where a task isn't there."""

    def __init__(self, overtaking: Overtaking) -> None:
        super().__init__()
        self._overtaking = overtaking

    async def get(self, task_id: str) -> Entity:
        try:
            return await super().get(task_id)
        except NotFoundError:
            await self._overtaking()
            raise


class OvertakenOrders(InMemoryOrderBook):
    """Is overtaken after the orders of a request were read."""

    def __init__(self, overtaking: Overtaking) -> None:
        super().__init__()
        self._overtaking = overtaking

    async def of_request(self, request_id: str) -> Sequence[Entity]:
        found = await super().of_request(request_id)
        await self._overtaking()
        return found


@pytest.mark.parametrize("where", ["tasks", "orders"])
@pytest.mark.parametrize("look", range(1, 7))
@pytest.mark.parametrize("point", ["afterCancelTask", "afterTaskEnded", "afterServiceTaskEnded"])
def test_process_that_is_overtaken_denies_nothing(where: str, look: int, point: str) -> None:
    overtaking = Overtaking()
    desk = ServiceDesk(
        example("fibre-standard"),
        orders=OvertakenOrders(overtaking) if where == "orders" else None,
        resource_tasks=OvertakenTasks(overtaking) if where == "tasks" else None,
    )
    mine = desk.cancellations
    other = desk.restarted(FaultAt(point)).cancellations
    left = look

    async def overtake() -> None:
        """Go on as far as the fault point, but only at that look."""
        nonlocal left
        left -= 1
        if left:
            overtaking.go_on = overtake
            return
        with suppress(CrashError):
            await other.sweep(older_than=0)

    overtaking.go_on = overtake
    asked = {"serviceOrder": {"id": "req-1"}}
    at_once(mine.take(asked, "task-1"))
    desk.restarted().sweep()
    task = desk.task()
    assert (task["state"], task.get("completionMessage")) == ("done", None)
    assert task["effectiveCancellationDate"]
    assert (desk.service_order["state"], set(desk.states)) == ("cancelled", {"cancelled"})
