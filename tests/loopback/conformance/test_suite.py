from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from ordergate.conformance import (
    bodies,
    fields,
    hub,
    lists,
    orders,
    paging,
    refusals,
    states,
    tasks,
)
from ordergate.model.states import OrderState, next_states

if TYPE_CHECKING:
    from ordergate.conformance.check import Check

CHECKS: tuple[Check, ...] = (
    *orders.CHECKS,
    *bodies.checks("TMF652"),
    *lists.CHECKS,
    *fields.CHECKS,
    *paging.CHECKS,
    *refusals.CHECKS,
    *states.CHECKS,
    *tasks.CHECKS,
    *hub.CHECKS,
)
# CP6 is about the shape of an older version, CP8 about files inside a server.
NOT_SEEN_FROM_OUTSIDE = {"CP6", "CP8"}


def statements() -> set[str]:
    """Return the K and CP statements that a clause names, ranges written out."""
    found = set()
    for check in CHECKS:
        for kind, first, last in re.findall(r"\b(K|CP)(\d+)(?: to (?:K|CP)(\d+))?", check.clause):
            found |= {f"{kind}{one}" for one in range(int(first), int(last or first) + 1)}
    return found


def test_every_statement_that_can_be_seen_from_outside_has_a_check() -> None:
    kit = {f"K{number}" for number in range(1, 16)}
    profile = {f"CP{number}" for number in range(1, 11)} - NOT_SEEN_FROM_OUTSIDE

    assert statements() == kit | profile


def test_ids_of_checks_are_unique() -> None:
    ids = [check.id for check in CHECKS]

    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: str(check.id))
def test_every_check_says_what_it_is_about_and_why_it_matters(check: Check) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-zA-Z-]+", check.id)
    assert 10 < len(check.title) < 100
    assert check.title != "None"
    assert check.why.endswith(".")


def test_walks_make_each_legal_transition_and_no_other() -> None:
    walked = {
        pair
        for _, way in states.WALKS.values()
        for pair in pairwise((OrderState.ACKNOWLEDGED, *way))
    }

    assert walked == {(state, after) for state in OrderState for after in next_states(state)}


def test_walks_name_each_transition_of_the_standard() -> None:
    named = {one for clause, _ in states.WALKS.values() for one in clause.split(", ")}

    assert named == {f"S{number}" for number in range(2, 13)}


def test_it_needs_neither_a_store_nor_a_server_of_ours() -> None:
    code = (
        "import sys, ordergate.cli.conformance_report;"
        "print({'pymongo', 'connexion', 'schemathesis'} & set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert ended.stdout.strip() == "set()"
