from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ordergate.child_process import tied

PARENT = """
import subprocess, sys, time
from ordergate.child_process import dying_with_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=dying_with_parent(), start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""

# It is started by a thread that lives on, beside others, as long as the process does.
TIED = """
import subprocess, threading, time
from ordergate.child_process import tied
def keep():
    child = subprocess.Popen(tied(["/bin/sleep", "60"]), start_new_session=True)
    print(child.pid, flush=True)
    time.sleep(60)
threading.Thread(target=keep).start()
time.sleep(60)
"""

# The process in the middle stands between the one that asked and the one that is to start.
ORPHAN = """
import os, sys
from ordergate.child_process import dying_with_parent
before_exec = dying_with_parent()
if os.fork() == 0:
    if os.fork() == 0:
        before_exec()
        os._exit(0)
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("script", [PARENT, TIED], ids=["forked", "tied"])
def test_a_child_ends_when_its_parent_is_killed(script: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 5
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(child)


def test_a_child_whose_parent_ended_before_the_request_does_not_start() -> None:
    outcome = subprocess.run([sys.executable, "-c", ORPHAN], check=False)
    assert outcome.returncode == 1


def test_a_tied_command_speaks_for_itself_and_says_when_it_cannot_be_run() -> None:
    spoke = subprocess.run(tied(["/bin/echo", "a b"]), capture_output=True, text=True, check=True)
    assert spoke.stdout == "a b\n"
    missing = subprocess.run(tied(["/nowhere/mongod"]), capture_output=True, text=True, check=False)
    assert missing.returncode == 127
    assert missing.stderr == "/nowhere/mongod: No such file or directory\n"


def test_a_tied_command_does_not_start_without_the_process_that_asked() -> None:
    command = tied(["/bin/echo", "orphan"])
    command[4] = "0"  # nobody
    outcome = subprocess.run(command, capture_output=True, check=False)
    assert (outcome.returncode, outcome.stdout) == (1, b"")
