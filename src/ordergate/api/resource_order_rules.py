"""`resourceOrderRule` at the gateway's door: rules are put, checked, listed and retired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ordergate.api.exchange import answer, body, body_text, created, no_content, one, page, query
from ordergate.errors import InvalidDocumentError
from ordergate.tmf630.filter import matches
from ordergate.tmf630.order import in_order
from ordergate.tmf630.query import SortKey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.responses import Response

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.tmf630.attributes import Attributes


class RuleStore(Protocol):
    """Keeps the versions of rules."""

    async def put(self, document: Document) -> bool:
        """Add a version; return False if it is there already, word for word."""

    async def get(self, rule_id: str, version: int | None) -> Document:
        """Return that version, or the highest; raise NotFoundError if there is none."""

    async def all(self) -> list[Document]:
        """Return every version of every rule."""

    async def retire(self, rule_id: str) -> None:
        """Retire all versions; raise NotFoundError if there is none."""


class Problem(Protocol):
    """What is wrong with a rule, and where in it."""

    @property
    def path(self) -> str:
        """The place in the rule."""

    @property
    def message(self) -> str:
        """What is wrong there."""

    @property
    def line(self) -> int | None:
        """The line of the body that it is in."""

    @property
    def column(self) -> int | None:
        """The column there."""


class ResourceOrderRules:
    """The operations on `resourceOrderRule`.

    Args:
        check: finds everything that is wrong with a rule, and where in the body it is.
        in_force: returns when a change is in force in every process.
        attributes: what the contract says of a rule.
    """

    def __init__(
        self,
        *,
        rules: RuleStore,
        check: Callable[[Document, bytes], Sequence[Problem]],
        in_force: Callable[[], Awaitable[None]],
        attributes: Attributes,
        addresses: Addresses,
        page_limit: int,
    ) -> None:
        self._rules = rules
        self._check = check
        self._in_force = in_force
        self._attributes = attributes
        self._addresses = addresses
        self._page_limit = page_limit

    async def list_resource_order_rule(self) -> Response:
        """GET /resourceOrderRule: every version, by id and version unless `sort` says otherwise."""
        asked = query(self._page_limit)
        self._attributes.check(asked)
        every = [self._shown(rule) for rule in await self._rules.all()]
        keys = (*asked.sort, SortKey("id"), SortKey("version"))
        found = in_order((rule for rule in every if matches(rule, asked.conditions)), keys)
        limit = self._page_limit if asked.limit is None else asked.limit
        shown = found[asked.offset : asked.offset + limit]
        url = self._addresses.resource_order_rule("").rstrip("/")
        return page(shown, len(found), asked, url)

    async def retrieve_resource_order_rule(self, id_: str, version: int | None = None) -> Response:
        """GET /resourceOrderRule/{id}: the highest version, or the one asked for."""
        return one(self._shown(await self._rules.get(id_, version)), self._page_limit)

    async def put_resource_order_rule(self, id_: str) -> Response:
        """PUT /resourceOrderRule/{id}: add a version; the same again changes nothing."""
        rule = body()
        if rule["id"] != id_:
            raise InvalidDocumentError(
                f"The rule's id is {rule['id']!r}, the address says {id_!r}: make them one.",
                path="id",
            )
        problems = self._check(rule, body_text())
        if problems:
            raise InvalidDocumentError("; ".join(map(_told, problems)), path=problems[0].path)
        is_new = await self._rules.put(rule)
        await self._in_force()
        kept = self._shown(await self._rules.get(id_, rule["version"]))
        return created(kept, kept["href"]) if is_new else answer(kept)

    async def check_resource_order_rule(self) -> Response:
        """POST /resourceOrderRule/check: everything that is wrong with a rule; nothing is kept."""
        problems = self._check(body(), body_text())
        return answer({"problem": [_document(one) for one in problems]})

    async def delete_resource_order_rule(self, id_: str) -> Response:
        """DELETE /resourceOrderRule/{id}: retire it; what it decided stays explained."""
        await self._rules.retire(id_)
        await self._in_force()
        return no_content()

    def _shown(self, rule: Document) -> Document:
        return {**rule, "href": self._addresses.resource_order_rule(rule["id"])}


def _document(problem: Problem) -> Document:
    place = {"line": problem.line, "column": problem.column}
    known = {name: value for name, value in place.items() if value is not None}
    return {"path": problem.path, "message": problem.message, **known}


def _told(problem: Problem) -> str:
    where = f" (line {problem.line}, column {problem.column})" if problem.line else ""
    return f"{problem.path}{where}: {problem.message}"
