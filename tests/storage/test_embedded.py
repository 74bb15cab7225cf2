"""The embedded engine against real mongods, and against programs that only claim to be one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from ordergate.errors import SetupError
from ordergate.storage.embedded import EmbeddedEngine, find_mongod
from ordergate.storage.mongod import Mongod, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HELPER = """
import sys, time
from pathlib import Path
from ordergate.storage.embedded import EmbeddedEngine, find_mongod
engine = EmbeddedEngine.start(Path(sys.argv[1]), find_mongod(None))
print(engine.pid, engine.uri, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def mongod() -> Path:
    return find_mongod(None)


def write(uri: str, key: str) -> None:
    with MongoClient[dict[str, Any]](uri, w="majority", timeoutMS=5000) as client:
        assert client.app.orders.insert_one({"_id": key}).acknowledged


def keys(uri: str) -> list[str]:
    with MongoClient[dict[str, Any]](uri, timeoutMS=5000) as client:
        return sorted(document["_id"] for document in client.app.orders.find())


def port_of(engine: EmbeddedEngine) -> int:
    return int(engine.uri.split(":")[2].split("/")[0])


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def stranger(port: int) -> Iterator[None]:
    """Listen on `port` and hang up on whoever calls, as a server of another protocol does."""
    with socket.create_server(("127.0.0.1", port)) as server:

        def hang_up() -> None:
            caller, _ = server.accept()
            caller.close()

        threading.Thread(target=hang_up, daemon=True).start()
        yield


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def program(folder: Path, script: str) -> Path:
    path = folder / "mongod"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_it_keeps_its_data_and_its_port_over_a_restart(tmp_path: Path, mongod: Path) -> None:
    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        write(engine.uri, "first")
        uri = engine.uri
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert not is_running(engine.pid)

    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        assert engine.uri == uri
        assert keys(engine.uri) == ["first"]
        write(engine.uri, "second")
        assert "Waiting" in (tmp_path / "mongod.log.1").read_text()


def test_a_port_taken_meanwhile_is_replaced(tmp_path: Path, mongod: Path) -> None:
    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        write(engine.uri, "before")
        old = port_of(engine)

    with stranger(old), EmbeddedEngine.start(tmp_path, mongod) as engine:
        assert port_of(engine) != old
        write(engine.uri, "after")
        assert keys(engine.uri) == ["after", "before"]


def test_a_second_gateway_on_the_directory_is_told_who_holds_it(
    tmp_path: Path, mongod: Path
) -> None:
    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        with pytest.raises(SetupError) as refused:
            EmbeddedEngine.start(tmp_path, mongod)
        assert f"in use by another gateway (process {os.getpid()})" in refused.value.reason
        assert "ORDERGATE_MONGODB_URI" in refused.value.reason
        write(engine.uri, "still there")


def test_stopping_twice_is_stopping_once(tmp_path: Path, mongod: Path) -> None:
    engine = EmbeddedEngine.start(tmp_path, mongod)
    engine.stop()
    engine.stop()
    assert not is_running(engine.pid)


def test_kill_9_of_the_gateway_leaves_no_mongod_and_loses_no_data(
    tmp_path: Path, mongod: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELPER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as gateway:
        assert gateway.stdout is not None
        pid, uri = gateway.stdout.readline().split()
        write(uri, "survivor")
        gateway.send_signal(signal.SIGKILL)

    with EmbeddedEngine.start(tmp_path, mongod) as engine:  # at once, while the old one dies
        assert keys(engine.uri) == ["survivor"]
    assert wait_until(lambda: not is_running(int(pid)), seconds=5)


def test_ctrl_c_in_the_terminal_does_not_reach_the_mongod(tmp_path: Path, mongod: Path) -> None:
    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        assert os.getpgid(engine.pid) != os.getpgid(0)


def test_a_predecessor_that_is_still_dying_is_waited_for(tmp_path: Path, mongod: Path) -> None:
    """A mongod whose gateway is gone holds `db/mongod.lock` a little longer than the gateway."""
    (tmp_path / "db").mkdir()
    stray = Mongod(mongod, tmp_path, free_port())
    assert stray.listens(time.monotonic() + 30)
    with subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {stray.pid}"]):
        began = time.monotonic()
        with EmbeddedEngine.start(tmp_path, mongod):
            assert time.monotonic() - began > 0.9
    assert stray.wait() == -signal.SIGKILL


def test_without_any_mongod_the_three_ways_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError) as refused:
        find_mongod(None, wheel="ordergate-no-such-wheel")
    for way_out in ("'ordergate[embedded]'", "PATH", "ORDERGATE_MONGOD,", "ORDERGATE_MONGODB_URI"):
        assert way_out in refused.value.reason


def test_the_setting_wins_over_path_and_path_over_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = program(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod(Path("/bin/sh")) == Path("/bin/sh")
    assert find_mongod(None) == on_path
    monkeypatch.setenv("PATH", "")
    assert find_mongod(None).parts[-4:] == ("fiftyone", "db", "bin", "mongod")


def test_a_setting_that_names_no_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=f"ORDERGATE_MONGOD={tmp_path}"):
        find_mongod(tmp_path)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        (
            "echo 'mongod: error while loading shared libraries: libcurl.so.4' >&2; exit 127",
            "ended with code 127, saying 'mongod: error while loading shared libraries: libcurl",
        ),
        (
            """echo '{"s":"I","msg":"Start"}'; echo '{"s":"E","msg":"WiredTiger error message",'\
'"attr":{"message":{"msg":"No space left on device"}}}'; echo '{"s":"F","msg":"Fatal"}'; exit 14""",
            "ended with code 14, saying 'WiredTiger error message: No space left on device'",
        ),
        ("exit 3", "ended with code 3, saying 'nothing'"),
    ],
)
def test_a_mongod_that_cannot_run_is_quoted(tmp_path: Path, script: str, complaint: str) -> None:
    with pytest.raises(SetupError) as refused:
        EmbeddedEngine.start(tmp_path / "data", program(tmp_path, script))
    assert complaint in refused.value.reason
    assert "ORDERGATE_MONGODB_URI" in refused.value.reason


