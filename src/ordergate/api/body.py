"""Request bodies: read strictly, and validated by schemas that are compiled once.

Connexion's own validator builds a schema object per request, which costs 2.7 ms for a 2.5 KB order;
a compiled one takes 0.003 ms.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from ordergate.api.contract import body_schemas
from ordergate.api.exchange import BODY
from ordergate.api.parameters import NamedParameters
from ordergate.errors import InvalidDocumentError
from ordergate.schemas.json_schema import compile_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope

    from ordergate.model.common import Document
    from ordergate.schemas.json_schema import JsonSchema

MEDIA_TYPES = ("application/json", "application/merge-patch+json")
DEEPEST = 32
"""Levels of nesting; no TM Forum document has half as many, and the store ends at 100."""
_INT64 = 2**63


class Bodies:
    """Validates the bodies of one API; Connexion calls it as if it were a validator class.

    It keeps nothing of a request, so one serves them all. The parsed body goes to the handler in
    the scope, so it is parsed once.

    Args:
        contract: the merged OpenAPI document.
    """

    def __init__(self, contract: Mapping[str, Any]) -> None:
        self._schemas = {
            operation: {
                media_type: compile_schema(schema, draft4=True)
                for media_type, schema in by_media_type.items()
            }
            for operation, by_media_type in body_schemas(contract).items()
        }

    def __call__(self, **_: object) -> Bodies:
        """Return itself: what Connexion would pass is known already."""
        return self

    def validator_map(self) -> dict[str, Any]:
        """Return what Connexion is to validate with."""
        return {"body": dict.fromkeys(MEDIA_TYPES, self), "parameter": NamedParameters}

    def check(self, document: Document, operation: str) -> None:
        """Check a document by the JSON body of an operation, as after a patch.

        Raises:
            InvalidDocumentError: naming the first attribute that is wrong.
        """
        _check(document, self._schemas[operation]["application/json"])

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Read, parse and check the body; leave it in the scope for the handler.

        Raises:
            InvalidDocumentError: it is not JSON, or not what the contract asks for.
        """
        routing = scope["extensions"]["connexion_routing"]
        headers = dict(scope["headers"])
        media_type = headers.get(b"content-type", b"application/json").split(b";")[0]
        schemas = self._schemas[routing["operation_id"]]
        document = parse(await _read(receive))
        _check(document, schemas[media_type.decode("latin-1").strip().lower()])
        scope[BODY] = document
        return receive, scope


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def parse(body: bytes) -> Document:
    """Return the JSON document, by the letter of RFC 8259: no NaN, no lone surrogate, UTF-8 only.

    Raises:
        InvalidDocumentError: it is none, is empty, or holds what no store can keep.
    """
    if not body.strip():
        raise InvalidDocumentError("The request has no body; a JSON object is expected.")
    try:
        document: Document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidDocumentError(f"The body is not JSON: {error}.") from error
    trouble = _trouble(document, DEEPEST)
    if trouble:
        raise InvalidDocumentError(f"The body {trouble}.")
    return document


def _trouble(node: object, levels: int) -> str | None:
    """Return what no store can keep of a JSON value, or None."""
    if isinstance(node, str):
        return "holds a NUL character" if "\0" in node else None
    if isinstance(node, int):
        return None if -_INT64 <= node < _INT64 else "holds a whole number beyond 64 bits"
    if not isinstance(node, dict | list):
        return None
    if levels == 0:
        return f"nests deeper than {DEEPEST} levels"
    inner = chain(node, node.values()) if isinstance(node, dict) else node
    return next((found for one in inner if (found := _trouble(one, levels - 1))), None)


def _check(document: Document, schema: JsonSchema) -> None:
    if schema.is_valid(document):
        return
    first = schema.findings(document)[0]
    where = f"{first.path}: " if first.path else ""
    raise InvalidDocumentError(f"{where}{first.message}", path=first.path or None)
