"""The processes that make load: wrk where it is on PATH, else the bundled client.

A job whose paths are asked only once is always the bundled client's: wrk ends by the clock alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ordergate.child_process import dying_with_parent

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = 30.0
_OK = range(200, 300)


class LoadError(Exception):
    """The load didn't get the answers that the case is about."""


@dataclass(frozen=True, slots=True)
class Job:
    """Requests to send.

    Args:
        body: every `########` in it becomes a number of eight digits, another in each request.
        paths: taken in turn.
        once: each path is asked once, and then it is over.
        seconds: for which new requests are begun.
        limit: how many requests at most.
        first: the first number.
    """

    method: str
    paths: tuple[str, ...]
    body: str = ""
    media_type: str = "application/json"
    connections: int = 16
    seconds: float = 3.0
    limit: int | None = None
    once: bool = False
    first: int = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a job; times in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p95: float
    p99: float


def generator() -> str:
    """Return the name of what makes the load of most jobs."""
    return "wrk" if shutil.which("wrk") else "bundled"


def answers(job: Job, host: str, port: int) -> Answers:
    """Do the job.

    Raises:
        LoadError: an answer was no success, or none came.
    """
    ends_by_itself = job.once or job.limit is not None or job.seconds < 1
    made = _bundled if ends_by_itself or generator() != "wrk" else _by_wrk
    return made(job, host, port)


def _bundled(job: Job, host: str, port: int) -> Answers:
    asked = json.dumps(asdict(job) | {"host": host, "port": port, "patience": _PATIENCE})
    seen = _output([sys.executable, "-m", "benchmarks.client"], job, asked)
    statuses = seen.pop("statuses")
    failed = {status: count for status, count in statuses.items() if int(status) not in _OK}
    return _answers(seen, failed)


def _by_wrk(job: Job, host: str, port: int) -> Answers:
    with TemporaryDirectory(prefix="benchmark-") as folder:
        said = {"job": f"{job.method}\n{job.media_type}\n{job.first}\n", "body": job.body}
        for name, text in (said | {"paths": "\n".join(job.paths)}).items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        script = str(Path(__file__).with_name("wrk.lua"))
        size = ["-t", "1", "-c", str(job.connections), "-d", f"{round(job.seconds)}s"]
        command = ["wrk", *size, "--timeout", f"{_PATIENCE:.0f}s", "-s", script]
        seen = _output([*command, f"http://{host}:{port}", "--", folder], job)
    failed = {kind: count for kind in ("refused", "lost") if (count := seen.pop(kind))}
    return _answers(seen, failed)


def _output(command: Sequence[str], job: Job, text: str = "") -> dict[str, Any]:
    """Return what a generator says with its last line."""
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=job.seconds + 2 * _PATIENCE,
        preexec_fn=dying_with_parent(),
    )
    if done.returncode:
        raise LoadError(f"The load generator failed: {done.stderr.strip()[-300:]}")
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


def _answers(seen: dict[str, Any], failed: dict[str, int]) -> Answers:
    if failed or not seen["requests"]:
        raise LoadError(f"The server's answers: {failed or 'none'}, of {seen['requests']}.")
    return Answers(**seen)
