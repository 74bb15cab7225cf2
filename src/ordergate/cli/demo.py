"""The demonstration: a gateway, the example rules, and what becomes of the example requests."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING

import ordergate
from ordergate.cli.demo_table import Sent, demo_table
from ordergate.cli.gateway_process import free_port, running_gateway, undisturbed
from ordergate.cli.listener import Listener, listening
from ordergate.cli.request_file import is_service_order, read_request
from ordergate.cli.rule_files import put_rules, sound_rules
from ordergate.cli.terminal import open_console
from ordergate.client import GatewayClient
from ordergate.client.verification import Verification
from ordergate.errors import OrdergateError, SetupError
from ordergate.model.addresses import BASE_PATHS, GATEWAY_PATH, WEBHOOK_KEYS
from ordergate.model.common import Api

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from ordergate.cli.gateway_process import GatewayProcess
    from ordergate.cli.listener import Notification
    from ordergate.settings import Settings

_LISTENER_PORT = 8653
_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_TO_ARRIVE = 10.0
_QUIET = 0.5


def run_demo(settings: Settings, *, once: bool) -> None:
    """Run the demonstration; unless `once`, stay until Ctrl-C.

    Raises:
        SetupError: the gateway or the examples can't be had.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite end, as by Ctrl-C
    with suppress(KeyboardInterrupt):
        _run(settings, open_console(), once=once)


def _run(settings: Settings, console: Console, *, once: bool) -> None:
    examples = find_examples()
    settings = replace(
        settings,
        port=free_port(settings.host, settings.port),
        callback_allow=(*settings.callback_allow, *_LOOPBACK),
    )
    with ExitStack() as stack:
        gateway = stack.enter_context(running_gateway(settings))
        client = stack.enter_context(GatewayClient(_url(settings)))
        _wait_until_ready(gateway, client, console, settings)
        _load_rules(client, examples / "catalog", console)
        arrived = stack.enter_context(_notified(client, console))
        sent = [_send(client, file) for file in _request_files(examples)]
        _wait_until_arrived(sent, arrived, console)
        console.print()
        console.print(demo_table(sent, arrived))
        if not once:
            _say_where(client.url, examples / "requests" / "vpn-and-fibre.json", console)
            gateway.wait()


def find_examples() -> Path:
    """Return the folder of examples: the packaged copy, else the repository's.

    Raises:
        SetupError: neither is there.
    """
    package = Path(ordergate.__file__).parent
    for folder in (package / "examples", package.parents[1] / "examples"):
        if folder.is_dir():
            return folder
    raise SetupError("The examples are missing: install the package anew.")


def _url(settings: Settings) -> str:
    """Return where the gateway can be reached from here."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"http://{host}:{settings.port}"


def _wait_until_ready(
    gateway: GatewayProcess, client: GatewayClient, console: Console, settings: Settings
) -> None:
    """Wait for the gateway, and say what it remembers."""
    store = "MongoDB" if settings.mongodb_uri else f"its own MongoDB in {settings.data_dir}"
    with console.status(f"Starting the gateway with {store}; its log is {gateway.log}"):
        gateway.wait_until(client.is_ready)
    console.print(f"The gateway is up at {client.url} with {store}; its log is {gateway.log}.")
    service, resource = client.count_service_orders(), client.count_resource_orders()
    if service or resource:
        console.print(
            f"It found {service} service orders and {resource} resource orders from earlier runs."
        )


def _load_rules(client: GatewayClient, folder: Path, console: Console) -> None:
    loaded = [rule["id"] for rule, _ in put_rules(client, sound_rules(folder))]
    console.print(f"It has the example rules: {', '.join(loaded)}.")


@contextmanager
def _notified(client: GatewayClient, console: Console) -> Iterator[Sequence[Notification]]:
    """Run a listener that is registered at both hubs; yield the notifications as they arrive."""
    arrived: list[Notification] = []
    listener = Listener(arrived.append, verification=Verification(client.url + WEBHOOK_KEYS))
    with ExitStack() as stack:
        try:
            callback = stack.enter_context(listening(listener, _LISTENER_PORT))
        except SetupError:
            callback = stack.enter_context(listening(listener, 0))
        for api in Api:
            stack.enter_context(_registered(client, api, callback))
        console.print(
            f"A listener at {callback} is registered at the hubs of TMF641 and TMF652; it checks "
            "who sent what it is told."
        )
        yield arrived


@contextmanager
def _registered(client: GatewayClient, api: Api, callback: str) -> Iterator[None]:
    """Register a listener for a while; the key finds it again if an earlier end was abrupt."""
    hub_id = client.register(api, callback, idempotency_key=f"ordergate-demo {api} {callback}")
    try:
        yield
    finally:
        with undisturbed(), suppress(OrdergateError):
            client.unregister(api, hub_id)


def _request_files(examples: Path) -> list[Path]:
    """Return the example requests: service orders first, then by name."""
    files = sorted((examples / "requests").glob("*.json"))
    return sorted(files, key=lambda file: not is_service_order(read_request(file)))


def _send(client: GatewayClient, file: Path) -> Sent:
    """Send the request in a file through its door; return what was decided and issued."""
    request = read_request(file)
    send = client.order_service if is_service_order(request) else client.request_resources
    request_id = send(request)["id"]
    orders = client.resource_orders(request_id)
    own = [request_id] if is_service_order(request) else []
    return Sent(
        file.name,
        client.record(request_id),
        orders,
        frozenset([*own, *(order["id"] for order in orders)]),
    )


def _wait_until_arrived(
    sent: Sequence[Sent], arrived: Sequence[Notification], console: Console
) -> None:
    """Wait until each order was told of and nothing more comes, ten seconds at most."""
    expected = {order_id for each in sent for order_id in each.order_ids}
    deadline = time.monotonic() + _TO_ARRIVE
    with console.status("Waiting for the notifications"):
        count, since = -1, time.monotonic()
        while (now := time.monotonic()) < deadline:
            told = {one.order_id for one in arrived if one.is_taken}
            if len(arrived) != count:
                count, since = len(arrived), now
            elif expected <= told and now - since >= _QUIET:
                return
            time.sleep(0.05)
    console.print(
        f"{len(expected - told)} orders had no notification within {_TO_ARRIVE:.0f} s."
        if expected - told
        else ""
    )


def _say_where(url: str, example: Path, console: Console) -> None:
    """Say what there is to look at and to try."""
    service_order = f"{BASE_PATHS[Api.SERVICE_ORDERING]}/serviceOrder"
    pages = {
        "Service orders (TMF641)": f"{BASE_PATHS[Api.SERVICE_ORDERING]}/ui/",
        "Resource orders (TMF652)": f"{BASE_PATHS[Api.RESOURCE_ORDERING]}/ui/",
        "Gateway, rules, records": f"{GATEWAY_PATH}/ui/",
    }
    console.print(f"\nThe API is at {url}; try it in Swagger UI:")
    for name, path in pages.items():
        console.print(f"  {name:25} {url}{path}", soft_wrap=True)
    console.print("or send an order of your own:")
    console.print(
        f"  curl -s -H 'Content-Type: application/json' "
        f"-d @{os.path.relpath(example)} {url}{service_order}",
        soft_wrap=True,
    )
    console.print("Ctrl-C stops it all; the data stays.")
