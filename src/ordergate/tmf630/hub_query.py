"""A hub's query: which events a listener wants, and how much of them (TMF630 part 1, §10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordergate.errors import InvalidQueryError
from ordergate.tmf630.fields import select
from ordergate.tmf630.filter import matches, values_at
from ordergate.tmf630.query import Operator, parse_query
from ordergate.tmf630.task_states import in_both_spellings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ordergate.tmf630.pattern import PatternCompiler
    from ordergate.tmf630.query import Condition

_SHOWN = 200  # characters of theirs that an error repeats


@dataclass(frozen=True, slots=True)
class HubQuery:
    """Conditions on an event document, and the fields of its entity.

    An event document is `{"eventType": ..., "event": {"resourceOrder": {...}}, ...}`. A path is
    looked for in the document itself, then in `event`, then in the entity that `event` carries;
    the first that has the attribute counts.
    """

    conditions: tuple[Condition, ...] = ()
    fields: tuple[str, ...] | None = None

    def selects(self, event: Mapping[str, Any]) -> bool:
        """Tell whether the listener wants this event."""
        wanted = map(_as_of_task, self.conditions) if _is_of_task(event) else self.conditions
        return all(matches(_home(event, one.path), (one,)) for one in wanted)

    def shape(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the event with the entity cut to `fields`, which always leave its id and href."""
        carried = event.get("event")
        if self.fields is None or not isinstance(carried, Mapping):
            return dict(event)
        cut = {
            name: select(entity, _inner(self.fields, name))
            if isinstance(entity, Mapping)
            else entity
            for name, entity in carried.items()
        }
        return {**event, "event": cut}


def parse_hub_query(text: str | None, compile_pattern: PatternCompiler | None = None) -> HubQuery:
    """Read a hub's `query`; none at all wants every event whole.

    Raises:
        InvalidQueryError: it can't be read, or asks for pages or an order.
        UnsupportedQueryError: as `parse_query`.
    """
    raw = (text or "").strip().removeprefix("?")
    query = parse_query(raw, page_limit=1, compile_pattern=compile_pattern)
    if query.sort or query.offset or query.limit is not None:
        raise InvalidQueryError(
            "a hub's query takes filters and fields; events have no pages and no other order",
            path="query",
        )
    return HubQuery(query.conditions, query.fields)


def check_event_types(query: HubQuery, known: Collection[str]) -> None:
    """Refuse a query for events that there aren't: it would select nothing, and nobody noticed.

    Raises:
        InvalidQueryError: it names an `eventType` that isn't among `known`.
    """
    for one in query.conditions:
        if one.path == "eventType" and one.operator in {Operator.EQ, Operator.NE}:
            for value in one.values:
                if value not in known:
                    there_are = ", ".join(sorted(known))
                    raise InvalidQueryError(
                        f"{value[:_SHOWN]!r} is no event of this API; there are {there_are}",
                        path=one.path,
                    )


def _is_of_task(event: Mapping[str, Any]) -> bool:
    carried = event.get("event")
    return isinstance(carried, Mapping) and any(name.startswith("cancel") for name in carried)


def _as_of_task(condition: Condition) -> Condition:
    is_state = condition.path.rpartition(".")[2] == "state"
    return in_both_spellings(condition) if is_state else condition


def _home(event: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """Return the first object that has the attribute, or the event if none has."""
    parts = path.split(".")
    return next(
        (home for home in _homes(event) if any(True for _ in values_at(home, parts))), event
    )


def _homes(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield event
    carried = event.get("event")
    if isinstance(carried, Mapping):
        yield carried
        yield from (entity for entity in carried.values() if isinstance(entity, Mapping))


def _inner(fields: tuple[str, ...], name: str) -> tuple[str, ...] | None:
    """Return the fields as paths into the entity called `name`; None if all of it is wanted."""
    paths = tuple(f.removeprefix("event.").removeprefix(f"{name}.") for f in fields)
    return None if "event" in paths or name in paths else paths
