"""What the whole run shares: one real mongod, started for it and ended with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ordergate.storage.embedded import EmbeddedEngine, find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator

# A parallel run's workers inherit them from GNU readline: the width of a terminal that isn't there.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let runs of single files take their time."""
    parser.addoption("--examples", type=int, help="requests per operation to make up, at least")
    parser.addoption(
        "--election-timeout", type=float, default=2.0, help="seconds; MongoDB's default is 10"
    )


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A one-node replica set; without a mongod the run fails, it never skips."""
    with EmbeddedEngine.start(tmp_path_factory.mktemp("mongodb"), find_mongod(None)) as engine:
        yield engine.uri
