from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from loopback.client.canned_gateway import canned_gateway
from ordergate import __version__
from ordergate.cli.commands import cli, run
from ordergate.settings import Settings
from unit.cli.decided import vpn_and_fibre, without_orders

if TYPE_CHECKING:
    from loopback.client.canned_gateway import Answers

EXAMPLES = Path(__file__).parents[3] / "examples"
TMF641 = "/tmf-api/serviceOrdering/v4/serviceOrder"
TMF652 = "/tmf-api/resourceOrderingManagement/v4/resourceOrder"
RECORD = "/gateway/v1/initiatingRequest"
RULE = "/gateway/v1/resourceOrderRule"
STANDARD = str(EXAMPLES / "requests" / "fibre-standard.json")


def every_command() -> list[list[str]]:
    names = [[name] for name in cli.commands]
    groups = [(name, one) for name, one in cli.commands.items() if isinstance(one, click.Group)]
    return [[], *names, *([name, inner] for name, group in groups for inner in group.commands)]


@pytest.mark.parametrize("command", every_command(), ids=" ".join)
def test_help_of_every_command_names_an_example(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--help"]) == 0

    text = capsys.readouterr().out
    assert "Example" in text
    assert f"ordergate {' '.join(command)}".strip() in text.split("Example")[1]


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_defaults_in_the_help_of_serve_are_those_of_the_settings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(["serve", "--help"])

    text = capsys.readouterr().out
    settings = Settings()
    for value in (settings.host, settings.port, settings.workers, settings.data_dir):
        assert f"[default: {value}]" in text


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["issue"]) == 2
    assert "Missing argument 'FILE'" in capsys.readouterr().err


def test_setting_that_cannot_be_read_is_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERGATE_PORT", "eighty")

    assert run(["demo"]) == 2
    assert capsys.readouterr().err.startswith("Error: ORDERGATE_PORT='eighty'")


def test_no_gateway_is_2_and_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        assert run(["explain", "x", "--url", url]) == 2

    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"There is no gateway at {url}" in error


def test_issue_prints_the_decision(capsys: pytest.CaptureFixture[str]) -> None:
    record, orders = vpn_and_fibre()
    answers = {
        f"POST {TMF641}": (201, {"id": "so-1"}),
        f"GET {RECORD}/so-1": (200, record),
        f"GET {TMF652}": (200, orders),
    }
    with canned_gateway(answers) as gateway:
        assert run(["issue", STANDARD, "--url", gateway.url]) == 0

    assert "internet-port add Name of internet-port waits for vpn-cpe-1" in capsys.readouterr().out


def test_issue_of_another_kind_of_request_uses_the_gateway_door() -> None:
    record, orders = vpn_and_fibre()
    answers = {
        f"POST {RECORD}": (201, {"id": "so-1"}),
        f"GET {RECORD}/so-1": (200, record),
        f"GET {TMF652}": (200, orders),
    }
    trouble = str(EXAMPLES / "requests" / "trouble-recovery.json")
    with canned_gateway(answers) as gateway:
        assert run(["issue", trouble, "--url", gateway.url]) == 0


def test_rejected_order_is_1_and_its_record_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    record = without_orders("rejected", "wrongValue", "bandwidth is below 10.")
    answers = {
        f"POST {TMF641}": (201, {"id": "so-2"}),
        f"GET {RECORD}/so-2": (200, record),
        f"GET {TMF652}": (200, []),
    }
    with canned_gateway(answers) as gateway:
        assert run(["issue", STANDARD, "--json", "--url", gateway.url]) == 1

    assert json.loads(capsys.readouterr().out) == record


def test_refusal_is_1_in_the_words_of_the_gateway(capsys: pytest.CaptureFixture[str]) -> None:
    refused = {"code": "invalidDocument", "reason": "Two items have the id 1."}
    with canned_gateway({f"POST {TMF641}": (400, refused)}) as gateway:
        assert run(["issue", STANDARD, "--url", gateway.url]) == 1

    assert capsys.readouterr().err == "Error: Two items have the id 1.\n"


