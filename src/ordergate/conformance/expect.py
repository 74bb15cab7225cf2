"""What checks expect of answers: each returns what it read, or says what is wrong with it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ordergate.conformance.check import ViolationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordergate.conformance.session import Answer
    from ordergate.model.common import Document

OK, CREATED, GONE, PARTIAL = 200, 201, 204, 206
BAD, NOT_FOUND, NOT_ALLOWED, MEDIA_TYPE = 400, 404, 405, 415


def that(holds: object, otherwise: str) -> None:
    """Say `otherwise` unless it holds."""
    if not holds:
        raise ViolationError(otherwise)


def status(answer: Answer, *expected: int) -> Answer:
    """Expect one of these statuses."""
    allowed = " or ".join(str(one) for one in expected)
    that(answer.status in expected, f"{answer}, not {allowed}.")
    return answer


def refused(answer: Answer, what: str) -> Answer:
    """Expect a 4xx."""
    that(BAD <= answer.status < 500, f"{what}: {answer}, not a refusal (4xx).")  # noqa: PLR2004 - the end of 4xx
    return answer


def entity(answer: Answer, *expected: int) -> Document:
    """Expect one object."""
    status(answer, *expected)
    document = answer.document
    that(isinstance(document, dict), f"{answer} with {_kind(document)}, not with one object.")
    found: Document = document
    return found


def entities(answer: Answer) -> list[Document]:
    """Expect a list of objects, whole (200) or in part (206)."""
    status(answer, OK, PARTIAL)
    document = answer.document
    good = isinstance(document, list) and all(isinstance(one, dict) for one in document)
    that(good, f"{answer} with {_kind(document)}, not with an array of objects.")
    found: list[Document] = document
    return found


def count(answer: Answer, header: str) -> int:
    """Expect a count in a header of a list."""
    value = answer.headers.get(header)
    that(value is not None, f"{answer} without {header}.")
    that(str(value).isdecimal(), f"{answer} with {header}: {value!r}, which is no count.")
    return int(str(value))


def mandatory(order: Document, types: Mapping[str, type], where: str) -> None:
    """Expect each attribute, with a value of its type that isn't empty (CP2)."""
    for name, kind in types.items():
        value = order.get(name)
        good = isinstance(value, kind) and value
        that(good, f"{where}: {name} is {_shown(value)}, not a {_NAMES[kind]} with content.")


def moment(text: Any) -> datetime:
    """Expect a date and time with its offset."""
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        read = datetime.min  # noqa: DTZ901 - stands for no moment, and has no zone to be wrong
    that(read.tzinfo is not None, f"{text!r} is no date-time with `Z` or an offset.")
    return read


_NAMES: dict[type, str] = {str: "string", list: "array"}


def _kind(document: Any) -> str:
    if document is None:
        return "no JSON"
    if isinstance(document, dict):
        return "an object"
    return "an array" if isinstance(document, list) else "a bare value"


def _shown(value: Any) -> str:
    return "absent" if value is None else repr(value)[:80]
