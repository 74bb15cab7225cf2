"""Where and on what something was measured."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.generators import generator
from ordergate.storage.embedded import find_mongod

_LIBRARIES = ("connexion", "starlette", "uvicorn", "uvloop", "pymongo", "orjson", "jsonschema-rs")


def machine() -> dict[str, Any]:
    """Return what there is to say of this machine and of what runs on it."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "mongod": _first_line([str(find_mongod(None)), "--version"]).removeprefix("db version v"),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "loadGenerator": generator(),
        "commit": commit(),
    }


def commit() -> str:
    """Return the commit that is measured, with a + if files differ from it."""
    folder = Path(__file__).parents[1]
    git = ["git", "-C", str(folder)]
    found = _first_line([*git, "rev-parse", "--short=12", "HEAD"])
    changed = _first_line(
        [*git, "status", "--porcelain", "--", "src", "openapi", "benchmarks/*.py"]
    )
    return (found or "unknown") + ("+" if changed else "")


def load() -> list[float]:
    """Return how busy the machine is, over 1, 5 and 15 minutes."""
    return [round(one, 2) for one in os.getloadavg()]


def _cpu() -> str:
    with suppress(OSError):
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        if found:
            return found[1]
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def _first_line(command: list[str]) -> str:
    with suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        return next(iter(done.stdout.splitlines()), "")
    return ""
