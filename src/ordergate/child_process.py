"""Child processes that never outlive the gateway.

Linux sends a process the signal it asked for (`PR_SET_PDEATHSIG`) when the thread that started it
ends, even by kill -9. So start such children from the main thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True)  # loaded once: a child between fork and exec may not


def die_with_parent(signal_number: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to send this process `signal_number` when its parent ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)


def dying_with_parent(signal_number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Return a `preexec_fn` that ties a new child to the process that calls this now."""
    parent = os.getpid()

    def before_exec() -> None:
        die_with_parent(signal_number)
        if os.getppid() != parent:  # it ended between the fork and the request
            os._exit(1)

    return before_exec
