"""A gateway run as a child process, for as long as somebody looks at it."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ordergate.child_process import dying_with_parent
from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ordergate.settings import Settings

_TO_START = 60.0
_TO_STOP = 20.0
_LARGEST_LOG = 10 * 1024 * 1024


class GatewayProcess:
    """A running `ordergate serve`, with its log in a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self.log = log

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Wait until the gateway takes requests.

        Raises:
            SetupError: it ended, in its own words; or it isn't ready within a minute.
        """
        deadline = time.monotonic() + _TO_START
        while True:
            self._check_alive()
            if is_ready():
                return
            if time.monotonic() > deadline:
                raise SetupError(
                    f"The gateway isn't ready after {_TO_START:.0f} s: see {self.log}."
                )
            time.sleep(0.1)

    def wait(self) -> None:
        """Wait until the gateway ends.

        Raises:
            SetupError: it did, and nobody here asked it to.
        """
        self._process.wait()
        self._check_alive()

    def _check_alive(self) -> None:
        if self._process.poll() is not None:
            raise SetupError(_last_line(self.log).removeprefix("Error: "))


@contextmanager
def running_gateway(settings: Settings) -> Iterator[GatewayProcess]:
    """Start a gateway with `settings`; stop it at the end.

    It has its own process group, so that Ctrl-C is ours to handle; and the kernel stops it when
    this process dies by whatever cause.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = settings.data_dir / "gateway.log"
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.replace(log.with_name("gateway.log.1"))
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ordergate", "serve"],
            env=os.environ | settings.as_environ(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads yet
        )
    try:
        yield GatewayProcess(process, log)
    finally:
        with undisturbed():
            stop(process)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Leave Ctrl-C aside while something is brought to its end."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


def free_port(host: str, port: int) -> int:
    """Return `port` if it is free, or any free one where it is 0.

    Raises:
        SetupError: something listens there already, or there is no such address here.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            why = "is in use" if in_use else f"can't be had: {error.strerror}"
            raise SetupError(
                f"Port {port} of {host} {why}: stop what listens there, or set ORDERGATE_PORT."
            ) from error
        return int(candidate.getsockname()[1])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here: asked first, killed if it takes too long."""
    process.terminate()
    try:
        process.wait(_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(log: Path) -> str:
    """Return the last words of a gateway."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "The gateway ended silently.")
