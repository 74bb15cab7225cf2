"""Cancel tasks at either door: TMF652's and TMF641's differ in their name and process alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ordergate.api.exchange import created, new_entity, one, page, query

if TYPE_CHECKING:
    from starlette.responses import Response

    from ordergate.api.exchange import Reader
    from ordergate.model.common import Document
    from ordergate.process.entity import Entity, Idempotency


class Cancelling(Protocol):
    """Takes cancel tasks of one kind."""

    async def take(
        self, body: Document, task_id: str, idempotency: Idempotency | None = None
    ) -> Entity:
        """Keep the task, go on with it and return it as it is then."""


class CancelTasks:
    """What can be asked of cancel tasks; a door names the operations.

    Args:
        url: where they are listed.
    """

    def __init__(self, *, process: Cancelling, tasks: Reader, url: str, page_limit: int) -> None:
        self._process = process
        self._tasks = tasks
        self._url = url
        self._page_limit = page_limit

    async def list(self) -> Response:
        """GET the tasks."""
        asked = query(self._page_limit)
        found, total = await self._tasks.list(asked)
        return page(found, total, asked, self._url)

    async def create(self) -> Response:
        """POST a task."""
        new = new_entity()
        task = await self._process.take(new.body, new.id, new.idempotency)
        return created(task.document, task.document["href"], task.revision)

    async def retrieve(self, task_id: str) -> Response:
        """GET a task."""
        task, revision = await self._tasks.read(task_id)
        return one(task, self._page_limit, revision)
