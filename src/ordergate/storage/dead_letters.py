"""Events that are sent no more, in the collection `deadLetter`.

`{_id: "<hubId>:<entityId>.<sequence in ten digits>", hub, entity, sequence, attempts, history,
since, reason, buriedDate, event?{api, document, storedAt}}`: the event lies in it whole, so that it
can be sent again for as long as the letter is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import DeleteMany

from ordergate.model.common import Api
from ordergate.model.events import OwedEvent
from ordergate.model.notification import LONGEST_HISTORY
from ordergate.storage.attempts import stored_attempt
from ordergate.storage.database import in_our_words
from ordergate.storage.events import ensure_expiry, within
from ordergate.storage.lane_updates import lane_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from ordergate.model.notification import LaneClaim, PastAttempt, Span, StoredEvent
    from ordergate.storage.database import Database, Stored

_KEPT = 30 * 86_400
_PART = 500


class MongoDeadLetters:
    """Keeps the dead letters.

    Args:
        retention: seconds for which each is kept.
    """

    def __init__(self, database: Database, *, retention: float = _KEPT) -> None:
        self._database = database
        self._letters = database["deadLetter"]
        self._retention = retention

    async def ensure_indexes(self) -> None:
        """Make the index of each listener's letters, and the one by which they expire."""
        with in_our_words():
            await self._letters.create_index(["hub", "event.storedAt"])
        await ensure_expiry(self._database, self._letters.name, "buriedDate", self._retention)

    async def add(
        self,
        claim: LaneClaim,
        sequence: int,
        reason: str,
        event: StoredEvent | None,
        attempt: PastAttempt | None = None,
    ) -> None:
        """Keep an event of a lane that is sent no more; None if only its number is known."""
        place = claim.sequences.index(sequence)
        history = [*(claim.history if place == 0 else ()), *([attempt] if attempt else ())]
        letter: Stored = {
            "hub": claim.hub_id,
            "entity": claim.entity_id,
            "sequence": sequence,
            "attempts": claim.attempts if place == 0 else 0,
            "history": [stored_attempt(one) for one in history[-LONGEST_HISTORY:]],
            "since": claim.since[place],
            "reason": reason,
        }
        if event is not None:
            letter["event"] = {
                "api": str(event.event.api),
                "document": event.event.document,
                "storedAt": event.stored_at,
            }
        update = {"$set": letter, "$currentDate": {"buriedDate": True}}
        with in_our_words():
            await self._letters.update_one(
                {"_id": _id(claim.lane_id, sequence)}, update, upsert=True
            )

    async def of(self, hub_id: str, span: Span) -> AsyncIterator[Sequence[OwedEvent]]:
        """Yield a listener's dead events of that span in parts, oldest first."""
        wanted = {"hub": hub_id, **within(span, "event.storedAt", "entity")}
        wanted.setdefault("event.storedAt", {"$exists": True})
        with in_our_words():
            found = self._letters.find(wanted, batch_size=_PART).sort(
                {"event.storedAt": 1, "_id": 1}
            )
            while part := await found.to_list(_PART):
                yield [
                    OwedEvent(
                        Api(one["event"]["api"]),
                        one["entity"],
                        one["sequence"],
                        one["event"]["document"],
                    )
                    for one in part
                ]

    async def forget(self, hub_id: str, again: Mapping[str, Sequence[int]]) -> None:
        """Forget those of each entity (its id): they wait again."""
        operations = [
            DeleteMany({"_id": {"$in": [_id(lane_id(hub_id, entity), n) for n in sequences]}})
            for entity, sequences in again.items()
        ]
        with in_our_words():
            await self._letters.bulk_write(operations, ordered=False)


def _id(lane: str, sequence: int) -> str:
    return f"{lane}.{sequence:010d}"
