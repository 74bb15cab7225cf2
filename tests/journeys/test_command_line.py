from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ordergate.cli.gateway_process import free_port, running_gateway
from ordergate.client import GatewayClient
from ordergate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"


def ordergate(
    *arguments: str, timeout: float = 60, **environ: str
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ORDERGATE_")}
    return subprocess.run(
        [sys.executable, "-m", "ordergate", *arguments],
        env=clean | environ,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def assert_one_sentence(done: subprocess.CompletedProcess[str], *says: str) -> None:
    """Exit code 2, and an error that a person can act on at the end of what was said."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    error = done.stderr.strip().split("\n")[-1]
    assert error.startswith("Error: ")
    for part in says:
        assert part in error


@contextmanager
def gateway(data_dir: Path) -> Iterator[GatewayClient]:
    settings = Settings(data_dir=data_dir, port=free_port("127.0.0.1", 0))
    with (
        running_gateway(settings) as process,
        GatewayClient(f"http://127.0.0.1:{settings.port}") as client,
    ):
        process.wait_until(client.is_ready)
        yield client


def test_help_needs_nothing_but_click() -> None:
    program = "import sys, ordergate.cli; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = set(done.stdout.split())
    assert "click" in loaded
    assert loaded.isdisjoint({"rich", "requests", "pymongo", "connexion", "yaml", "cel"})


def test_help_is_there_by_both_names() -> None:
    script = Path(sys.executable).with_name("ordergate")
    by_script = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)

    assert "ordergate issue" in by_script.stdout
    assert ordergate("--help").stdout == by_script.stdout


def test_serving_without_any_mongod_is_one_sentence(tmp_path: Path) -> None:
    missing = str(tmp_path / "mongod")

    done = ordergate("serve", "--port", "0", "--data-dir", str(tmp_path), ORDERGATE_MONGOD=missing)

    assert_one_sentence(done, missing)


def test_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        done = ordergate("serve", "--port", port, "--data-dir", str(tmp_path))

    assert_one_sentence(done, port)


def test_unreachable_mongodb_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        uri = f"mongodb://127.0.0.1:{taken.getsockname()[1]}/"

        done = ordergate(
            "serve",
            *("--port", "0", "--data-dir", str(tmp_path)),
            ORDERGATE_MONGODB_URI=uri,
            ORDERGATE_MONGODB_TIMEOUT="1",
        )

    assert_one_sentence(done, "MongoDB")


def test_data_directory_of_another_gateway_is_one_sentence(tmp_path: Path) -> None:
    with gateway(tmp_path):
        done = ordergate("serve", "--port", "0", "--data-dir", str(tmp_path))

    assert_one_sentence(done, str(tmp_path))


def test_broken_rule_file_is_told_by_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("id: broken\nversion: 1\nname: [unclosed\n")

    done = ordergate("catalog", "check", str(file))

    assert done.returncode == 2
    assert f"{file}:" in done.stderr
    assert "Traceback" not in done.stderr


def test_order_goes_from_file_to_explanation(tmp_path: Path) -> None:
    order = str(EXAMPLES / "requests" / "vpn-and-fibre.json")
    with gateway(tmp_path) as client:
        url = ("--url", client.url)
        assert ordergate("catalog", "load", str(EXAMPLES / "catalog"), *url).returncode == 0
        again = ordergate("catalog", "load", str(EXAMPLES / "catalog"), *url)
        dry = ordergate("issue", order, "--dry-run", *url)
        assert client.count_service_orders() == 0
        issued = ordergate("issue", order, *url)
        rejected = ordergate("issue", str(EXAMPLES / "requests" / "fibre-incorrect.json"), *url)
        (resource_order, _) = client.resource_orders(_id_in(issued.stdout))
        explained = ordergate("explain", resource_order["id"], *url)

    assert again.stdout.count("unchanged") == 5
    assert dry.returncode == issued.returncode == explained.returncode == 0
    assert rejected.returncode == 1
    for text in (dry.stdout, issued.stdout, explained.stdout):
        assert "waits for vpn-cpe-1, vpn-cpe-2" in text
    assert "timeline" in explained.stdout


def _id_in(decision: str) -> str:
    """Return the request's id from the first line of a printed decision."""
    return decision.split("\n", maxsplit=1)[0].split()[2]


def test_ctrl_c_is_the_normal_end_of_listening() -> None:
    listening = subprocess.Popen(
        [sys.executable, "-m", "ordergate", "listen", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert listening.stderr
    with listening:
        lines = [listening.stderr.readline() for _ in range(4)]
        listening.send_signal(signal.SIGINT)
        rest = listening.stderr.read()

    assert lines[0].startswith("Listening at http://127.0.0.1:")
    assert "ORDERGATE_CALLBACK_ALLOW" in lines[-1]
    assert rest == ""
    assert listening.returncode == 0
