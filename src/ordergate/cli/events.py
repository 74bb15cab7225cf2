"""The commands `ordergate events`; what they do is imported when they run."""

from __future__ import annotations

from typing import Any

import click

from ordergate.cli.options import example_of, json_option, url_option

_hub = click.option("--hub", metavar="ID", help="Only those of this listener.")
_entity = click.option("--entity", metavar="ID", help="Only those of this order or task.")


@click.group(epilog=example_of("ordergate events list"))
def events() -> None:
    """See which events listeners haven't got, and send events again."""


@events.command("list", epilog=example_of("ordergate events list --hub ID --json"))
@_hub
@_entity
@click.option("--state", type=click.Choice(["pending", "dead"]), help="  [default: both]")
@url_option
@json_option
def list_(url: str, *, as_json: bool, **wanted: str | None) -> None:
    """List what waits for listeners and what is dead, oldest first."""
    _show(url, wanted, as_json=as_json)


@events.command(epilog=example_of("ordergate events dead --hub ID"))
@_hub
@_entity
@url_option
@json_option
def dead(url: str, *, as_json: bool, **wanted: str | None) -> None:
    """List the dead letters: what is sent no more, and why."""
    _show(url, {**wanted, "state": "dead"}, as_json=as_json)


@events.command(epilog=example_of("ordergate events replay --hub ID --dead"))
@click.option("--hub", metavar="ID", required=True, help="The listener to send them to.")
@_entity
@click.option("--from", "begin", metavar="DATE", help="Only those since then.")
@click.option("--to", "end", metavar="DATE", help="Only those before then.")
@click.option("--dead", "dead_only", is_flag=True, help="Only the dead letters.")
@url_option
def replay(
    url: str,
    hub: str,
    entity: str | None,
    *,
    begin: str | None,
    end: str | None,
    dead_only: bool,
) -> None:
    """Send events to a listener again, in order: those that it had, and the dead letters.

    Dates are as in 2026-11-23T08:00:00Z.
    """
    from ordergate.client import GatewayClient

    wanted: dict[str, Any] = {
        "hub": {"id": hub},
        "from": begin,
        "to": end,
        "entity": {"id": entity} if entity else None,
        "state": "dead" if dead_only else None,
    }
    with GatewayClient(url) as client:
        count = client.replay({name: value for name, value in wanted.items() if value})
    what = "1 event waits" if count == 1 else f"{count} events wait"
    click.echo(f"{what} for {hub} again.")


def _show(url: str, wanted: dict[str, str | None], *, as_json: bool) -> None:
    from ordergate.cli.event_table import event_table
    from ordergate.cli.terminal import open_console, print_json
    from ordergate.client import GatewayClient

    paths = {"hub": "hub.id", "entity": "entity.id", "state": "state"}
    query = {paths[name]: value for name, value in wanted.items() if value}
    with GatewayClient(url) as client:
        found = client.event_deliveries(**query)
    if as_json:
        print_json(found)
    elif found:
        open_console().print(event_table(found))
    else:
        click.echo("There are none.")
