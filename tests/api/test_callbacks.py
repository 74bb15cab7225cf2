"""Callbacks at the hub of a gateway as it comes: nothing inside, and one answer for all of it."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from api.client import TMF641, TMF652, Client
from api.serving import listening, prepare, served
from destinations import RECORDS, REFUSED
from ordergate.assembly.running import build
from ordergate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

LITERAL = [
    one
    for one in REFUSED
    if one.startswith(("http://", "https://"))
    and not any(name in one.lower() for name in (*RECORDS, "b\u00fccher.example", "\u0000"))
]
"""URLs that no resolver is asked about."""


@pytest.fixture(scope="module")
def strict(mongodb_uri: str) -> Iterator[Client]:
    with listening() as listener:
        settings = Settings(
            port=listener.getsockname()[1],
            public_url="https://orders.example.com",
            mongodb_uri=mongodb_uri,
            database=f"callbacks_{uuid.uuid4().hex}",
            deliver=False,
        )
        asyncio.run(prepare(settings))
        with served(build(settings), listener):
            client = Client(f"http://127.0.0.1:{settings.port}")
            yield client
            client.close()


def test_every_refusal_of_a_url_reads_the_same(strict: Client) -> None:
    answers = {
        strict.post(f"{TMF652}/hub", {"callback": callback}, expect=400).text
        for callback in (*LITERAL, "http://localhost/")
    }
    (answer,) = answers
    assert "destination not allowed" in answer
    assert strict.get(f"{TMF652}/hub").document == []


@pytest.mark.parametrize("door", [TMF652, TMF641])
@pytest.mark.parametrize(
    "callback", ["https://orders.example.com/x", "https://ORDERS.example.com.:443/"]
)
def test_gateway_is_no_listener_of_its_own(strict: Client, door: str, callback: str) -> None:
    error = strict.post(f"{door}/hub", {"callback": callback}, expect=400)
    assert error["code"] == "destinationNotAllowed"


@pytest.mark.parametrize("callback", ["https://8.8.8.8/x", "http://listener.invalid:8080/x"])
def test_global_address_and_a_name_that_leads_nowhere_yet_are_taken(
    strict: Client, callback: str
) -> None:
    strict.post(f"{TMF641}/hub", {"callback": callback}, expect=201)
