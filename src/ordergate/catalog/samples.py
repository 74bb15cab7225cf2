"""Samples: requests that a rule's own `requires` allows, to try its expressions with.

A value is made from its JSON Schema, once small and once large. Where none can be made (a
`pattern` without `examples`, a schema without `type`), its characteristic is left out, and what
needs it isn't tried; a first entry of `examples` in the schema is a way out.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ordergate.errors import InvalidDocumentError
from ordergate.model.common import Action
from ordergate.process.assess import scope_of
from ordergate.process.request import InitiatingRequest, RequestedItem, RequestType
from ordergate.schemas.json_schema import compile_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ordergate.process.rules import Scope
    from ordergate.schemas.resource_order_rule import RuleDocument

_MOST_ALONE = 8
"""Optional characteristics that are tried one by one, beside all and none."""

_LONGEST_LIST = 100
_LONGEST_TEXT = 1_000

_TEXTS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


class NoSampleError(Exception):
    """No value can be made for a schema."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A request as expressions see it.

    Args:
        unknown: characteristics for which no value could be made.
        present: optional characteristics that it has.
    """

    scope: Scope
    unknown: frozenset[str]
    present: tuple[str, ...]


def samples_of(document: RuleDocument) -> Iterator[Sample]:
    """Yield requests that are complete for the rule: its optional characteristics come and go."""
    wanted = document["requires"]["characteristic"]
    for large in (False, True):
        values = {
            name: made
            for name, (schema, _) in wanted.items()
            if (made := _try(schema, large=large)) is not None
        }
        unknown = frozenset(wanted) - frozenset(values)
        optional = [name for name in values if wanted[name][1]]
        for present in _selections(optional):
            characteristic = {
                name: value[0]
                for name, value in values.items()
                if name in present or not wanted[name][1]
            }
            yield Sample(_scope(document, characteristic), unknown, present)


def _try(schema: Mapping[str, Any], *, large: bool) -> tuple[Any] | None:
    """Return a sample, boxed since it may be false, or None."""
    try:
        value = make_value(schema, large=large)
    except NoSampleError:
        return None
    return (value,) if _fits(value, schema) else None


def _selections(optional: list[str]) -> Iterator[tuple[str, ...]]:
    """Yield none, all, each one alone, and all but each one."""
    yield ()
    if optional:
        yield tuple(optional)
    if 1 < len(optional) <= _MOST_ALONE:
        for name in optional:
            yield (name,)
            yield tuple(other for other in optional if other != name)


def _scope(document: RuleDocument, characteristic: Mapping[str, Any]) -> Scope:
    applies, requires = document["applies_to"], document["requires"]
    item = RequestedItem(
        id="1",
        path="serviceOrderItem[0]",
        action=Action.ADD,
        specification=applies["specification"],
        characteristic=characteristic,
        place={role: {"id": "place-1", "role": role} for role in requires["place"]},
        party={role: {"id": "party-1", "role": role} for role in requires["related_party"]},
    )
    request = InitiatingRequest(
        id="request-1",
        href="https://example.com/initiatingRequest/request-1",
        request_type=(applies["request_type"] or [RequestType.SERVICE_ORDER])[0],
        received_date=datetime(2026, 1, 31, tzinfo=UTC),
        item=(item,),
    )
    return scope_of(request, item)


def make_value(schema: Any, *, large: bool) -> Any:
    """Return a value for `schema`: the smallest, or a larger one.

    Raises:
        NoSampleError: that takes more than is done here.
    """
    if not isinstance(schema, dict):
        raise NoSampleError
    if "const" in schema:
        return schema["const"]
    for choice in ("examples", "enum"):
        if schema.get(choice):
            return schema[choice][-1 if large else 0]
    for choice in ("anyOf", "oneOf"):
        if schema.get(choice):
            return make_value(schema[choice][-1 if large else 0], large=large)
    kinds = schema.get("type")
    if isinstance(kinds, list):
        kinds = next((one for one in kinds if one != "null"), "null")
    make = _MAKERS.get(str(kinds))
    if make is None:
        raise NoSampleError
    return make(schema | {"type": kinds}, large=large)


def _number(schema: Mapping[str, Any], *, large: bool) -> float:
    """Return the least or the greatest of some likely numbers; a large `number` has a fraction."""
    step = schema.get("multipleOf", 1)
    bounds = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    turns = {0, 1} | {math.floor(schema[bound] / step) for bound in bounds if bound in schema}
    likely: list[float] = [step * (turn + more) for turn in turns for more in (-1, 0, 1, 2)]
    likely = [one for one in likely if one >= 0 or "minimum" in schema]
    if schema["type"] == "integer":
        likely = [int(one) for one in likely]
    elif large:
        likely = [number for one in likely for number in (float(one), one + 0.5)]
    fitting = [one for one in likely if _fits(one, schema)]
    if not fitting:
        raise NoSampleError
    return max(fitting) if large else min(fitting)


def _text(schema: Mapping[str, Any], *, large: bool) -> str:
    if "pattern" in schema or schema.get("format", "date") not in _TEXTS:
        raise NoSampleError
    if "format" in schema:
        return _TEXTS[schema["format"]]
    shortest = max(int(schema.get("minLength", 1)), 1)
    longest = max(int(schema.get("maxLength", shortest + 1)), shortest)
    return "a" * min(longest if large else shortest, _LONGEST_TEXT)


def _list(schema: Mapping[str, Any], *, large: bool) -> list[Any]:
    least = schema.get("minItems", 0)
    size = max(least, min(2, schema.get("maxItems", 2))) if large else least
    if size > _LONGEST_LIST:
        raise NoSampleError
    return [make_value(schema.get("items"), large=index % 2 == 1) for index in range(size)]


def _object(schema: Mapping[str, Any], *, large: bool) -> dict[str, Any]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    made = {name: make_value(properties.get(name), large=large) for name in required}
    for name in properties if large else ():
        with suppress(NoSampleError):
            made.setdefault(name, make_value(properties[name], large=large))
    return made


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a sample is valid; a part that refers elsewhere can't be tried."""
    try:
        return compile_schema(schema).is_valid(value)
    except InvalidDocumentError:
        return False


_MAKERS: Mapping[str, Callable[..., Any]] = {
    "integer": _number,
    "number": _number,
    "string": _text,
    "array": _list,
    "object": _object,
    "boolean": lambda _, *, large: large,
    "null": lambda _, **__: None,
}
