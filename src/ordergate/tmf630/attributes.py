"""What a contract says of an entity's attributes, held against a query (TMF630 part 1, §4.4, 4.7).

An entity may have extension attributes that no contract names: a filter on one is answered, with
what matches. Refused are a sort on a first-level attribute that can't be there, and a value that
an attribute of the contract can't have because of its type (standards: Q10, S2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ordergate.errors import InvalidQueryError
from ordergate.tmf630.comparable import check_dates, is_number
from ordergate.tmf630.query import Operator
from ordergate.tmf630.task_states import in_both_spellings

if TYPE_CHECKING:
    from collections.abc import Mapping

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
            InvalidQueryError: a sort by an attribute that isn't there, or a comparison of a number
                or a date-time with something else.
        """
        for key in query.sort:
            self._check_sort(key)
        for condition in query.conditions:
            if condition.operator is not Operator.REGEX:
                self._check_values(condition)

    def spelled_out(self, query: Query) -> Query:
        """Return the query with the states of tasks in both of their spellings (Q5)."""
        task_state = self.schemas.get("TaskStateType")
        conditions = tuple(
            in_both_spellings(one) if self._schema_at(one.path) is task_state else one
            for one in query.conditions
        )
        return replace(query, conditions=conditions)

    def _check_sort(self, key: SortKey) -> None:
        name = key.path.partition(".")[0]
        if name not in self.first_level():
            reason = f"{self.kind} has no attribute {name!r} to sort by"
            raise InvalidQueryError(reason, path="sort")

    def _check_values(self, condition: Condition) -> None:
        schema = self._schema_at(condition.path)
        if schema.get("format") == "date-time":
            check_dates(condition.path, condition.values)
        if schema.get("type") not in _NUMERIC:
            return
        for value in condition.values:
            if not is_number(value):
                raise InvalidQueryError(
                    f"{condition.path} is a number, {value!r} is none", path=condition.path
                )

    def _schema_at(self, path: str) -> Mapping[str, Any]:
        """Return the schema at a path through objects and arrays, {} if the contract has none."""
        schema: Mapping[str, Any] = self.schemas[self.kind]
        for name in path.split("."):
            schema = self._inside(schema.get("properties", {}).get(name, {}))
        return schema

    def _inside(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a reference refers to, and what an array has elements of."""
        if "$ref" in schema:
            return self._inside(self.schemas[schema["$ref"].rpartition("/")[2]])
        return self._inside(schema["items"]) if "items" in schema else schema
