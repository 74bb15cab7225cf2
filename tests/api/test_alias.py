"""TMF652 at its other published base path: the same orders, behind a setting."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest
import requests

from api.client import TMF652
from api.serving import listening, prepare, served
from make import LOOPBACK
from ordergate.api.exchange import RESOURCE_ORDERING_ALIAS as ALIAS
from ordergate.assembly.running import build
from ordergate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDER = {"orderItem": [{"action": "add", "resourceSpecification": {"id": "x"}}]}


@pytest.fixture(scope="module")
def both(mongodb_uri: str) -> Iterator[str]:
    with listening() as listener:
        settings = Settings(
            port=listener.getsockname()[1],
            mongodb_uri=mongodb_uri,
            database=f"api_{uuid.uuid4().hex}",
            deliver=False,
            callback_allow=LOOPBACK,
            alias=True,
        )
        asyncio.run(prepare(settings))
        with served(build(settings), listener):
            yield settings.base_url()


def test_order_made_at_the_alias_is_the_same_order_at_both(both: str) -> None:
    made = requests.post(f"{both}{ALIAS}/resourceOrder", json=ORDER, timeout=20)
    assert made.status_code == 201
    href = made.json()["href"]
    assert href == made.headers["Location"] == f"{both}{TMF652}/resourceOrder/{made.json()['id']}"
    for base in (TMF652, ALIAS):
        read = requests.get(f"{both}{base}/resourceOrder/{made.json()['id']}", timeout=20)
        assert (read.status_code, read.json()) == (200, made.json())


def test_repeated_request_is_known_again_at_the_other_path(both: str) -> None:
    key = {"Idempotency-Key": "once"}
    made = [
        requests.post(f"{both}{base}/resourceOrder", json=ORDER, headers=key, timeout=20).json()
        for base in (TMF652, ALIAS)
    ]
    assert made[0]["id"] == made[1]["id"]


@pytest.mark.parametrize("base", [TMF652, ALIAS])
def test_both_paths_refuse_alike(both: str, base: str) -> None:
    unknown = requests.get(f"{both}{base}/resourceOrder?sort=unknown", timeout=20)
    assert (unknown.status_code, unknown.json()["message"]) == (400, "sort")
    wrong = requests.put(f"{both}{base}/resourceOrder", json=ORDER, timeout=20)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, POST")
    assert requests.post(f"{both}{base}/resourceOrder", json={}, timeout=20).status_code == 400


def test_without_the_setting_there_is_no_alias(url: str) -> None:
    assert requests.get(f"{url}{ALIAS}/resourceOrder", timeout=20).status_code == 404
