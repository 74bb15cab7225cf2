"""The commands. Each imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from ordergate import __version__
from ordergate.cli.catalog import catalog
from ordergate.cli.conformance import conformance
from ordergate.cli.events import events
from ordergate.cli.options import (
    INTERRUPTED,
    REFUSED,
    SETUP,
    example_of,
    file_path,
    json_option,
    url_option,
)
from ordergate.model.addresses import WEBHOOK_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ordergate.cli.listener import Notification
    from ordergate.settings import Settings

_EXAMPLES = """\b
Examples:
  ordergate demo                                           see it work
  ordergate serve                                          run it
  ordergate catalog load examples/catalog                  give it rules
  ordergate issue examples/requests/vpn-and-fibre.json     order
  ordergate explain ID                                     ask why
"""


def main() -> None:
    """Run the command line and end with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command; return 0, 1 (refused), 2 (usage or set-up) or 130 (interrupted)."""
    from ordergate.errors import OrdergateError

    try:
        code = cli.main(list(arguments), "ordergate", standalone_mode=False)
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return SETUP
    except OrdergateError as error:
        click.echo(f"Error: {error.reason}", err=True)
        return REFUSED if error.code == "refused" else SETUP
    return code if isinstance(code, int) else 0


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EXAMPLES,
)
@click.version_option(__version__, prog_name="ordergate")
def cli() -> None:
    """Decide which resource orders a request takes, issue them, and say why.

    Ordergate takes TMF641 service orders (and requests for trouble recovery, performance or other
    parties), issues TMF652 resource orders for them by rules, and notifies listeners.

    Exit codes: 0 done; 1 the gateway refused, or the order is rejected; 2 wrong usage or set-up.
    Settings come from ORDERGATE_ variables; SETTINGS.md lists them.
    """


@cli.command(epilog=example_of("ordergate serve --port 9000 --data-dir /var/lib/ordergate"))
@click.option("--host", help="Address to listen on  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on  [default: 8652]")
@click.option("--workers", type=int, help="Processes that serve requests  [default: 1]")
@click.option(
    "--data-dir", type=file_path, help="Home of the embedded mongod  [default: .ordergate]"
)
@click.option("--no-deliver", is_flag=True, help="Send no notifications: `deliver` does it.")
def serve(*, no_deliver: bool, **options: Any) -> None:
    """Run the gateway until Ctrl-C.

    Without ORDERGATE_MONGODB_URI it starts a MongoDB of its own in the data directory.
    """
    from ordergate.assembly import serve as serve_gateway

    settings = _settings(deliver=False if no_deliver else None, **options)
    with _ends_on_interrupt():
        serve_gateway(settings)


@cli.command(
    epilog=example_of("ORDERGATE_MONGODB_URI=mongodb://db1,db2/?replicaSet=rs0 ordergate deliver")
)
def deliver() -> None:
    """Send notifications, and nothing else, until Ctrl-C.

    For several processes on one MongoDB: `ordergate serve --no-deliver` beside it.
    """
    from ordergate.assembly import deliver as deliver_notifications

    settings = _settings()
    with _ends_on_interrupt():
        deliver_notifications(settings)


@cli.command(epilog=example_of("ordergate issue examples/requests/fibre-standard.json --dry-run"))
@click.argument("file", type=file_path)
@click.option("--dry-run", is_flag=True, help="Decide only: nothing is kept, nobody is told.")
@click.option("--key", help="Idempotency-Key: the same request again answers with the same record.")
@url_option
@json_option
def issue(file: Path, url: str, *, dry_run: bool, key: str | None, as_json: bool) -> int:
    """Send the request in FILE and print what was decided.

    FILE holds JSON: a TMF641 service order (`serviceOrderItem`), or a request of another kind
    (`requestType`). Exit code 1 means that it was rejected. A dry run with the key of a real run
    shows the ids that the real resource orders get.
    """
    from ordergate.cli.decision import decision_tree, is_rejected
    from ordergate.cli.request_file import is_service_order, read_request
    from ordergate.cli.terminal import open_console, print_json
    from ordergate.client import GatewayClient

    request = read_request(file)
    with GatewayClient(url) as client:
        if dry_run:
            kind = {"requestType": request.get("requestType", "serviceOrder")}
            record = kind | client.assess(request, idempotency_key=key)
            orders = record["resourceOrder"]
        else:
            send = client.order_service if is_service_order(request) else client.request_resources
            record = client.record(send(request, idempotency_key=key)["id"])
            orders = client.resource_orders(record["id"])
    if as_json:
        print_json(record)
    else:
        open_console().print(decision_tree(record, orders))
    return REFUSED if is_rejected(record) else 0


@cli.command(epilog=example_of("ordergate explain 6f1c1c0e-0e0a-5a0e-9a53-2f3f8f6f0d11"))
@click.argument("any_id", metavar="ID")
@url_option
@json_option
def explain(any_id: str, url: str, *, as_json: bool) -> None:
    """Print why a request led to what it led to.

    ID is that of a service order, of a request, or of a resource order.
    """
    from ordergate.cli.decision import decision_tree
    from ordergate.cli.terminal import open_console, print_json
    from ordergate.client import GatewayClient

    with GatewayClient(url) as client:
        record = client.record_of(any_id)
        orders = client.resource_orders(record["id"])
    if as_json:
        print_json(record)
    else:
        open_console().print(decision_tree(record, orders, why=True))


@cli.command(epilog=example_of("ordergate listen --port 8653 --verify --fail 2"))
@click.option("--port", type=click.IntRange(0, 65_535), default=8653, show_default=True)
@click.option("--fail", type=click.IntRange(0), default=0, metavar="N", help="Refuse the first N.")
@click.option("--verify", is_flag=True, help="Check who sent each, and take none twice.")
@click.option(
    "--keys-url",
    metavar="URL",
    help=f"Where the keys are  [default: URL of the gateway, {WEBHOOK_KEYS}]",
)
@url_option
@json_option
def listen(
    port: int, fail: int, url: str, *, verify: bool, keys_url: str | None, as_json: bool
) -> None:
    """Take notifications and print each, until Ctrl-C: for trying out an integration.

    With --fail the first N are answered with 500, to watch the gateway's retries. With --verify
    each is checked as a listener should: by its signature, its age, and whether it came before.
    """
    from ordergate.cli.listener import Listener, listening, registration
    from ordergate.cli.terminal import print_json
    from ordergate.client.verification import Verification

    reader_is_gone = Event()

    def on_notification(notification: Notification) -> None:
        try:
            if as_json:
                print_json(notification.as_document(), one_line=True)
            else:
                click.echo(notification.line())
        except BrokenPipeError:
            reader_is_gone.set()

    keys = keys_url or url.rstrip("/") + WEBHOOK_KEYS
    verification = Verification(keys) if verify or keys_url else None
    listener = Listener(on_notification, fail=fail, verification=verification)
    with _ends_on_interrupt(), listening(listener, port) as callback:
        click.echo(f"Listening at {callback}. Register it with", err=True)
        for line in registration(url, callback):
            click.echo(f"  {line}", err=True)
        click.echo("A gateway takes it with ORDERGATE_CALLBACK_ALLOW=127.0.0.0/8.", err=True)
        reader_is_gone.wait()
        raise BrokenPipeError(errno.EPIPE, "nobody reads what arrives")


@cli.command(epilog=example_of("ordergate demo --once"))
@click.option("--once", is_flag=True, help="End after the table.")
def demo(*, once: bool) -> None:
    """Start a gateway, send it the example requests, and show what becomes of them.

    Data stays in .ordergate, or ORDERGATE_DATA_DIR; the port is 8652, or ORDERGATE_PORT.
    """
    from ordergate.cli.demo import run_demo

    run_demo(_settings(), once=once)


cli.add_command(catalog)
cli.add_command(conformance)
cli.add_command(events)


def _settings(**overrides: Any) -> Settings:
    """Return the settings of the environment and the command line."""
    from ordergate.settings import Settings

    return Settings.from_environ(os.environ, **overrides)


@contextmanager
def _ends_on_interrupt() -> Iterator[None]:
    """Take Ctrl-C as the normal end of what would run for ever."""
    try:
        yield
    except KeyboardInterrupt:
        return
