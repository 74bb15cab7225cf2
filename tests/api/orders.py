"""Resource orders as tests make and move them, by HTTP."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from make import resource_order

if TYPE_CHECKING:
    from api.client import Client


def posted(tmf652: Client, **changes: Any) -> dict[str, Any]:
    order: dict[str, Any] = tmf652.post(
        "/resourceOrder", resource_order(**changes), expect=201
    ).document
    return order


def moved(tmf652: Client, order: dict[str, Any], *states: str) -> str:
    path = f"/resourceOrder/{order['id']}"
    for state in states:
        tmf652.patch(path, {"state": state})
    return path


def at_once(client: Client, path: str, body: Any, key: str | None, *, number: int) -> list[Any]:
    """POST the same from several threads, all at the same moment."""
    ready = threading.Barrier(number)
    answers: list[Any] = []

    def post() -> None:
        own = client.at(client.door)
        ready.wait()
        answers.append(own.post(path, body, expect=201, key=key))
        own.close()

    threads = [threading.Thread(target=post) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == number
    return answers
