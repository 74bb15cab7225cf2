from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ordergate.cli.gateway_process import free_port

RULE = "─"

OTHER_DOOR = {"partner-request.json", "port-congestion.json", "trouble-recovery.json"}
"""Requests that are no service orders."""


def demo(data_dir: Path, *options: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ORDERGATE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "ordergate", "demo", *options],
        env=clean | {"ORDERGATE_DATA_DIR": str(data_dir), "ORDERGATE_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def of_data_dir(data_dir: Path) -> list[str]:
    """Return the command lines of running processes that name a data directory."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            found.append(file.read_text(errors="replace").replace("\0", " "))
    return [line for line in found if str(data_dir) in line]


def cells(text: str) -> dict[str, list[str]]:
    """Return the table's rows by their first cell, wrapped lines joined."""
    lines = text.split("\n")
    heading = next(line for line in lines if line.strip().startswith("request "))
    names = ("request", "outcome, and why", "resource orders", "waits", "notifications")
    starts = [heading.index(name) for name in names]
    ends = [*starts[1:], None]
    rows: dict[str, list[str]] = {}
    cut: list[list[str]] = [[] for _ in starts]
    for line in lines[lines.index(heading) + 2 :]:
        if RULE in line:
            row = [" ".join(part for part in column if part) for column in cut]
            rows[row[0]] = row[1:]
            cut = [[] for _ in starts]
            continue
        for column, start, end in zip(cut, starts, ends, strict=True):
            column.append(line[start:end].strip())
    return rows


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Run the demonstration twice on one data directory; give what each printed."""
    data_dir = tmp_path_factory.mktemp("demo")
    texts = []
    for _ in range(2):
        process = demo(data_dir, "--once")
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        assert error == ""
        texts.append(out)
    assert of_data_dir(data_dir) == []
    return texts


@pytest.fixture(scope="module")
def rows(twice: list[str]) -> dict[str, list[str]]:
    return cells(twice[0])


def test_every_example_has_its_outcome(rows: dict[str, list[str]]) -> None:
    assert {file: row[0].split()[0] for file, row in rows.items()} == {
        "dark-fibre.json": "standard",
        "fibre-incomplete.json": "informationRequired",
        "fibre-incorrect.json": "rejected",
        "fibre-special.json": "special",
        "fibre-standard.json": "standard",
        "partner-fibre.json": "standard",
        "partner-request.json": "standard",
        "port-congestion.json": "standard",
        "trouble-recovery.json": "standard",
        "unknown-service.json": "special",
        "vpn-and-fibre.json": "standard",
    }


def test_vpn_and_fibre_are_two_orders_and_the_second_item_waits(
    rows: dict[str, list[str]],
) -> None:
    _, orders, waits, _ = rows["vpn-and-fibre.json"]

    assert orders == "access provision 6 core provision 2"
    assert waits == "internet-port waits for vpn-cpe-1, vpn-cpe-2"


def test_special_requests_are_handed_over_for_a_reason(rows: dict[str, list[str]]) -> None:
    assert "longDrop: A drop cable longer than 300 m" in rows["fibre-special.json"][0]
    assert "noRule" in rows["unknown-service.json"][0]
    for file in ("fibre-special.json", "unknown-service.json"):
        assert "feasibility 1, handed over" in rows[file][1]


def test_incomplete_and_incorrect_orders_say_what_is_wrong(rows: dict[str, list[str]]) -> None:
    incomplete, incorrect = rows["fibre-incomplete.json"], rows["fibre-incorrect.json"]

    assert "technology" in incomplete[0]
    assert "installationAddress" in incomplete[0]
    assert "bandwidth" in incorrect[0]
    assert "technology" in incorrect[0]
    assert incomplete[1] == incorrect[1] == "-"


def test_dark_fibre_is_surveyed_first(rows: dict[str, list[str]]) -> None:
    assert rows["dark-fibre.json"][1] == "outsidePlant feasibility 1"


def test_every_issued_order_was_told(rows: dict[str, list[str]], twice: list[str]) -> None:
    for file, row in rows.items():
        assert ("resource order Create" in row[3]) == (row[1] != "-"), file
        assert ("service order Create" in row[3]) == (file not in OTHER_DOOR), file
    assert "had no notification" not in twice[0]


def test_table_fits_120_columns_and_has_no_colour_in_a_pipe(twice: list[str]) -> None:
    assert max(map(len, twice[0].split("\n"))) <= 120
    assert "\x1b" not in twice[0]


def test_second_run_finds_the_data_of_the_first(twice: list[str]) -> None:
    assert "from earlier runs" not in twice[0]
    assert "found 8 service orders and " in twice[1]
    assert cells(twice[1]).keys() == cells(twice[0]).keys()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_end_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    process = demo(tmp_path)
    assert process.stdout
    with process:
        for line in process.stdout:
            if line.startswith("Ctrl-C"):
                break
        assert len(of_data_dir(tmp_path)) >= 1
        process.send_signal(number)
        _, error = process.communicate(timeout=60)

    assert (process.returncode, error) == (0, "")
    assert of_data_dir(tmp_path) == []


def test_killed_demonstration_takes_its_gateway_along(tmp_path: Path) -> None:
    process = demo(tmp_path)
    assert process.stdout
    with process:
        for line in process.stdout:
            if line.startswith("A listener"):
                break
        process.kill()
        process.communicate(timeout=60)

    deadline = time.monotonic() + 30
    while of_data_dir(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert of_data_dir(tmp_path) == []


def test_gateway_that_cannot_start_speaks_for_itself(tmp_path: Path) -> None:
    port = free_port("127.0.0.1", 0)
    done = subprocess.run(
        [sys.executable, "-m", "ordergate", "demo", "--once"],
        env=os.environ
        | {
            "ORDERGATE_DATA_DIR": str(tmp_path),
            "ORDERGATE_PORT": str(port),
            "ORDERGATE_MONGOD": str(tmp_path / "mongod"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: ORDERGATE_MONGOD={tmp_path / 'mongod'}")
    assert done.stderr.count("\n") == 1