def test_dry_run_only_assesses(capsys: pytest.CaptureFixture[str]) -> None:
    record, orders = vpn_and_fibre()
    result = {"assessment": record["assessment"], "resourceOrder": orders, "state": "acknowledged"}
    with canned_gateway({"POST /gateway/v1/assessment": (200, result)}) as gateway:
        assert run(["issue", STANDARD, "--dry-run", "--url", gateway.url]) == 0

    assert [asked.target for asked in gateway.asked] == ["/gateway/v1/assessment"]
    text = capsys.readouterr().out
    assert text.startswith("serviceOrder acknowledged standard")
    assert "resource order core provision ro-core" in text


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_key_goes_with_the_request_dry_or_real(options: tuple[str, ...]) -> None:
    record, orders = vpn_and_fibre()
    answers = {
        "POST /gateway/v1/assessment": (200, {**record, "resourceOrder": orders}),
        f"POST {TMF641}": (201, {"id": "so-1"}),
        f"GET {RECORD}/so-1": (200, record),
        f"GET {TMF652}": (200, orders),
    }
    with canned_gateway(answers) as gateway:
        assert run(["issue", STANDARD, "--key", "k-1", *options, "--url", gateway.url]) == 0

    assert gateway.asked[0].key == "k-1"


def test_explain_shows_conditions(capsys: pytest.CaptureFixture[str]) -> None:
    record, orders = vpn_and_fibre()
    answers = {f"GET {RECORD}/so-1": (200, record), f"GET {TMF652}": (200, orders)}
    with canned_gateway(answers) as gateway:
        assert run(["explain", "so-1", "--url", gateway.url]) == 0

    assert "condition longDrop: d > 300 is false" in capsys.readouterr().out


def test_explain_of_what_is_not_there_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    with canned_gateway({}) as gateway:
        assert run(["explain", "nothing", "--url", gateway.url]) == 1

    assert (
        capsys.readouterr().err
        == "Error: Neither a request nor a resource order has the id nothing.\n"
    )


def test_rules_at_a_gateway_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    rule = {
        "id": "dark-fibre",
        "version": 4,
        "appliesTo": {"specification": {"id": "svc-dark-fibre"}},
        "orderItem": [{"key": "cable"}],
    }
    with canned_gateway({f"GET {RULE}": (200, [rule])}) as gateway:
        assert run(["catalog", "list", "--url", gateway.url]) == 0
        assert "dark-fibre 4" in " ".join(capsys.readouterr().out.split())
        assert run(["catalog", "list", "--json", "--url", gateway.url]) == 0
        assert json.loads(capsys.readouterr().out) == [rule]


def test_example_rules_are_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "check", str(EXAMPLES / "catalog")]) == 0
    assert capsys.readouterr().out == "5 rules with 9 tests, no problems.\n"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    text = (EXAMPLES / "catalog" / "dark-fibre.yaml").read_text()
    file = tmp_path / "dark-fibre.yaml"
    file.write_text(text.replace("characteristic.length", "nosuch.length"))
    return file


