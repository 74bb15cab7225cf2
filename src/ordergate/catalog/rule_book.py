"""The rules in force, compiled and in memory, and kept up with the store."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from ordergate.catalog.compile import compile_rule
from ordergate.errors import StoreUnavailableError
from ordergate.schemas.resource_order_rule import RuleStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ordergate.model.common import Document
    from ordergate.process.rules import Rule

_log = logging.getLogger(__name__)


class RuleStore(Protocol):
    """Where rules are kept."""

    async def revision(self) -> int:
        """Return a number that is another one after each change."""

    async def all(self) -> Sequence[Document]:
        """Return the documents of all versions of all rules."""


class CompiledRuleBook:
    """The active rules of a store; it satisfies `process.ports.RuleBook`.

    Args:
        interval: seconds between two looks at the store's revision.
    """

    def __init__(self, store: RuleStore, *, interval: float) -> None:
        self._store = store
        self._interval = interval
        self._revision: int | None = None
        self._rules: tuple[Rule, ...] = ()
        self._compiled: dict[tuple[str, int], tuple[Document, Rule | None]] = {}

    def current(self) -> Sequence[Rule]:
        """Return the highest active version of each rule."""
        return self._rules

    def replace(self, documents: Iterable[Document]) -> None:
        """Put these rules in force; one that can't be compiled is logged and left out."""
        newest: dict[str, Document] = {}
        for document in documents:
            known = newest.get(document["id"])
            if document.get("status", RuleStatus.ACTIVE) == RuleStatus.ACTIVE and (
                known is None or _version(known) < _version(document)
            ):
                newest[document["id"]] = document
        self._compiled = {
            (rule_id, _version(document)): (document, self._compile(document))
            for rule_id, document in newest.items()
        }
        self._rules = tuple(rule for _, rule in self._compiled.values() if rule is not None)

    async def refresh(self) -> bool:
        """Take over what changed in the store; return whether something did.

        Raises:
            StoreUnavailableError: the store didn't answer; the rules are as before.
        """
        # The revision first: a change between the two reads is then seen the next time.
        revision = await self._store.revision()
        if revision == self._revision:
            return False
        self.replace(await self._store.all())
        self._revision = revision
        return True

    async def in_force(self) -> None:
        """Return when a change of the store is in force here and in every other process.

        So whoever changed a rule may send a request at once, to any worker. The others look every
        interval; half of one more is for the look itself.

        Raises:
            StoreUnavailableError: the store didn't answer.
        """
        await self.refresh()
        await asyncio.sleep(1.5 * self._interval)

    async def run(self, stop: asyncio.Event) -> None:
        """Refresh until `stop` is set; the rules stay in force while the store is away."""
        away = False
        while not stop.is_set():
            try:
                await self.refresh()
                away = False
            except StoreUnavailableError as error:
                if not away:
                    _log.warning("rules can't be refreshed: %s", error.reason)
                away = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._interval)

    def _compile(self, document: Document) -> Rule | None:
        """Return the compiled rule, the one from before if the document is the same."""
        known = self._compiled.get((document["id"], _version(document)))
        if known is not None and known[0] == document:
            return known[1]
        rule, problems = compile_rule(document)
        for problem in problems:
            _log.error("rule %s is left out: %s", document["id"], problem)
        return rule


def _version(document: Document) -> int:
    return int(document.get("version", 1))
