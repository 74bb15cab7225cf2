"""Child processes that never outlive the gateway.

Linux sends a process the signal it asked for (`PR_SET_PDEATHSIG`) when the thread that started it
ends, even by kill -9. So such children are started from a thread that lives as long as they may.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NOT_FOUND = 127  # a shell's exit code for what it can't run
_LIBC = ctypes.CDLL(None, use_errno=True)  # loaded once: a child between fork and exec may not


def die_with_parent(signal_number: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to send this process `signal_number` when its parent ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)


def dying_with_parent(signal_number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Return a `preexec_fn` that ties a new child to the process that calls this now.

    It's for a process without other threads; beside them `tied` is safe.
    """
    parent = os.getpid()

    def before_exec() -> None:
        die_with_parent(signal_number)
        if os.getppid() != parent:  # it ended between the fork and the request
            os._exit(1)

    return before_exec


def tied(command: Sequence[str]) -> list[str]:
    """Return a command that becomes `command`, and is killed when the thread that runs it ends.

    No code of ours runs between fork and exec, where a lock that another thread held would stay
    taken for ever. If `command` can't be run, the exit code is 127.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def _become(parent: int, command: list[str]) -> None:
    die_with_parent()
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606 - who runs us chose the program
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201 - no log is set up
        sys.exit(_NOT_FOUND)


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
