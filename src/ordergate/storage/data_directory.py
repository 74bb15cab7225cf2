"""The data directory of an embedded MongoDB belongs to one gateway at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TextIO

from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the data directory for this process alone; the kernel lets go if it is killed.

    Raises:
        SetupError: another gateway holds it.
    """
    (home / "db").mkdir(parents=True, exist_ok=True)
    path = home / "lock"
    with ExitStack() as undo:
        lock = undo.enter_context(path.open("a+"))
        _lock(lock, home)
        while not _is_at(lock, path):  # its last holder took it away before we had it
            lock = undo.enter_context(path.open("a+"))
            _lock(lock, home)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        undo.callback(path.unlink, missing_ok=True)
        yield


def _lock(lock: TextIO, home: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        raise SetupError(
            f"The data directory {home} is in use by another gateway (process {holder}): stop "
            "that one, or give this one its own ORDERGATE_DATA_DIR, or let both share a "
            "MongoDB by ORDERGATE_MONGODB_URI."
        ) from None


def _is_at(lock: TextIO, path: Path) -> bool:
    """Return whether the open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), path.stat())
    except FileNotFoundError:
        return False
