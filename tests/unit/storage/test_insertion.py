"""Two writers of one id, as a majority comes to know of the first one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pymongo.errors import BulkWriteError

from ordergate.errors import DuplicateError, InProgressError
from ordergate.storage.insertion import Insertion

KEPT = {"_id": "a", "document": {}}
BY_ID = {"_id": 1}


class Primary:
    """A collection on whose primary another writer was first.

    Args:
        unseen: how often the document is looked for before a majority has it.
        rolled_back: whether the other write is lost then.
        key: of the index that refuses the second writer.
    """

    def __init__(
        self, *, unseen: float = 0, rolled_back: bool = False, key: dict[str, int] = BY_ID
    ) -> None:
        self._unseen = unseen
        self._rolled_back = rolled_back
        self._key = key
        options = SimpleNamespace(timeout=20.0)
        self.database = SimpleNamespace(client=SimpleNamespace(options=options))

    async def bulk_write(self, writes: list[Any], *, ordered: bool) -> None:
        assert len(writes) == 1
        assert not ordered
        if self._unseen < 0 and self._rolled_back:
            return
        refused = {"index": 0, "code": 11000, "errmsg": "E11000", "keyPattern": self._key}
        raise BulkWriteError({"writeErrors": [refused]})

    async def find_one(self, _: dict[str, Any]) -> dict[str, Any] | None:
        self._unseen -= 1
        return None if self._unseen >= 0 or self._rolled_back else {"_id": "a", "document": 1}


def inserted(primary: Primary, patience: float = 5.0) -> dict[str, Any] | None:
    async def insert() -> dict[str, Any] | None:
        return await Insertion(cast("Any", primary)).insert(dict(KEPT), patience)

    return asyncio.run(insert())


@pytest.mark.parametrize("unseen", [0, 1, 3])
def test_other_writers_document_is_waited_for(unseen: int) -> None:
    assert inserted(Primary(unseen=unseen)) == {"_id": "a", "document": 1}


def test_id_that_is_free_again_is_taken() -> None:
    assert inserted(Primary(unseen=0, rolled_back=True)) is None


def test_document_that_stays_unseen_is_in_progress_elsewhere() -> None:
    with pytest.raises(InProgressError):
        inserted(Primary(unseen=float("inf")), patience=0.05)


def test_another_unique_index_is_not_waited_for() -> None:
    with pytest.raises(DuplicateError):
        inserted(Primary(unseen=float("inf"), key={"order": 1}))