def test_broken_rule_is_2_with_file_and_line(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = 1 + broken.read_text()[: broken.read_text().index("nosuch")].count("\n")

    assert run(["catalog", "check", str(broken)]) == 2
    assert f"{broken}:{line}:5: " in capsys.readouterr().err

    assert run(["catalog", "check", "--json", str(broken)]) == 2
    problem = json.loads(capsys.readouterr().out)[0]
    assert (problem["file"], problem["line"]) == (str(broken), line)


def test_broken_rule_is_never_loaded(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with canned_gateway({}) as gateway:
        assert run(["catalog", "load", str(broken), "--url", gateway.url]) == 2

    assert gateway.asked == []
    assert str(broken) in capsys.readouterr().err


def test_loading_rules_says_which_are_new(capsys: pytest.CaptureFixture[str]) -> None:
    answers: Answers = {
        f"PUT {RULE}/dark-fibre": (201, {}),
        f"PUT {RULE}/port-replacement": (200, {}),
    }
    catalog = EXAMPLES / "catalog"
    with canned_gateway(answers) as gateway:
        assert run(["catalog", "load", str(catalog / "dark-fibre.yaml"), "--url", gateway.url]) == 0
        assert capsys.readouterr().out == "dark-fibre version 1: new\n"
        file = str(catalog / "port-replacement.yaml")
        assert run(["catalog", "load", file, "--url", gateway.url]) == 0
        assert capsys.readouterr().out == "port-replacement version 1: unchanged\n"


WAITING = {
    "id": "h:o.0000000002",
    "hub": {"id": "h"},
    "entity": {"id": "o"},
    "sequence": 2,
    "state": "pending",
    "attempts": 3,
    "since": "2026-11-23T10:00:00.000Z",
    "nextAttempt": "2026-11-23T10:01:00.000Z",
}
DEAD = {**WAITING, "state": "dead", "reason": "refused: 422\n"}
DELIVERY = "/gateway/v1/eventDelivery"


class TestEvents:
    def test_events_are_listed_as_asked_for(self, capsys: pytest.CaptureFixture[str]) -> None:
        with canned_gateway({f"GET {DELIVERY}": (200, [WAITING, DEAD])}) as gateway:
            asked = ["events", "list", "--hub", "h", "--state", "pending", "--url", gateway.url]
            assert run(asked) == 0
        text = capsys.readouterr().out
        assert "pending" in text
        assert "next 2026-11-23T10:01:00.000Z" in text
        assert "refused: 422" in text
        assert gateway.asked[0].target == f"{DELIVERY}?hub.id=h&state=pending"

    def test_dead_letters_are_listed_for_programs(self, capsys: pytest.CaptureFixture[str]) -> None:
        with canned_gateway({f"GET {DELIVERY}": (200, [DEAD])}) as gateway:
            asked = ["events", "dead", "--entity", "o", "--json", "--url", gateway.url]
            assert run(asked) == 0
        assert json.loads(capsys.readouterr().out) == [DEAD]
        assert gateway.asked[0].target == f"{DELIVERY}?entity.id=o&state=dead"

    def test_events_are_sent_again(self, capsys: pytest.CaptureFixture[str]) -> None:
        with canned_gateway({f"POST {DELIVERY}/replay": (200, {"events": 7})}) as gateway:
            span = ["--from", "2026-11-20T00:00:00Z", "--to", "2026-11-21T00:00:00Z"]
            asked = ["events", "replay", "--hub", "h", "--entity", "o", *span, "--dead"]
            assert run([*asked, "--url", gateway.url]) == 0
        assert capsys.readouterr().out == "7 events wait for h again.\n"
        assert gateway.asked[0].body == {
            "hub": {"id": "h"},
            "from": "2026-11-20T00:00:00Z",
            "to": "2026-11-21T00:00:00Z",
            "entity": {"id": "o"},
            "state": "dead",
        }

    def test_only_what_is_asked_for_is_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        with canned_gateway({f"POST {DELIVERY}/replay": (200, {"events": 1})}) as gateway:
            assert run(["events", "replay", "--hub", "h", "--url", gateway.url]) == 0
        assert gateway.asked[0].body == {"hub": {"id": "h"}}
        assert capsys.readouterr().out == "1 event waits for h again.\n"

    def test_empty_list_says_so(self, capsys: pytest.CaptureFixture[str]) -> None:
        with canned_gateway({f"GET {DELIVERY}": (200, [])}) as gateway:
            assert run(["events", "dead", "--url", gateway.url]) == 0
        assert capsys.readouterr().out == "There are none.\n"
