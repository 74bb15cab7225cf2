from __future__ import annotations

import ast
import signal
from collections import Counter
from pathlib import Path

import ordergate
from torture.faults import FAULT_POINTS, plan
from torture.setup import setup_of
from torture.work import KINDS, jobs

SETUP = setup_of(7, orders=600, calm_orders=200, gateway_kills=8, mongod_kills=5)


def test_seed_says_it_all() -> None:
    assert plan(SETUP) == plan(SETUP)
    assert list(jobs("a", 50)) == list(jobs("a", 50))
    assert list(jobs("a", 50)) != list(jobs("b", 50))


def test_plan_kills_as_often_as_it_is_asked_to() -> None:
    deaths: Counter[str] = Counter()
    for fault in plan(SETUP):
        if fault.number is signal.SIGKILL:
            deaths[fault.victim.rstrip("12")] += 2 if fault.point else 1
    assert deaths["gateway"] == 8
    assert deaths["mongod"] == 5


def test_work_begins_with_one_of_each_kind() -> None:
    assert [job.kind for job in jobs("a", len(KINDS))] == list(KINDS)


def test_fault_points_are_those_of_the_code() -> None:
    texts = {
        str(node.value)
        for file in Path(ordergate.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant)
    }
    assert set(FAULT_POINTS) <= texts
