"""A running gateway to measure, and an event as it really is."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ordergate.assembly.stores import Stores
from ordergate.catalog.load import load_rules
from ordergate.cli.demo import find_examples
from ordergate.cli.gateway_process import free_port, running_gateway
from ordergate.client import GatewayClient
from ordergate.model.common import Api
from ordergate.model.notification import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.model.common import Document
    from ordergate.settings import Settings

_CREATED = "ResourceOrderCreateEvent"


@contextmanager
def gateway(settings: Settings) -> Iterator[GatewayClient]:
    """Run a gateway with the example rules."""
    on_port = replace(settings, port=free_port("127.0.0.1", 0))
    with running_gateway(on_port) as process, GatewayClient(on_port.base_url()) as client:
        process.wait_until(client.is_ready)
        for rule in load_rules(find_examples() / "catalog")[0]:
            client.put_rule(rule.document)
        yield client


def issued_event(settings: Settings) -> Document:
    """Return the event of a resource order that was issued for an example order."""
    example = find_examples() / "requests" / "fibre-standard.json"
    with gateway(settings) as client:
        client.order_service(json.loads(example.read_text(encoding="utf-8")))
        until = time.monotonic() + 30
        while not (found := asyncio.run(_told(settings))):
            if time.monotonic() > until:
                raise TimeoutError("no event came to be")
            time.sleep(0.1)
    return max(found, key=lambda event: len(str(event)))


async def _told(settings: Settings) -> list[Document]:
    """Return the events of resource orders that came to be."""
    stores = Stores(settings)
    parts = stores.events.told_by(Api.RESOURCE_ORDERING, Span())
    found = [event.document async for part in parts for event in part]
    await stores.close()
    return [one for one in found if one["eventType"] == _CREATED]
