"""The document of a rule, as it is written in YAML and kept in the store.

Strict on purpose: a key that nobody knows is a typing error, and a rule with one would decide
otherwise than its author believes. All problems of a document are found at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from ordergate.model.common import Specification
from ordergate.model.states import OrderState
from ordergate.process.request import RequestType
from ordergate.process.rules import Feasibility, Literal
from ordergate.schemas.json_schema import path_of
from ordergate.schemas.rule_test import RuleTestSchema
from ordergate.schemas.strict import Strict, messages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RuleDocument: TypeAlias = dict[str, Any]
"""A rule that was read: snake_case keys, defaults filled in, expressions not yet compiled."""

RESOURCE_ATTRIBUTES = frozenset({"@type", "category", "name", "description"})
"""What a rule can say about the resource that an item orders."""

_MOST_TESTS = 100
_ITEM_STATES = [state for state in OrderState if state is not OrderState.PARTIAL]
_name = validate.Regexp(
    r"[A-Za-z0-9][A-Za-z0-9._-]*\Z", error="use letters, digits, '.', '_' and '-'"
)
_filled = validate.Length(min=1, error="is empty")


class RuleStatus(StrEnum):
    """Whether a version of a rule decides: only active ones do."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a rule.

    Args:
        path: where in its document: `orderItem[1].dependsOn[0]`; empty for the whole.
        file: the file it was read from; `line` and `column` count from 1.
    """

    path: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(one) for one in (self.file, self.line, self.column) if one)
        return (f"{place}: " if self.file else "") + (
            f"{self.path}: {self.message}" if self.path else self.message
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A CEL expression as it is written, not yet compiled."""

    text: str


def read_rule(document: Any) -> tuple[RuleDocument | None, list[Problem]]:
    """Return the rule that `document` holds, or everything that is wrong with its shape."""
    try:
        return dict(RuleSchema().load(document)), []
    except ValidationError as error:
        found = messages_of(error.messages)
        return None, [Problem(path_of(steps), message) for steps, message in found]


def _read_value(value: Any) -> Literal | Source:
    """Return what a value of a rule is: `{expr: "CEL"}`, or a literal."""
    if isinstance(value, dict) and "expr" in value:
        if len(value) > 1 or not isinstance(value["expr"], str):
            raise ValidationError("an expression is {expr: TEXT}, and nothing beside it")
        return Source(value["expr"])
    if _holds_expression(value):
        raise ValidationError("an expression can't stand inside a literal: compute the whole value")
    return Literal(value)


def _holds_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return "expr" in value or any(map(_holds_expression, value.values()))
    return isinstance(value, list) and any(map(_holds_expression, value))


def _read_characteristic(schema: Any) -> tuple[dict[str, Any], bool]:
    """Return the JSON Schema of a required characteristic, and whether it is optional."""
    if not isinstance(schema, dict):
        raise ValidationError("is not a JSON Schema; write {} for any value")
    optional = schema.get("optional", False)
    if not isinstance(optional, bool):
        raise ValidationError("optional is true or false")
    return {name: value for name, value in schema.items() if name != "optional"}, optional


class Value(fields.Field[Any]):
    """A literal or an expression."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Literal | Source:
        return _read_value(value)


class Expression(fields.String):
    """CEL, where nothing but CEL makes sense."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return Source(super()._deserialize(value, *args, **kwargs))


class ByName(fields.Field[Any]):
    """A map whose names are free; `read` reads each value."""

    def __init__(self, read: Callable[[Any], Any], *, known: frozenset[str] | None = None) -> None:
        super().__init__(load_default=dict)
        self._read = read
        self._known = known

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("Not a valid mapping type.")
        found, wrong = {}, {}
        for name, one in value.items():
            try:
                found[self._checked(name)] = self._read(one)
            except ValidationError as error:
                wrong[str(name)] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return found

    def _checked(self, name: Any) -> str:
        if not isinstance(name, str) or not name:
            raise ValidationError("the name is not a text")
        if self._known is not None and name not in self._known:
            raise ValidationError(
                f"there is no such key; there are {', '.join(sorted(self._known))}"
            )
        return name


