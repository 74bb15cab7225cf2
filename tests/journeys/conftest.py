"""A gateway of its own for each journey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from running import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway with its own embedded MongoDB, not started yet."""
    found = Gateway(tmp_path / "data")
    yield found
    found.close()
