"""Request bodies: read strictly, and validated by schemas that are compiled once.

Connexion's own validator builds a schema object per request, which costs 2.7 ms for a 2.5 KB order;
a compiled one takes 0.003 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordergate.api.contract import body_schemas, operations
from ordergate.api.exchange import BODY, BODY_TEXT, MEDIA_TYPE
from ordergate.api.parameters import NamedParameters
from ordergate.api.strict_json import check_storable, parse
from ordergate.errors import InvalidDocumentError
from ordergate.schemas.json_schema import compile_schema
from ordergate.schemas.patches import PATCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope

    from ordergate.model.common import Document
    from ordergate.schemas.json_schema import JsonSchema

ANY_KEY = "x-any-key"
"""Marks an operation whose body may have keys with `$` and `.`: a rule holds JSON Schemas."""


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
        self._any_key = {
            operation
            for operation, (method, path) in operations(contract).items()
            if contract["paths"][path][method.lower()].get(ANY_KEY)
        }

    def __call__(self, **_: object) -> Bodies:
        """Return itself: what Connexion would pass is known already."""
        return self

    def validator_map(self) -> dict[str, Any]:
        """Return what Connexion is to validate with."""
        return {"body": dict.fromkeys(PATCHES, self), "parameter": NamedParameters}

    def check(self, document: Document, operation: str) -> None:
        """Check a document by the JSON body of an operation, as after a patch.

        Raises:
            InvalidDocumentError: naming the first attribute that is wrong.
        """
        _check(document, self._schemas[operation]["application/json"])

    def check_of(self, *operations: str) -> Callable[[Document], None]:
        """Return what checks the result of a patch by the JSON bodies of these operations.

        A patch can build what no body may hold, so that is checked too.
        """

        def check(document: Document) -> None:
            check_storable(document, "result")
            for operation in operations:
                self.check(document, operation)

        return check

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Read, parse and check the body; leave it in the scope for the handler.

        Raises:
            InvalidDocumentError: it is not JSON, or not what the contract asks for.
        """
        routing = scope["extensions"]["connexion_routing"]
        headers = dict(scope["headers"])
        content_type = headers.get(b"content-type", b"application/json").decode("latin-1")
        media_type = content_type.split(";")[0].strip().lower()
        operation = routing["operation_id"]
        text = await _read(receive)
        document = parse(text, any_key=operation in self._any_key)
        _check(document, self._schemas[operation][media_type])
        scope[BODY], scope[BODY_TEXT], scope[MEDIA_TYPE] = document, text, media_type
        return receive, scope


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _check(document: Document, schema: JsonSchema) -> None:
    if schema.is_valid(document):
        return
    first = schema.findings(document)[0]
    where = f"{first.path}: " if first.path else ""
    raise InvalidDocumentError(f"{where}{first.message}", path=first.path or None)
