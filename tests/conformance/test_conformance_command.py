"""`ordergate conformance`: green where a server is right, red on just what it does wrong."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import requests

from ordergate.cli.commands import run
from ordergate.conformance import Asked, Verdict, prepare
from ordergate.model.states import OrderState
from running import Gateway
from wrong_server import NEXT, STATES, Wrong, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ordergate.conformance import Run

_FINAL = STATES - set(NEXT) - {"assessingCancellation", "pendingCancellation"}
_REFUSALS = (
    "unknown-order",
    "unknown-path",
    "method",
    "media-type",
    "malformed",
    "wrong-type",
    "query",
)
RED = {
    Wrong.TOTALS_IGNORE_FILTERS: {"lists.total"},
    Wrong.ANY_TRANSITION_PASSES: {f"states.from-{state}" for state in {*NEXT, *_FINAL}},
    Wrong.HTML_ERRORS: {f"refusals.{name}" for name in _REFUSALS},
    Wrong.FIELDS_LEAVE_OUT_HREF: {
        "fields.list",
        "fields.one",
        "fields.several",
        "fields.none",
        "tasks.read",
    },
    Wrong.FILTERS_ARE_ALTERNATIVES: {
        "lists.filter-and",
        "lists.filter-date",
        "lists.filter-range",
        "lists.filter-quoted",
    },
    Wrong.PAGES_ARE_COMPLETE: {"paging.partial"},
    Wrong.LOCATION_IS_RELATIVE: {"orders.location"},
    Wrong.NULLS_ARE_WRITTEN: {"orders.no-null"},
    Wrong.HUB_IGNORES_QUERY: {"hub.query"},
    Wrong.HUB_IS_DEAF: {"hub.notify"},
    Wrong.NO_CANCELLATION: {"tasks.offered"},
    Wrong.CALLBACKS_ARE_REFUSED: set(),
    Wrong.KEEPS_ORDERS: {"orders.delete"},
}


def checked(url: str) -> Run:
    with prepare(Asked(url, rate=5_000, patience=2)) as made:
        for _ in made.results():
            pass
        return made


def ids(made: Run, *verdicts: Verdict) -> set[str]:
    return {one.check.id for one in made.done if one.verdict in verdicts}


def test_right_server_is_green_and_nothing_is_left_behind() -> None:
    with serving() as server:
        made = checked(server.url)

        assert ids(made, Verdict.FAILED, Verdict.BLOCKED) == set()
        assert ids(made, Verdict.ABSENT) == {"contract.published"}  # it publishes none
        assert made.left == []
        assert server.orders == {}
        assert server.hubs == {}


@pytest.mark.parametrize("wrong", Wrong, ids=str)
def test_wrong_server_is_red_on_just_what_it_does_wrong(wrong: Wrong) -> None:
    with serving(wrong) as server:
        assert ids(checked(server.url), Verdict.FAILED) == RED[wrong]


def test_server_that_refuses_our_callback_is_not_blamed_for_it() -> None:
    with serving(Wrong.CALLBACKS_ARE_REFUSED) as server:
        made = checked(server.url)

    blocked = {one.check.id: one.message for one in made.done if one.verdict is Verdict.BLOCKED}
    assert {one.split(".")[0] for one in blocked} == {"hub"}
    assert "That callback is not taken." in blocked["hub.register"]
    assert "--listener-host" in blocked["hub.register"]


def test_what_the_server_does_not_remove_is_named() -> None:
    with serving(Wrong.KEEPS_ORDERS) as server:
        made = checked(server.url)

        assert set(made.left) == {f"{server.url}/resourceOrder/{one}" for one in server.orders}
        assert made.left


def test_command_reports_a_failure_and_writes_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit, page = tmp_path / "junit.xml", tmp_path / "page.html"
    with serving(Wrong.TOTALS_IGNORE_FILTERS) as server:
        root = server.url.partition("/tmf-api")[0]
        files = ["--junit", str(junit), "--html", str(page)]
        code = run(["conformance", "--url", root, "--api", "652", "--rate", "5000", *files])

    assert code == 1
    text = capsys.readouterr().out
    assert "failed TMF652 lists.total" in text
    assert "Why it matters" in text
    assert "X-Total-Count" in text
    assert text.splitlines()[-1].endswith("passed, 1 failed, 1 absent")
    failures = ET.parse(junit).getroot().iter("failure")  # noqa: S314 - we have just written it
    assert ["X-Total-Count is" in failure.get("message", "") for failure in failures] == [True]
    assert "1 failed" in page.read_text()


def test_command_prints_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        code = run(["conformance", "--url", server.url, "--rate", "5000", "--json"])

    assert code == 0
    document = json.loads(capsys.readouterr().out)
    assert document["summary"]["failed"] == 0
    assert {one["verdict"] for one in document["result"]} == {"passed", "absent"}
    assert document["leftBehind"] == []


def test_server_that_is_not_there_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers
        taken.bind(("127.0.0.1", 0))
        code = run(["conformance", "--url", f"http://127.0.0.1:{taken.getsockname()[1]}"])

    assert code == 2
    message = capsys.readouterr().err
    assert message.startswith("Error: The server can't be reached")
    assert message.count("\n") == 1


def test_server_without_such_an_api_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as server:
        code = run(["conformance", "--url", server.url, "--api", "641"])

    assert code == 2
    assert "There is no TMF641 at" in capsys.readouterr().err


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway as people run it: with its own store, and with deliveries."""
    made = Gateway(tmp_path_factory.mktemp("gateway") / "data")
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_gateway_is_green(gateway: Gateway) -> None:
    base = "/tmf-api/resourceOrderingManagement/v4"
    contract = requests.get(f"{gateway.url}{base}/openapi.json", timeout=20).json()
    cancels = "/cancelResourceOrder" in contract["paths"]
    with prepare(Asked(gateway.url, rate=5_000, examples=8)) as made:
        for _ in made.results():
            pass

    failed = {(one.api, one.check.id, one.message) for one in made.done if one.verdict == "failed"}
    # CP9 makes cancellations mandatory: a gateway whose contract has none is red on that alone.
    expected = set() if cancels else {("TMF652", "tasks.offered")}
    assert {one[:2] for one in failed} == expected, failed
    assert ids(made, Verdict.BLOCKED) == set()
    assert {one.api for one in made.done} == {"TMF652", "TMF641"}
    assert any(one.check.id == "contract.post-resourceOrder" for one in made.done)


def test_wrong_server_knows_the_states_of_the_standard() -> None:
    assert set(OrderState) == STATES
