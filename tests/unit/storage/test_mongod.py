"""How much memory an embedded mongod takes for its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ordergate.storage.mongod import cache_size

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("limit", "size"),
    [("536870912", 0.25), ("8589934592", 0.5), ("17179869184", 1.0), ("1099511627776", 1.0)],
)
def test_cache_is_a_sixteenth_of_what_a_container_may_have(
    limit: str, size: float, tmp_path: Path
) -> None:
    (tmp_path / "limit").write_text(limit)
    assert cache_size([tmp_path / "limit"]) == min(size, cache_size([]))


@pytest.mark.parametrize("text", ["max\n", "", None])
def test_without_a_limit_it_is_a_sixteenth_of_the_machine(text: str | None, tmp_path: Path) -> None:
    limit = tmp_path / "limit"
    if text is not None:
        limit.write_text(text)
    assert cache_size([limit]) == cache_size([])
    assert 0.25 <= cache_size([]) <= 1
