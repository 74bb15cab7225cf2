"""`/livez`, `/readyz` and `/metrics`, with the store there and gone."""

from __future__ import annotations

import asyncio
import gc
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from api.client import TMF641, TMF652, Client
from api.serving import listening, prepare, served
from make import LOOPBACK, example, resource_order, service_order
from ordergate.assembly.running import build
from ordergate.settings import Settings
from ordergate.storage.embedded import EmbeddedEngine, find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestWithItsStore:
    def test_it_lives_and_is_ready(self, api: Client) -> None:
        assert api.get("/livez").document == {"status": "live"}
        assert api.get("/readyz").document == {"status": "ready", "store": "available"}

    def test_decisions_are_counted(self, api: Client) -> None:
        def decided() -> float:
            lines = lines_of_ours(api.get("/metrics").text)
            counted = [line for line in lines if 'outcome="rejected"' in line and "_total" in line]
            return sum(float(line.rpartition(" ")[2]) for line in counted)

        before = decided()
        api.post(f"{TMF641}/serviceOrder", example("fibre-incorrect"), expect=201)
        assert decided() == before + 1

    def test_dry_run_is_not_counted(self, api: Client) -> None:
        before = api.get("/metrics").text
        body = {"serviceOrder": example("fibre-incorrect")}
        api.post("/gateway/v1/assessment", body, expect=200)
        assert lines_of_ours(api.get("/metrics").text) == lines_of_ours(before)


def lines_of_ours(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("ordergate_")]


@pytest.fixture(scope="module")
def abandoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A gateway whose MongoDB went away after it started."""
    with listening() as listener, ExitStack() as running:
        with EmbeddedEngine.start(tmp_path_factory.mktemp("gone"), find_mongod(None)) as engine:
            settings = Settings(
                port=listener.getsockname()[1],
                mongodb_uri=engine.uri,
                mongodb_timeout=1.0,
                deliver=False,
                callback_allow=LOOPBACK,
            )
            asyncio.run(prepare(settings))
            running.enter_context(served(build(settings), listener))
        client = Client(settings.base_url())
        running.callback(client.close)
        yield client
    with warnings.catch_warnings():
        # PyMongo leaves sockets to the collector that were connecting when their time was up.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class TestWithoutItsStore:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (f"{TMF652}/resourceOrder", resource_order()),
            (f"{TMF641}/serviceOrder", service_order()),
            (f"{TMF652}/hub", {"callback": "http://127.0.0.1:9009/"}),
            ("/gateway/v1/initiatingRequest", example("trouble-recovery")),
        ],
    )
    def test_nothing_is_taken_and_the_client_is_told_to_repeat(
        self, abandoned: Client, path: str, body: dict[str, Any]
    ) -> None:
        error = abandoned.post(path, body, expect=503)
        assert error["code"] == "storeUnavailable"
        assert error.headers["Retry-After"] == "2"
        assert "Idempotency-Key" in error["reason"]
        assert "127.0.0.1" not in error.text

    def test_reads_say_so_too(self, abandoned: Client) -> None:
        abandoned.get(f"{TMF652}/resourceOrder", expect=503)
        abandoned.get(f"{TMF652}/resourceOrder/1", expect=503)

    def test_reads_that_end_all_at_once_leave_it_answering(self, abandoned: Client) -> None:
        def lists(_: int) -> int:
            client = abandoned.at("")
            try:
                client.get(f"{TMF652}/resourceOrder", expect=503)
                client.get("/metrics")
                return client.get("/readyz", expect=503).status
            finally:
                client.close()

        with ThreadPoolExecutor(24) as many:
            assert set(many.map(lists, range(72))) == {503}

    def test_it_lives_but_is_not_ready(self, abandoned: Client) -> None:
        abandoned.get("/livez")
        answer = abandoned.get("/readyz", expect=503)
        assert answer.headers["Retry-After"] == "2"
        assert answer.document == {"status": "notReady", "store": "unavailable"}

    def test_special_request_is_not_decided_without_its_memory(self, abandoned: Client) -> None:
        body = {"serviceOrder": service_order()}
        answer = abandoned.post("/gateway/v1/assessment", body, expect=503)
        assert answer.headers["Retry-After"]
