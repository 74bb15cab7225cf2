"""What a contract says of an entity's attributes, held against a query (TMF630 part 1, §4.4, 4.7).

An entity may have extension attributes that no contract names: a filter on one is answered, with
what matches. Only a sort on a first-level attribute that can't be there is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordergate.errors import InvalidQueryError
from ordergate.tmf630.comparable import is_number
from ordergate.tmf630.query import ORDERINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordergate.tmf630.query import Condition, Query, SortKey

_NUMERIC = frozenset({"integer", "number"})


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of one kind of entity.

    Args:
        schemas: the contract's `components.schemas`.
        kind: the schema of the entity, such as `ResourceOrder`.
        extensions: first-level attributes that the gateway adds to the contract's.
    """

    schemas: Mapping[str, Any]
    kind: str
    extensions: frozenset[str] = frozenset()

    def first_level(self) -> frozenset[str]:
        """Return the names of the first-level attributes."""
        return self.extensions.union(self.schemas[self.kind]["properties"])

    def check(self, query: Query) -> None:
        """Refuse what the contract says can't be meant.

        Raises:
            InvalidQueryError: a sort by an attribute that isn't there, or an order that compares a
                number with something else.
        """
        for key in query.sort:
            self._check_sort(key)
        for condition in query.conditions:
            if condition.operator in ORDERINGS:
                self._check_numbers(condition)

    def _check_sort(self, key: SortKey) -> None:
        name = key.path.partition(".")[0]
        if name not in self.first_level():
            reason = f"{self.kind} has no attribute {name!r} to sort by"
            raise InvalidQueryError(reason, path="sort")

    def _check_numbers(self, condition: Condition) -> None:
        if self._type_at(condition.path.split(".")) not in _NUMERIC:
            return
        for value in condition.values:
            if not is_number(value):
                raise InvalidQueryError(
                    f"{condition.path} is a number, {value!r} is none", path=condition.path
                )

    def _type_at(self, path: Sequence[str]) -> str | None:
        """Return the type at a path through objects and arrays; None if the contract has none."""
        schema = self.schemas[self.kind]
        for name in path:
            schema = self._inside(schema.get("properties", {}).get(name, {}))
        found: str | None = schema.get("type")
        return found

    def _inside(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a reference refers to, and what an array has elements of."""
        if "$ref" in schema:
            return self._inside(self.schemas[schema["$ref"].rpartition("/")[2]])
        return self._inside(schema["items"]) if "items" in schema else schema