def test_a_mongod_that_hangs_is_given_up_and_ended(tmp_path: Path) -> None:
    hanging = program(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    with pytest.raises(SetupError, match="is not ready in time"):
        EmbeddedEngine.start(tmp_path / "data", hanging, timeout=0.5)
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_a_directory_with_damaged_data_is_reported(tmp_path: Path, mongod: Path) -> None:
    EmbeddedEngine.start(tmp_path, mongod).stop()
    (tmp_path / "db" / "WiredTiger.turtle").write_text("")
    with pytest.raises(SetupError, match="WiredTiger") as refused:
        EmbeddedEngine.start(tmp_path, mongod)
    assert str(tmp_path / "mongod.log") in refused.value.reason


def test_a_data_directory_that_is_a_file_is_reported(tmp_path: Path, mongod: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(SetupError, match="can't be started"):
        EmbeddedEngine.start(tmp_path / "data", mongod)


def served_again(engine: EmbeddedEngine, before: int) -> bool:
    """Tell whether another mongod than `before` takes writes where the first one did."""
    if engine.pid == before:
        return False
    try:
        write(engine.uri, f"after {before}")
    except PyMongoError:
        return False
    return True


def test_a_mongod_that_dies_is_started_again_with_all_its_data(
    tmp_path: Path, mongod: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        uri, killed = engine.uri, []
        for _ in range(3):
            write(engine.uri, f"before {engine.pid}")
            killed.append(engine.pid)
            os.kill(engine.pid, signal.SIGKILL)
            assert wait_until(lambda: served_again(engine, killed[-1]), seconds=60)
        assert engine.uri == uri
        assert {f"{when} {pid}" for pid in killed for when in ("before", "after")} <= {*keys(uri)}
    ended = [one for one in caplog.records if "ended" in one.message]
    assert [vars(one)["code"] for one in ended] == [-signal.SIGKILL] * 3
    assert {vars(one)["log"] for one in ended} == {str(tmp_path / "mongod.log.1")}
    assert not any(is_running(pid) for pid in [*killed, engine.pid])


def test_a_mongod_that_was_told_to_end_by_somebody_else_is_started_again(
    tmp_path: Path, mongod: Path
) -> None:
    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        first = engine.pid
        os.kill(first, signal.SIGTERM)
        assert wait_until(lambda: served_again(engine, first), seconds=60)


def test_a_mongod_that_vanished_is_tried_until_it_is_back(
    tmp_path: Path, mongod: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alias = tmp_path / "mongod"
    alias.symlink_to(mongod)
    with EmbeddedEngine.start(tmp_path / "data", alias) as engine:
        first = engine.pid
        alias.unlink()
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: len(failures(caplog)) >= 3, seconds=20)
        assert f"{alias}: No such file or directory" in failures(caplog)[-1]
        alias.symlink_to(mongod)
        assert wait_until(lambda: served_again(engine, first), seconds=60)


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [vars(one)["reason"] for one in caplog.records if "can't be started" in one.message]


def test_tries_become_rarer_and_name_what_mongod_said(
    tmp_path: Path, mongod: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alias = tmp_path / "mongod"
    alias.symlink_to(mongod)
    with EmbeddedEngine.start(tmp_path / "data", alias) as engine:
        alias.unlink()
        program(
            tmp_path,
            """echo '{"s":"E","msg":"WiredTiger error message",'\
'"attr":{"message":{"msg":"No space left on device"}}}'; exit 14""",
        )
        os.kill(engine.pid, signal.SIGKILL)
        assert wait_until(lambda: len(failures(caplog)) >= 5, seconds=30)
        assert "WiredTiger error message: No space left on device" in failures(caplog)[-1]
        assert str(tmp_path / "data" / "mongod.log") in failures(caplog)[-1]
        tried = [one.created for one in caplog.records if "can't be started" in one.message]
        waits = [after - before for before, after in pairwise(tried)]
        # 0.25, 0.5, 1 and 2 s at least, and the last one seen is the longest
        assert all(wait >= least for wait, least in zip(waits, (0.25, 0.5, 1, 2), strict=False))
        assert "Waiting" in (tmp_path / "data" / "mongod.log.1").read_text()


@pytest.mark.parametrize("script", ["exit 14", "exec sleep 60"], ids=["waiting", "starting"])
def test_a_stop_during_a_restart_is_quick_and_leaves_nothing(
    tmp_path: Path, mongod: Path, script: str
) -> None:
    alias = tmp_path / "mongod"
    alias.symlink_to(mongod)
    engine = EmbeddedEngine.start(tmp_path / "data", alias)
    first = engine.pid
    alias.unlink()
    program(tmp_path, f"echo $$ >> {tmp_path}/pids; {script}")
    os.kill(first, signal.SIGKILL)
    started = tmp_path / "pids"
    assert wait_until(lambda: started.exists() and started.read_text() != "", seconds=20)

    began = time.monotonic()
    engine.stop()
    assert time.monotonic() - began < 2
    assert not any(is_running(int(pid)) for pid in started.read_text().split())
    assert not (tmp_path / "data" / "lock").exists()


def test_a_mongod_that_only_stands_still_is_left_alone(tmp_path: Path, mongod: Path) -> None:
    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        first = engine.pid
        os.kill(first, signal.SIGSTOP)
        time.sleep(2)
        assert engine.pid == first
        os.kill(first, signal.SIGCONT)
        write(engine.uri, "it goes on")


def test_a_stop_ends_a_mongod_that_stands_still(tmp_path: Path, mongod: Path) -> None:
    engine = EmbeddedEngine.start(tmp_path, mongod)
    os.kill(engine.pid, signal.SIGSTOP)
    engine.stop()
    assert not is_running(engine.pid)


def test_kill_9_of_the_gateway_leaves_no_mongod_that_was_started_again(
    tmp_path: Path, mongod: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELPER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as gateway:
        assert gateway.stdout is not None
        pid, uri = gateway.stdout.readline().split()
        os.kill(int(pid), signal.SIGKILL)
        children = psutil.Process(gateway.pid).children
        assert wait_until(lambda: [one.pid for one in children()] not in ([], [int(pid)]), 20)
        (second,) = children()
        write(uri, "survivor")
        gateway.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not is_running(second.pid), seconds=5)
    with EmbeddedEngine.start(tmp_path, mongod) as engine:
        assert keys(engine.uri) == ["survivor"]
