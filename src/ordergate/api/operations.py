"""Beside the doors: what whoever runs the gateway looks at, and listeners find its keys by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from ordergate.api.exchange import answer
from ordergate.errors import StoreUnavailableError
from ordergate.model.addresses import WEBHOOK_KEYS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from ordergate.model.common import Document

PATHS = ("/livez", "/readyz", "/metrics", WEBHOOK_KEYS)

_CACHEABLE = {"Cache-Control": "public, max-age=300"}


class Operations:
    """Liveness, readiness, metrics, and the keys of notifications.

    Args:
        ping: raises StoreUnavailableError if the store doesn't answer.
        figures: returns the metrics as text, and its media type.
        keys: returns the public keys as a JWK set.
    """

    def __init__(
        self,
        *,
        ping: Callable[[], Awaitable[None]],
        figures: Callable[[], Awaitable[tuple[bytes, str]]],
        keys: Callable[[], Document],
    ) -> None:
        self._ping = ping
        self._figures = figures
        self._keys = keys

    def routes(self) -> list[Route]:
        """Return the paths, each with its page."""
        pages = zip(PATHS, (self.livez, self.readyz, self.metrics, self.webhook_keys), strict=True)
        return [Route(path, page, methods=["GET"]) for path, page in pages]

    async def livez(self, _: Request) -> Response:
        """Say that the process runs; it says nothing of the store."""
        return answer({"status": "live"})

    async def readyz(self, _: Request) -> Response:
        """Say whether requests can be taken: the store answers."""
        try:
            await self._ping()
        except StoreUnavailableError:
            return answer({"status": "notReady", "store": "unavailable"}, 503, {"Retry-After": "2"})
        return answer({"status": "ready", "store": "available"})

    async def metrics(self, _: Request) -> Response:
        """Return the metrics, for Prometheus."""
        text, media_type = await self._figures()
        return Response(text, media_type=media_type)

    async def webhook_keys(self, _: Request) -> Response:
        """Return the public keys: a JWK set, each key spelt as Standard Webhooks does, too."""
        return answer(self._keys(), headers=_CACHEABLE)
