"""The commands `ordergate catalog`; what they do is imported when they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ordergate.cli.options import SETUP, example_of, file_path, json_option, url_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@click.group(epilog=example_of("ordergate catalog check examples/catalog"))
def catalog() -> None:
    """Check, load and list the rules that decide."""


@catalog.command(epilog=example_of("ordergate catalog check examples/catalog"))
@click.argument("paths", type=file_path, nargs=-1, required=True, metavar="FILE...")
@json_option
def check(paths: Sequence[Path], *, as_json: bool) -> int:
    """Look for problems in rule files, or folders of them, and run the rules' own tests.

    No gateway is needed. Exit code 2 means that there are some.
    """
    from ordergate.catalog.load import load_rules
    from ordergate.cli.rule_files import problem_document, summary
    from ordergate.cli.terminal import print_json

    rules, problems = load_rules(*paths)
    if as_json:
        print_json([problem_document(problem) for problem in problems])
    else:
        for problem in problems:
            click.echo(problem, err=True)
        if not problems:
            click.echo(summary([rule.document for rule in rules]))
    return SETUP if problems else 0


@catalog.command(
    epilog=example_of("ordergate catalog load examples/catalog --url http://127.0.0.1:8652")
)
@click.argument("path", type=file_path)
@url_option
def load(path: Path, url: str) -> None:
    """Check rules, then load them into a gateway."""
    from ordergate.cli.rule_files import put_rules, sound_rules
    from ordergate.client import GatewayClient

    rules = sound_rules(path)
    with GatewayClient(url) as client:
        for rule, is_new in put_rules(client, rules):
            what = "new" if is_new else "unchanged"
            click.echo(f"{rule['id']} version {rule['version']}: {what}")


@catalog.command("list", epilog=example_of("ordergate catalog list --json | jq '.[].id'"))
@url_option
@json_option
def list_(url: str, *, as_json: bool) -> None:
    """List the rules at a gateway."""
    from ordergate.cli.rule_files import rule_table
    from ordergate.cli.terminal import open_console, print_json
    from ordergate.client import GatewayClient

    with GatewayClient(url) as client:
        rules = client.rules()
    if as_json:
        print_json(rules)
    else:
        open_console().print(rule_table(rules))
