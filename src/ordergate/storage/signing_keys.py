"""The key that notifications are signed with where none is set, in the collection `signingKey`.

`{_id: "first", key: "whsk_...", createdDate}`: one document, so that all processes have one key.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ordergate.storage.insertion import Insertion

if TYPE_CHECKING:
    from ordergate.storage.database import Database, Stored

_FIRST = "first"


class MongoSigningKeys:
    """Keeps the key."""

    def __init__(self, database: Database) -> None:
        self._insertion = Insertion(database["signingKey"])

    async def first(self, proposed: str) -> str:
        """Keep the key if it is the first one; return the one that is kept.

        Raises:
            InProgressError: another process is at it, and a majority hasn't got it in time.
        """
        kept: Stored = {"_id": _FIRST, "key": proposed, "createdDate": datetime.now(UTC)}
        before = await self._insertion.insert(kept)
        return proposed if before is None else str(before["key"])
