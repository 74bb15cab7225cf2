"""What a handler reads of a request, and the answers it gives."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import orjson
from connexion.context import scope
from starlette.responses import Response

from ordergate.errors import InvalidDocumentError
from ordergate.model.addresses import BASE_PATHS
from ordergate.model.common import Api
from ordergate.process.idempotency import identify
from ordergate.schemas.patches import change_of
from ordergate.schemas.patterns import compile_pattern
from ordergate.tmf630.fields import select
from ordergate.tmf630.paging import page_of
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.model.common import Document
    from ordergate.process.entity import Idempotency
    from ordergate.tmf630.patch import Change
    from ordergate.tmf630.query import Query

BODY = "ordergate.body"
BODY_TEXT = "ordergate.bodyText"
MEDIA_TYPE = "ordergate.mediaType"
JSON = "application/json;charset=utf-8"
"""The media type of every answer (TMF652 v4.0.0, `produces`)."""
RESOURCE_ORDERING_ALIAS = "/tmf-api/resourceOrdering/v4"
"""The base path of TMF652 in TM Forum's later files; the contract names the published one."""

_LONGEST_KEY = 255
_TAG = re.compile(r'(?:W/)?"[^"]*"')
_TAGS = re.compile(rf"{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*")


class Lister(Protocol):
    """Lists documents of one kind."""

    async def list(self, query: Query) -> tuple[Sequence[Document], int]:
        """Return the page that is asked for, and how many match in all."""


class Reader(Lister, Protocol):
    """Reads documents of one kind."""

    async def read(self, entity_id: str) -> tuple[Document, int]:
        """Return the document and its revision; raise NotFoundError if there is none."""


@dataclass(frozen=True, slots=True)
class NewEntity:
    """What a POST that creates came with: the body, its idempotency, and the id it gets."""

    body: Document
    id: str
    idempotency: Idempotency | None


def body() -> Document:
    """Return the parsed and validated body of the present request."""
    document: Document = scope[BODY]
    return document


def body_text() -> bytes:
    """Return the body of the present request as it came, for messages that name a line in it."""
    text: bytes = scope[BODY_TEXT]
    return text


def patch() -> Change:
    """Return what the present PATCH does to a document, whatever its media type."""
    return change_of(scope[MEDIA_TYPE], body())


def if_revision() -> frozenset[int] | None:
    """Return the revisions that the present write is meant for (`If-Match`); None is any.

    Raises:
        InvalidDocumentError: it is no list of entity tags (RFC 9110, §13.1.1).
    """
    tags = _tags("If-Match")
    if tags is None or tags == ["*"]:
        return None
    strong = (tag[1:-1] for tag in tags if not tag.startswith("W/"))
    return frozenset(int(text) for text in strong if text.isascii() and text.isdigit())


def _tags(name: str) -> list[str] | None:
    """Return the entity tags that a header lists, None if there is no such header."""
    lines = _header(name)
    if not lines:
        return None
    text = ", ".join(lines).strip()
    if text != "*" and not _TAGS.fullmatch(text):
        raise InvalidDocumentError(f'{name} lists entity tags, as in "3", or is *.', path=name)
    return ["*"] if text == "*" else _TAG.findall(text)


def _header(name: str) -> list[str]:
    """Return each value that the present request has for a header."""
    wanted = name.lower().encode()
    return [value.decode("latin-1") for known, value in scope["headers"] if known == wanted]


def etag(revision: int) -> str:
    """Return the strong entity tag of a revision (RFC 9110, §8.8.3)."""
    return f'"{revision}"'


def new_entity(requester_roles: Sequence[str] = ()) -> NewEntity:
    """Return what the present POST asks to create.

    Args:
        requester_roles: see `identify`.

    Raises:
        InvalidDocumentError: the Idempotency-Key is empty or too long.
    """
    return entity_at(door(), body(), requester_roles)


def entity_at(door: str, document: Document, requester_roles: Sequence[str] = ()) -> NewEntity:
    """Return what the document would create at a door, under the present request's key.

    Raises:
        InvalidDocumentError: the Idempotency-Key is empty or too long.
    """
    key = next(iter(_header("Idempotency-Key")), None)
    if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
        raise InvalidDocumentError(
            f"An Idempotency-Key has 1 to {_LONGEST_KEY} characters.", path="Idempotency-Key"
        )
    if key is None and not requester_roles:
        return NewEntity(document, str(uuid4()), None)
    found = identify(door, document, fingerprint(document), key, requester_roles)
    return NewEntity(document, *(found or (str(uuid4()), None)))


def door() -> str:
    """Return the path of the present request, by the name that the contract has for it."""
    path: str = scope["path"]
    return path.replace(RESOURCE_ORDERING_ALIAS, BASE_PATHS[Api.RESOURCE_ORDERING])


def fingerprint(document: Document) -> str:
    """Return what two documents have in common if they are the same but for the order of names."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def raw_query() -> str:
    """Return the query string as it came: TMF630 gives a meaning to what decoding loses."""
    text: bytes = scope["query_string"]
    return text.decode("latin-1")


def query(page_limit: int) -> Query:
    """Return what the present request asks of a list or an entity.

    Raises:
        InvalidQueryError, UnsupportedQueryError: see `tmf630.query.parse_query`.
    """
    return parse_query(raw_query(), page_limit=page_limit, compile_pattern=compile_pattern)


def answer(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON answer."""
    return Response(
        orjson.dumps(document), status, dict(headers) if headers else None, media_type=JSON
    )


def created(document: Document, location: str, revision: int | None = None) -> Response:
    """Return the answer to a POST that made something: `Location` is its `href`."""
    return answer(document, 201, {"Location": location, **_etag_header(revision)})


def changed(document: Document, revision: int) -> Response:
    """Return the answer to a PATCH: the whole entity as it is now."""
    return answer(document, headers=_etag_header(revision))


def _etag_header(revision: int | None) -> dict[str, str]:
    return {} if revision is None else {"ETag": etag(revision)}


def no_content() -> Response:
    """Return the answer to a DELETE."""
    return Response(status_code=204)


def one(document: Document, page_limit: int, revision: int | None = None) -> Response:
    """Return an entity, cut down to the `fields` that the client asks for.

    Nothing but 304 if the client has that revision already (`If-None-Match`).

    Raises:
        InvalidDocumentError: `If-None-Match` is no list of entity tags.
        InvalidQueryError, UnsupportedQueryError: see `query`.
    """
    shown = select(document, query(page_limit).fields)
    headers = _etag_header(revision)
    had = {tag.removeprefix("W/") for tag in _tags("If-None-Match") or ()}
    if headers and had & {headers["ETag"], "*"}:
        return Response(status_code=304, headers=headers)
    return answer(shown, headers=headers)


def page(documents: Sequence[Document], total: int, asked: Query, url: str) -> Response:
    """Return a page of a list: 200 if it is all that matches, else 206 (TMF630 part 1, §4.5)."""
    described = page_of(asked, total=total, count=len(documents), url=url, raw_query=raw_query())
    shown = [select(document, asked.fields) for document in documents]
    return answer(shown, described.status, described.headers)