class SpecificationSchema(Strict):
    """A reference to a specification."""

    id = fields.String(required=True, validate=_filled)
    name = fields.String()
    version = fields.String()
    href = fields.String()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Specification:
        """Return the entity."""
        return Specification(**data)


class ValidForSchema(Strict):
    """`TimePeriod`: from its start until before its end."""

    start = fields.AwareDateTime(data_key="startDateTime", default_timezone=UTC, load_default=None)
    end = fields.AwareDateTime(data_key="endDateTime", default_timezone=UTC, load_default=None)

    @validates_schema
    def ends_after_its_start(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a period in which the rule never holds."""
        if data["start"] and data["end"] and data["end"] <= data["start"]:
            raise ValidationError("is not after startDateTime", "endDateTime")


class AppliesToSchema(Strict):
    """Which requested items the rule is for."""

    specification = fields.Nested(SpecificationSchema, required=True)
    request_type = fields.List(
        fields.Enum(RequestType, by_value=True),
        data_key="requestType",
        validate=_filled,
        load_default=None,
    )
    when = Expression(load_default=None)


class RequiresSchema(Strict):
    """What an item must bring; a characteristic is a JSON Schema and `optional`."""

    characteristic = ByName(_read_characteristic)
    place = fields.List(fields.String(validate=_filled), load_default=list)
    related_party = fields.List(
        fields.String(validate=_filled), data_key="relatedParty", load_default=list
    )


class SpecialConditionSchema(Strict):
    """When the standard set doesn't fit."""

    code = fields.String(required=True, validate=_name)
    when = Expression(required=True)
    reason = fields.String(required=True, validate=_filled)


class ForEachSchema(Strict):
    """The list to go through, and the name of its element."""

    over = Expression(data_key="expr", required=True)
    name = fields.String(data_key="as", required=True)


class OrderItemSchema(Strict):
    """One line of the standard set."""

    key = fields.String(required=True, validate=_name)
    domain = fields.String(load_default="default", validate=_filled)
    resource_specification = fields.Nested(
        SpecificationSchema, data_key="resourceSpecification", required=True
    )
    resource = ByName(_read_value, known=RESOURCE_ATTRIBUTES)
    place = fields.String(load_default=None, validate=_filled)
    quantity = Value(load_default=Literal(1))
    unit = fields.String(load_default="each", validate=validate.OneOf(["each", "bulk"]))
    when = Expression(load_default=None)
    for_each = fields.Nested(ForEachSchema, data_key="forEach", load_default=None)
    characteristic = ByName(_read_value)
    depends_on = fields.List(fields.String(), data_key="dependsOn", load_default=list)
    point_of_no_return = fields.String(
        data_key="pointOfNoReturn", load_default=None, validate=validate.OneOf(_ITEM_STATES)
    )
    appointment = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class RuleSchema(Strict):
    """A version of a rule."""

    id = fields.String(required=True, validate=_name)
    version = fields.Integer(
        strict=True, load_default=1, validate=validate.Range(min=1, max=2**31 - 1)
    )
    name = fields.String(required=True, validate=_filled)
    status = fields.Enum(RuleStatus, by_value=True, load_default=RuleStatus.ACTIVE)
    valid_for = fields.Nested(ValidForSchema, data_key="validFor", load_default=None)
    applies_to = fields.Nested(AppliesToSchema, data_key="appliesTo", required=True)
    requires = fields.Nested(RequiresSchema, load_default=lambda: RequiresSchema().load({}))
    special = fields.List(fields.Nested(SpecialConditionSchema), load_default=list)
    feasibility = fields.Enum(Feasibility, by_value=True, load_default=Feasibility.IF_SPECIAL)
    order_item = fields.List(
        fields.Nested(OrderItemSchema),
        data_key="orderItem",
        required=True,
        validate=validate.Length(min=1, error="a rule orders at least one item"),
    )
    tests = fields.List(
        fields.Nested(RuleTestSchema),
        load_default=list,
        validate=validate.Length(max=_MOST_TESTS, error=f"{_MOST_TESTS} tests are the most"),
    )
