"""Rule files: looked over here, then loaded into a gateway."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from ordergate.catalog.load import load_rules
from ordergate.cli.terminal import plain
from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ordergate.client import GatewayClient
    from ordergate.model.common import Document
    from ordergate.schemas.resource_order_rule import Problem


def sound_rules(path: Path) -> Sequence[Document]:
    """Return the rules in a file or folder.

    Raises:
        SetupError: naming every problem, one a line.
    """
    rules, problems = load_rules(path)
    if problems:
        raise SetupError("the rules have problems:\n" + "\n".join(map(str, problems)))
    return [rule.document for rule in rules]


def problem_document(problem: Problem) -> Document:
    """Return a problem for programs."""
    return asdict(problem)


def summary(rules: Sequence[Document]) -> str:
    """Return what was looked over and found sound."""
    tests = sum(len(rule.get("tests", ())) for rule in rules)
    return f"{len(rules)} rules with {tests} tests, no problems."


def put_rules(client: GatewayClient, rules: Iterable[Document]) -> Iterator[tuple[Document, bool]]:
    """Load rules into a gateway; yield each one, and whether that version of it was new."""
    for rule in rules:
        yield rule, client.put_rule(rule)


def rule_table(rules: Iterable[Document]) -> Table:
    """Return the rules as a table."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("rule", "version", "status", "for", "requests", "feasibility", "order items"):
        table.add_column(heading, overflow="fold")
    for rule in rules:
        applies = rule.get("appliesTo", {})
        table.add_row(
            plain(rule.get("id", "-")),
            plain(rule.get("version", "-")),
            plain(rule.get("status", "active")),
            plain(applies.get("specification", {}).get("id", "-")),
            "\n".join(map(plain, applies.get("requestType", ["any"]))),
            plain(rule.get("feasibility", "ifSpecial")),
            ", ".join(plain(item.get("key", "-")) for item in rule.get("orderItem", [])),
        )
    return table
