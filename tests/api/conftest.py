"""The real application over real HTTP, once for the whole ring, with the example rules in it."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml

from api.client import GATEWAY, TMF641, TMF652, Client
from api.kinds import BY_TMF641, KINDS, Bench
from api.serving import listening, prepare, served
from make import EXAMPLES, LOOPBACK
from ordergate.assembly.running import build
from ordergate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def store_settings(mongodb_uri: str) -> Settings:
    """How the gateway is set up; a database of its own."""
    return Settings(
        mongodb_uri=mongodb_uri,
        database=f"api_{uuid.uuid4().hex}",
        deliver=False,
        callback_allow=LOOPBACK,
        catalog_interval=0.02,  # a change of the rules is answered when it is in force
    )


@pytest.fixture(scope="session")
def url(store_settings: Settings) -> Iterator[str]:
    """Where the gateway serves; `127.0.0.1`, a port of its own."""
    with listening() as listener:
        settings = replace(store_settings, port=listener.getsockname()[1])
        asyncio.run(prepare(settings))
        with served(build(settings), listener):
            put_example_rules(settings.base_url())
            yield settings.base_url()


def put_example_rules(url: str) -> None:
    client = Client(url, GATEWAY)
    for file in sorted((EXAMPLES / "catalog").glob("*.yaml")):
        rule = yaml.safe_load(file.read_text())
        client.put(f"/resourceOrderRule/{rule['id']}", rule, expect=201)
    client.close()


def client_of(request: pytest.FixtureRequest, door: str) -> Client:
    client = Client(request.getfixturevalue("url"), door)
    request.addfinalizer(client.close)
    return client


@pytest.fixture(scope="session")
def api(request: pytest.FixtureRequest) -> Client:
    return client_of(request, "")


@pytest.fixture(scope="session")
def tmf652(request: pytest.FixtureRequest) -> Client:
    return client_of(request, TMF652)


@pytest.fixture(scope="session")
def tmf641(request: pytest.FixtureRequest) -> Client:
    return client_of(request, TMF641)


@pytest.fixture(scope="session")
def gateway(request: pytest.FixtureRequest) -> Client:
    return client_of(request, GATEWAY)


@pytest.fixture(params=KINDS, ids=str)
def bench(request: pytest.FixtureRequest, api: Client) -> Bench:
    """Each kind of request, by each door that it may come through."""
    return Bench(api, request.param)


@pytest.fixture(params=BY_TMF641, ids=str)
def tmf641_bench(request: pytest.FixtureRequest, api: Client) -> Bench:
    """The kinds of request that a service order may be."""
    return Bench(api, request.param)
