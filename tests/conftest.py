"""What the whole run shares: one real mongod, started for it and ended with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ordergate.storage.embedded import EmbeddedEngine, find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A one-node replica set; without a mongod the run fails, it never skips."""
    with EmbeddedEngine.start(tmp_path_factory.mktemp("mongodb"), find_mongod(None)) as engine:
        yield engine.uri
