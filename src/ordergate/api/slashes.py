"""Both slash forms of a path lead to the same place (standards: Q30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send


class EitherSlashForm:
    """Hands on a path without the slashes at its end; a redirect would lose some clients' bodies.

    Args:
        kept: paths whose slash belongs to them: pages that link to what lies beside them.
    """

    def __init__(self, app: ASGIApp, kept: Collection[str]) -> None:
        self._app = app
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http" and scope["path"] not in self._kept:
            raw: bytes = scope["raw_path"]
            if raw.endswith(b"/"):  # not %2F, which belongs to an id
                path = scope["path"].rstrip("/") or "/"
                scope = {**scope, "path": path, "raw_path": raw.rstrip(b"/") or b"/"}
        await self._app(scope, receive, send)
