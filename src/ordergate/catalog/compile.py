"""Compile: from the document of a rule to the rule that the process decides with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ordergate.catalog.expressions import RESERVED, compile_expression
from ordergate.errors import InvalidDocumentError
from ordergate.process.rules import (
    VARIABLES,
    AppliesTo,
    CharacteristicRequirement,
    ForEach,
    Literal,
    OrderItemTemplate,
    Requires,
    Rule,
    SpecialCondition,
)
from ordergate.schemas.json_schema import compile_schema
from ordergate.schemas.resource_order_rule import Problem, Source, read_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordergate.process.rules import Expression
    from ordergate.schemas.json_schema import JsonSchema
    from ordergate.schemas.resource_order_rule import RuleDocument


def compile_rule(document: Any) -> tuple[Rule | None, list[Problem]]:
    """Return the compiled rule, or everything that keeps it from being one."""
    read, problems = read_rule(document)
    return (None, problems) if read is None else compile_document(read)


def compile_document(document: RuleDocument) -> tuple[Rule | None, list[Problem]]:
    """Do the same for a document that was read."""
    compiler = _Compiler()
    rule = compiler.rule(document)
    return (None if compiler.problems else rule), compiler.problems


class _Compiler:
    """Compiles part by part; a part that fails leaves a problem, and the next ones go on."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def rule(self, document: RuleDocument) -> Rule:
        applies, period = document["applies_to"], document["valid_for"] or {}
        request_type = applies["request_type"]
        return Rule(
            id=document["id"],
            version=document["version"],
            name=document["name"],
            applies_to=AppliesTo(
                specification=applies["specification"],
                request_type=None if request_type is None else frozenset(request_type),
                when=self._condition("appliesTo.when", applies["when"]),
            ),
            order_item=tuple(
                self._order_item(f"orderItem[{index}]", line)
                for index, line in enumerate(document["order_item"])
            ),
            requires=self._requires(document["requires"]),
            special=tuple(
                SpecialCondition(
                    code=one["code"],
                    when=self._expression(f"special[{index}].when", one["when"]),
                    reason=one["reason"],
                )
                for index, one in enumerate(document["special"])
            ),
            feasibility=document["feasibility"],
            valid_from=period.get("start"),
            valid_until=period.get("end"),
        )

    def _requires(self, requires: RuleDocument) -> Requires:
        return Requires(
            characteristic=tuple(
                CharacteristicRequirement(
                    name, self._schema(f"requires.characteristic.{name}", schema), optional
                )
                for name, (schema, optional) in requires["characteristic"].items()
            ),
            place=tuple(requires["place"]),
            related_party=tuple(requires["related_party"]),
        )

    def _order_item(self, path: str, line: RuleDocument) -> OrderItemTemplate:
        for_each = self._for_each(f"{path}.forEach", line["for_each"])
        element = () if for_each is None else (for_each.name,)
        return OrderItemTemplate(
            key=line["key"],
            domain=line["domain"],
            resource_specification=line["resource_specification"],
            resource=self._values(f"{path}.resource", line["resource"], element),
            characteristic=self._values(f"{path}.characteristic", line["characteristic"], element),
            place=line["place"],
            quantity=self._expression(f"{path}.quantity", line["quantity"], element),
            bulk=line["unit"] == "bulk",
            when=self._condition(f"{path}.when", line["when"]),
            for_each=for_each,
            depends_on=tuple(line["depends_on"]),
            point_of_no_return=line["point_of_no_return"],
            appointment=line["appointment"],
        )

    def _for_each(self, path: str, for_each: RuleDocument | None) -> ForEach | None:
        if for_each is None:
            return None
        name = for_each["name"]
        if name in VARIABLES:
            self.problems.append(Problem(f"{path}.as", f"'{name}' is a variable already"))
        elif name in RESERVED or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            self.problems.append(Problem(f"{path}.as", f"'{name}' can't be a variable's name"))
        return ForEach(self._expression(f"{path}.expr", for_each["over"]), name)

    def _values(
        self, path: str, values: Mapping[str, Any], element: tuple[str, ...]
    ) -> dict[str, Expression]:
        return {
            name: self._expression(f"{path}.{name}", value, element)
            for name, value in values.items()
        }

    def _condition(self, path: str, source: Source | None) -> Expression | None:
        return None if source is None else self._expression(path, source)

    def _expression(
        self, path: str, value: Expression | Source, element: tuple[str, ...] = ()
    ) -> Expression:
        """Return a literal as it is and a source compiled; `element` is a line's own variable."""
        if not isinstance(value, Source):
            return value
        try:
            return compile_expression(value.text, (*VARIABLES, *element))
        except InvalidDocumentError as error:
            self.problems.append(Problem(path, error.reason))
            return Literal(None)

    def _schema(self, path: str, schema: Mapping[str, Any]) -> JsonSchema:
        try:
            return compile_schema(schema)
        except InvalidDocumentError as error:
            inner = f"{path}.{error.path}" if error.path else path
            self.problems.append(Problem(inner, error.reason))
            return compile_schema({})
