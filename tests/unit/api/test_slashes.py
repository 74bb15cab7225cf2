from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ordergate.api.slashes import EitherSlashForm

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


def handed_on(raw_path: str, path: str, kind: str = "http") -> dict[str, Any]:
    """Return the scope that the app behind gets to see."""
    seen: list[dict[str, Any]] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(dict(scope))
        await asyncio.sleep(0)

    async def receive() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    scope = {"type": kind, "path": path, "raw_path": raw_path.encode()}
    asyncio.run(EitherSlashForm(app, {"/door/ui/"})(scope, receive, send))
    return seen[0]


@pytest.mark.parametrize(
    ("raw_path", "path", "expected"),
    [
        ("/door/order", "/door/order", "/door/order"),
        ("/door/order/", "/door/order/", "/door/order"),
        ("/door/order/7//", "/door/order/7//", "/door/order/7"),
        ("/", "/", "/"),
        ("//", "//", "/"),
        ("/door/ui/", "/door/ui/", "/door/ui/"),
        ("/door/order/7%2F", "/door/order/7/", "/door/order/7/"),
    ],
)
def test_slash_at_the_end_is_taken_away(raw_path: str, path: str, expected: str) -> None:
    assert handed_on(raw_path, path)["path"] == expected


def test_raw_path_goes_along() -> None:
    assert handed_on("/a%20b/", "/a b/")["raw_path"] == b"/a%20b"


def test_what_is_no_request_passes() -> None:
    assert handed_on("/", "/", "lifespan")["type"] == "lifespan"
