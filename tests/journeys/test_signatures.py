"""Signatures from process to process: several sign, a command checks, and no secret is told."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from make import resource_order
from ordergate.delivery.signing import SigningKey
from running import TMF652, Gateway, eventually, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = "/.well-known/webhook-keys"


@contextmanager
def verifying(url: str, port: int, out: Path) -> Iterator[None]:
    """Run `ordergate listen --verify`; each line of `out` is a notification."""
    command = ("listen", "--verify", "--json", "--url", url, "--port", str(port))
    with out.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "ordergate", *command], stdout=file, stderr=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(10)


def heard(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines() if line.endswith("}")]


def events_list(url: str) -> str:
    command = [sys.executable, "-m", "ordergate", "events", "list", "--json", "--url", url]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_whoever_delivers_signs_by_the_keys_that_whoever_serves_publishes(
    gateway: Gateway, mongodb_uri: str, tmp_path: Path
) -> None:
    shared = {"ORDERGATE_MONGODB_URI": mongodb_uri, "ORDERGATE_DATABASE": "journey_signatures"}
    gateway.start("--no-deliver", "--workers", "2", **shared)
    dispatcher, port, out = Gateway(tmp_path / "deliver"), free_port(), tmp_path / "heard"
    try:
        dispatcher.start(command="deliver", **shared)
        with verifying(gateway.url, port, out):
            callback = {"callback": f"http://127.0.0.1:{port}/"}
            gateway.call("POST", f"{TMF652}/hub", expect=201, json=callback)
            for _ in range(5):
                order = resource_order()
                gateway.call("POST", f"{TMF652}/resourceOrder", expect=201, json=order)
            eventually(lambda: len(heard(out)) >= 5, within=40)
    finally:
        dispatcher.close()
    assert {(one["verdict"], one["answer"]) for one in heard(out)} == {("verified", 201)}
    published = [gateway.call("GET", KEYS, expect=200) for _ in range(8)]  # by either worker
    assert all(keys == published[0] for keys in published)


def test_secret_of_the_keys_is_told_nowhere(gateway: Gateway, tmp_path: Path) -> None:
    keys = [SigningKey.generate() for _ in range(2)]
    file = tmp_path / "keys"
    file.write_text("\n".join(key.secret() for key in keys))
    gateway.start(ORDERGATE_SIGNING_KEY_FILE=str(file), ORDERGATE_LOG_LEVEL="DEBUG")
    port, out = free_port(), tmp_path / "heard"
    callback = {"callback": f"http://127.0.0.1:{port}/"}
    gateway.call("POST", f"{TMF652}/hub", expect=201, json=callback)
    gateway.call("POST", f"{TMF652}/resourceOrder", expect=201, json=resource_order())
    eventually(lambda: "attemptHistory" in events_list(gateway.url))  # nobody listens yet
    told = [events_list(gateway.url)]
    with verifying(gateway.url, port, out):
        eventually(lambda: heard(out), within=40)
    assert heard(out)[0]["verdict"] == "verified"
    told += [str(gateway.call("GET", path, expect=200)) for path in (KEYS, f"{TMF652}/hub")]
    assert gateway.end() == 0
    told += [one.read_text(errors="replace") for one in (*tmp_path.glob("*.log"), out)]
    for key in keys:
        assert not any(key.secret().removeprefix("whsk_") in text for text in told)
        assert not any("whsk_" in text for text in told)
