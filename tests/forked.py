"""Gateways forked from a process that has everything imported, for tests that start very many.

Each is a process of its own that runs `ordergate serve`; only its imports were done before.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import psutil
import requests

from running import eventually, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NURSERY = """
import json, os, signal, sys
from ordergate.assembly import running
from ordergate.child_process import die_with_parent
from ordergate.cli.commands import main

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        command, log, environ = json.loads(line)
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), 2)
        os.dup2(2, 1)
        sys.argv = ["ordergate", command]
        os.environ.update(environ)
        main()
        os._exit(0)
    print(pid, flush=True)
"""


class Nursery:
    """Forks gateways, which all write to one log, unless they have their own."""

    def __init__(self, log: Path) -> None:
        self.log = log
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ORDERGATE_")}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _NURSERY],
                env=clean,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._turn = threading.Lock()

    def start(self, **environ: str) -> ForkedGateway:
        """Start a gateway and wait until it is ready."""
        gateway = self.spawn("serve", free_port(), self.log, environ)
        eventually(gateway.is_ready, within=60)
        return gateway

    def spawn(
        self, command: str, port: int, log: Path, environ: Mapping[str, str]
    ) -> ForkedGateway:
        """Start `ordergate COMMAND`, and wait for nothing."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = [command, str(log), {"ORDERGATE_PORT": str(port), **environ}]
        with self._turn:
            print(json.dumps(order), file=self._process.stdin, flush=True)
            return ForkedGateway(int(self._process.stdout.readline()), port)

    def close(self) -> None:
        """End the process that forks, and with it every gateway that was not ended."""
        self._process.communicate(timeout=20)


class ForkedGateway:
    """A running gateway."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.url = f"http://127.0.0.1:{port}"

    def is_ready(self) -> bool:
        """Say whether it takes requests."""
        assert self.is_there(), "it ended at its start"
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    def is_there(self) -> bool:
        """Say whether the process has not ended."""
        return psutil.pid_exists(self.pid)

    def kill(self) -> None:
        """End it by kill -9, if it is there, and wait until it has gone."""
        if self.is_there():
            os.kill(self.pid, signal.SIGKILL)
        eventually(lambda: not self.is_there())
