"""Fakes of the catalog's ports, proven by the contract suite, and rules to try things with."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml

from make import EXAMPLES
from ordergate.errors import DuplicateError, NotFoundError, StoreUnavailableError

if TYPE_CHECKING:
    from ordergate.model.common import Document


class MemoryRuleStore:
    """Keeps rules in memory; `is_away` makes it as silent as a store that is down."""

    def __init__(self) -> None:
        self.is_away = False
        self._documents: dict[tuple[str, int], Document] = {}
        self._retired: set[str] = set()
        self._revision = 0

    async def ensure_indexes(self) -> None:
        """There are none to make."""

    async def put(self, document: Document) -> bool:
        key = document["id"], document.get("version", 1)
        known = self._documents.get(key)
        if known not in (None, document):
            raise DuplicateError("raise the version", path="version")
        self._documents[key] = copy.deepcopy(document)
        self._revision += 1
        return known is None

    async def get(self, rule_id: str, version: int | None = None) -> Document:
        found = [
            document
            for document in await self.all()
            if document["id"] == rule_id and version in (None, document.get("version", 1))
        ]
        if not found:
            raise NotFoundError(f"There is no rule {rule_id}.")
        return found[-1]

    async def all(self) -> list[Document]:
        return [
            {**document, "status": "retired"} if _name(document) in self._retired else document
            for _, document in sorted(self._documents.items())
        ]

    async def retire(self, rule_id: str) -> None:
        names = {_name(one) for one in self._documents.values() if one["id"] == rule_id}
        if not names:
            raise NotFoundError(f"There is no rule {rule_id}.")
        self._retired |= names
        self._revision += 1

    async def revision(self) -> int:
        if self.is_away:
            raise StoreUnavailableError("It is away.")
        return self._revision


def _name(document: Document) -> str:
    return f"{document['id']}:{document.get('version', 1)}"


def example_rule(example: str = "fibre-access", **changes: Any) -> Document:
    """Return the document of an example rule, fresh each time, with some keys set otherwise."""
    path = EXAMPLES / "catalog" / f"{example}.yaml"
    return {**yaml.safe_load(path.read_text(encoding="utf-8")), **changes}


def small_rule(**changes: Any) -> Document:
    """Return a rule with one item, with some keys set otherwise."""
    return {
        "id": "small",
        "name": "Small",
        "appliesTo": {"specification": {"id": "svc-small"}},
        "orderItem": [{"key": "port", "resourceSpecification": {"id": "rs-port"}}],
        **changes,
    }
