"""Rules, in the collection `resourceOrderRule`; its revision counts in `catalogRevision`.

`{_id: "<id>:<version>", id, version, retired, text}`: the document is kept as JSON text. It holds
JSON Schema, and the driver would turn a map with `$ref` and `$id` into a reference of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pymongo.errors import DuplicateKeyError

from ordergate.errors import DuplicateError, NotFoundError
from ordergate.storage.database import in_our_words

if TYPE_CHECKING:
    from ordergate.model.common import Document
    from ordergate.storage.database import Database, Stored

_REVISION = "resourceOrderRule"


class MongoRuleStore:
    """Keeps every version of every rule; a version never changes, but it can retire."""

    def __init__(self, database: Database) -> None:
        self._rules = database["resourceOrderRule"]
        self._revisions = database["catalogRevision"]

    async def ensure_indexes(self) -> None:
        """Make the index that finds the versions of a rule."""
        with in_our_words():
            await self._rules.create_index([("id", 1), ("version", -1)], unique=True)

    async def put(self, document: Document) -> bool:
        """Keep a version of a rule; return False if the same is there already.

        Raises:
            DuplicateError: the version is there with other content.
        """
        rule_id, version = document["id"], document.get("version", 1)
        with in_our_words():
            is_new = await self._insert(
                {
                    "_id": f"{rule_id}:{version}",
                    "id": rule_id,
                    "version": version,
                    "retired": False,
                    "text": json.dumps(document),
                }
            )
            # Also when it was there: whoever put it may have died before it counted.
            await self._changed()
        return is_new

    async def get(self, rule_id: str, version: int | None = None) -> Document:
        """Return a version of a rule, the highest if none is named.

        Raises:
            NotFoundError: there is none.
        """
        wanted: dict[str, Any] = {"id": rule_id}
        if version is not None:
            wanted["version"] = version
        with in_our_words():
            stored = await self._rules.find_one(wanted, sort=[("version", -1)])
        if stored is None:
            which = "" if version is None else f" in version {version}"
            raise NotFoundError(f"There is no rule {rule_id}{which}.")
        return _document(stored)

    async def all(self) -> list[Document]:
        """Return all versions of all rules, by id and version."""
        with in_our_words():
            found = self._rules.find().sort([("id", 1), ("version", 1)])
            return [_document(stored) async for stored in found]

    async def retire(self, rule_id: str) -> None:
        """Retire all versions of a rule.

        Raises:
            NotFoundError: there is none.
        """
        with in_our_words():
            retired = await self._rules.update_many({"id": rule_id}, {"$set": {"retired": True}})
            if not retired.matched_count:
                raise NotFoundError(f"There is no rule {rule_id}.")
            await self._changed()

    async def revision(self) -> int:
        """Return a number that grows after each change."""
        with in_our_words():
            stored = await self._revisions.find_one({"_id": _REVISION})
        return 0 if stored is None else int(stored["revision"])

    async def _insert(self, stored: Stored) -> bool:
        try:
            await self._rules.insert_one(stored)
        except DuplicateKeyError as error:
            there = await self._rules.find_one({"_id": stored["_id"]})
            if there is not None and json.loads(there["text"]) == json.loads(stored["text"]):
                return False
            raise DuplicateError(
                f"Version {stored['version']} of rule {stored['id']} is there with other content: "
                "raise the version.",
                path="version",
            ) from error
        return True

    async def _changed(self) -> None:
        await self._revisions.update_one({"_id": _REVISION}, {"$inc": {"revision": 1}}, upsert=True)


def _document(stored: Stored) -> Document:
    """Return the rule as it was put; a retired one says so."""
    retired = {"status": "retired"} if stored["retired"] else {}
    return {**json.loads(stored["text"]), **retired}
