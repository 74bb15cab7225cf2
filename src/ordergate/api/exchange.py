"""What a handler reads of a request, and the answers it gives."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID, uuid4, uuid5

import connexion
import orjson
from starlette.responses import Response

from ordergate.errors import InvalidDocumentError
from ordergate.process.ports import Idempotency
from ordergate.tmf630.fields import select
from ordergate.tmf630.paging import page_of
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.model.common import Document
    from ordergate.tmf630.query import Query

BODY = "ordergate.body"
JSON = "application/json;charset=utf-8"
"""The media type of every answer (TMF652 v4.0.0, `produces`)."""

_IDS = UUID("b0a1c0de-6f2b-5c53-9d55-5d0f7a8f0c11")
_LONGEST_KEY = 255


class Reader(Protocol):
    """Reads documents of one kind."""

    async def read(self, entity_id: str) -> Document:
        """Return the document; raise NotFoundError if there is none."""

    async def list(self, query: Query) -> tuple[Sequence[Document], int]:
        """Return the page that is asked for, and how many match in all."""


@dataclass(frozen=True, slots=True)
class NewEntity:
    """What a POST that creates came with: the body, its idempotency, and the id it gets.

    The same key at the same door gives the same id, so a repeated request meets what the first one
    made.
    """

    body: Document
    id: str
    idempotency: Idempotency | None


def body() -> Document:
    """Return the parsed and validated body of the present request."""
    document: Document = connexion.request.scope[BODY]
    return document


def new_entity() -> NewEntity:
    """Return what the present POST asks to create.

    Raises:
        InvalidDocumentError: the Idempotency-Key is empty or too long.
    """
    scope, document = connexion.request.scope, body()
    key = connexion.request.headers.get("Idempotency-Key")
    if key is None:
        return NewEntity(document, str(uuid4()), None)
    if not 1 <= len(key) <= _LONGEST_KEY:
        raise InvalidDocumentError(
            f"An Idempotency-Key has 1 to {_LONGEST_KEY} characters.", path="Idempotency-Key"
        )
    canonical = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    fingerprint = hashlib.sha256(canonical).hexdigest()
    entity_id = str(uuid5(_IDS, f"{scope['path']}\n{key}"))
    return NewEntity(document, entity_id, Idempotency(key, fingerprint))


def raw_query() -> str:
    """Return the query string as it came: TMF630 gives a meaning to what decoding loses."""
    text: bytes = connexion.request.scope["query_string"]
    return text.decode("latin-1")


def query(page_limit: int) -> Query:
    """Return what the present request asks of a list or an entity.

    Raises:
        InvalidQueryError, UnsupportedQueryError: see `tmf630.query.parse_query`.
    """
    return parse_query(raw_query(), page_limit=page_limit)


def answer(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON answer."""
    return Response(
        orjson.dumps(document), status, dict(headers) if headers else None, media_type=JSON
    )


def created(document: Document, location: str) -> Response:
    """Return the answer to a POST that made something: `Location` is its `href`."""
    return answer(document, 201, {"Location": location})


def no_content() -> Response:
    """Return the answer to a DELETE."""
    return Response(status_code=204)


def one(document: Document, page_limit: int) -> Response:
    """Return an entity, cut down to the `fields` that the client asks for."""
    return answer(select(document, query(page_limit).fields))


def page(documents: Sequence[Document], total: int, asked: Query, url: str) -> Response:
    """Return a page of a list: 200 if it is all that matches, else 206 (TMF630 part 1, §4.5)."""
    described = page_of(asked, total=total, count=len(documents), url=url, raw_query=raw_query())
    shown = [select(document, asked.fields) for document in documents]
    return answer(shown, described.status, described.headers)
