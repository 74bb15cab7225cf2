"""How long a decision takes: alone, and over HTTP until all its orders can be read.

The promises: a 16-item order takes under 5 ms to decide; a VPN with 500 sites, some 1,000 order
items, is decided and stored in under 2 s.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure, timed
from ordergate.catalog.compile import compile_rule
from ordergate.catalog.load import load_rules
from ordergate.cli.demo import find_examples
from ordergate.cli.gateway_process import free_port, running_gateway
from ordergate.client import GatewayClient
from ordergate.model.addresses import Addresses
from ordergate.process.decide import decide
from ordergate.process.intake import intake
from ordergate.process.issue import issue
from ordergate.process.knowledge import Knowledge
from ordergate.schemas.record import StandardDocuments
from ordergate.schemas.service_order import read_service_order
from ordergate.schemas.service_order_kept import write_service_order
from ordergate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Effort
    from ordergate.model.common import Document
    from ordergate.process.rules import Rule

_ADDRESSES = Addresses("http://gateway.example")
_MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
_CASE = "decision"
_SITES = 500


def figures(effort: Effort) -> Iterator[Figure]:
    """Yield the decision alone, with the documents written, and the whole way."""
    rounds = 2 if effort.quick else 9
    book = [rule for rule in map(_compiled, _rules()) if rule is not None]
    for count, goal in ((4, 5.0), (16, 5.0), (100, None), (500, None)):
        yield from _alone(f"{count} fibre accesses", _fibres(count), book, rounds, goal)
    for sites in (8, 50, _SITES):
        yield from _alone(f"VPN with {sites} sites", _vpn(sites), book, rounds, None)
    yield _whole_way(rounds)


def _rules() -> list[Document]:
    """Return the example rules, without the condition that wants a look at each large VPN."""
    loaded, problems = load_rules(find_examples() / "catalog")
    assert not problems  # noqa: S101 - they are ours
    return [{k: v for k, v in one.document.items() if k not in _LEFT_OUT} for one in loaded]


_LEFT_OUT = {"special", "tests"}


def _compiled(document: Document) -> Rule | None:
    return compile_rule(document)[0]


def _fibres(count: int) -> Document:
    """Return an order for that many services, each a standard set of its own."""
    order = _example("fibre-standard")
    item = order["serviceOrderItem"][0]
    items = [{**item, "id": str(number)} for number in range(1, count + 1)]
    return {**order, "serviceOrderItem": items}


def _vpn(sites: int) -> Document:
    """Return an order for one VPN: two order items for each site, and one for all."""
    order = _example("vpn-and-fibre")
    item = next(
        one
        for one in order["serviceOrderItem"]
        if one["service"]["serviceSpecification"]["id"] == "svc-business-vpn"
    )
    named = {
        "routeTarget": "65000:7",
        "sites": [{"name": f"site-{n}", "bandwidth": 100} for n in range(sites)],
    }
    values = [{"name": name, "value": value} for name, value in named.items()]
    service = {**item["service"], "serviceCharacteristic": values}
    alone = {k: v for k, v in item.items() if k != "serviceOrderItemRelationship"}
    return {**order, "serviceOrderItem": [{**alone, "service": service}]}


def _example(name: str) -> Document:
    path = find_examples() / "requests" / f"{name}.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _alone(
    what: str, order: Document, rules: list[Rule], rounds: int, goal: float | None
) -> Iterator[Figure]:
    """Yield how long it takes to decide an order, and to write down what was decided."""
    request = intake(read_service_order(order), "request-1", _ADDRESSES, _MOMENT)
    known, documents = Knowledge(rules=rules), StandardDocuments()
    decision = decide(request, known, _ADDRESSES, _MOMENT)
    assert decision.outcome == "standard", decision.outcome  # noqa: S101 - else it measures another thing
    items = sum(len(one.item) for one in decision.all_orders)
    taken = timed(partial(decide, request, known, _ADDRESSES, _MOMENT), rounds)
    yield _figure(f"decide: {what}, {items} order items", taken, goal)

    def written() -> None:
        service_order = write_service_order(order, decision, _ADDRESSES)
        issue(decision, documents, service_order, None)

    yield _figure(f"write: {what}", timed(written, rounds))


def _whole_way(rounds: int) -> Figure:
    """Return how long a large order takes until each of its resource orders can be read."""
    order = _vpn(_SITES)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(port=free_port("127.0.0.1", 0), data_dir=Path(folder) / "data")
        with (
            running_gateway(settings) as gateway,
            GatewayClient(f"http://127.0.0.1:{settings.port}") as client,
        ):
            gateway.wait_until(client.is_ready)
            for rule in _rules():
                client.put_rule(rule)
            taken, _ = timed(partial(_issued, client, order), rounds)
    return _figure(f"POST: VPN with {_SITES} sites, all orders read", (taken, ()), 2000.0)


def _figure(
    what: str, taken: tuple[tuple[float, ...], tuple[float, ...]], goal: float | None = None
) -> Figure:
    values, computed = taken
    return Figure(case=_CASE, what=what, values=values, computed=computed, at_most=goal)


def _issued(client: GatewayClient, order: Document) -> None:
    """Send the order, and read all that was issued for it."""
    record = client.record(client.order_service(order)["id"])
    orders = client.resource_orders(record["id"])
    assert len(orders) == len(record["resourceOrder"])  # noqa: S101 - 201 says that they are there
    assert sum(len(one["orderItem"]) for one in orders) == 2 * _SITES + 1  # noqa: S101 - likewise
