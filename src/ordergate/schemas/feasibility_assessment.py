"""Feasibility assessments: checked as they are POSTed, and read as entities."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from marshmallow import fields, post_load

from ordergate.errors import InvalidDocumentError
from ordergate.model.common import Action, timestamp
from ordergate.model.feasibility import AppliesTo, FeasibilityAssessment, FeasibilityResult
from ordergate.process.acknowledge import acknowledge
from ordergate.process.intake import by_role
from ordergate.schemas.characteristics import as_map
from ordergate.schemas.service_order import Reader, SpecificationSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document


class _AppliesToSchema(Reader):
    specification = fields.Nested(SpecificationSchema, required=True)
    action = fields.Enum(Action, by_value=True)
    place = fields.List(fields.Dict(), load_default=list)
    characteristic = fields.List(fields.Dict(), load_default=list)

    @post_load
    def entity(self, data: dict[str, Any], **_: object) -> AppliesTo:
        place, characteristic = by_role(data.pop("place")), as_map(data.pop("characteristic"))
        return AppliesTo(**data, place=place, characteristic=characteristic)


class _PeriodSchema(Reader):
    valid_from = fields.AwareDateTime(data_key="startDateTime")
    valid_until = fields.AwareDateTime(data_key="endDateTime")


class _FeasibilityAssessmentSchema(Reader):
    id = fields.String(required=True)
    href = fields.String(required=True)
    result = fields.Enum(FeasibilityResult, by_value=True, required=True)
    recorded_date = fields.AwareDateTime(data_key="recordedDate", required=True)
    answered = fields.Dict(data_key="for")
    applies_to = fields.Nested(_AppliesToSchema, data_key="appliesTo")
    assessed_for = fields.Nested(_AppliesToSchema, data_key="assessedFor")
    resource_order = fields.List(fields.Dict(), data_key="resourceOrder", load_default=list)
    period = fields.Nested(_PeriodSchema, data_key="validFor", load_default=dict)
    note = fields.List(fields.Dict(), load_default=list)
    replacement = fields.Dict(data_key="replacedBy", load_default=dict)

    @post_load
    def entity(self, data: dict[str, Any], **_: object) -> FeasibilityAssessment:
        data |= data.pop("period")
        data |= {name: tuple(data[name]) for name in ("resource_order", "note")}
        if answered := data.pop("answered", None):
            data["for_request"] = (answered["initiatingRequest"]["id"], answered["itemId"])
        replaced_by = data.pop("replacement").get("id")
        return FeasibilityAssessment(**data, replaced_by=replaced_by)


_ASSESSMENT = _FeasibilityAssessmentSchema()


def read_feasibility_assessment(document: Document) -> FeasibilityAssessment:
    """Return the entity of an assessment as it is kept."""
    assessment: FeasibilityAssessment = _ASSESSMENT.load(document)
    return assessment


def accept_feasibility_assessment(
    body: Document,
    check_order: Callable[[Document], None],
    addresses: Addresses,
    moment: datetime,
) -> Document:
    """Return a POSTed assessment, its period in UTC, once it can be used as it stands.

    Args:
        body: a valid `FeasibilityAssessment_Create`.
        check_order: raises InvalidDocumentError unless TMF652's door would take the body.

    Raises:
        InvalidDocumentError: a resource order couldn't be issued, or there is one for what isn't
            feasible; a role or name is there twice; it ends before it begins.
    """
    orders = body.get("resourceOrder", [])
    if orders and body["result"] == FeasibilityResult.INFEASIBLE:
        raise InvalidDocumentError(
            "What is infeasible takes no resource orders.", path="resourceOrder"
        )
    applies_to = body.get("appliesTo", {})
    _refuse_twice("appliesTo.place", "role", applies_to.get("place", []))
    _refuse_twice("appliesTo.characteristic", "name", applies_to.get("characteristic", []))
    for index, order in enumerate(orders):
        _check_order(order, f"resourceOrder[{index}]", check_order, addresses, moment)
    return {**body, "validFor": _period(body["validFor"])} if "validFor" in body else body


def _check_order(
    order: Document,
    path: str,
    check: Callable[[Document], None],
    addresses: Addresses,
    moment: datetime,
) -> None:
    """Check that the order could be POSTed as it stands; nothing is kept of it."""
    try:
        check(order)
        acknowledge(order, path, addresses, moment)
    except InvalidDocumentError as error:
        inner = f"{path}.{error.path}" if error.path else path
        raise InvalidDocumentError(f"{path}: {error.reason}", path=inner) from error


def _refuse_twice(path: str, name: str, those: Iterable[Document]) -> None:
    seen: set[str] = set()
    for index, one in enumerate(those):
        if one[name] in seen:
            raise InvalidDocumentError(
                f"The {name} {one[name]!r} is there twice.", path=f"{path}[{index}].{name}"
            )
        seen.add(one[name])


def _period(period: Document) -> Document:
    """Return the period in UTC, so that its dates compare as text."""
    ends = {
        name: _moment(period[name], f"validFor.{name}")
        for name in ("startDateTime", "endDateTime")
        if name in period
    }
    start, end = ends.get("startDateTime"), ends.get("endDateTime")
    if start and end and end < start:
        raise InvalidDocumentError("It ends before it begins.", path="validFor.endDateTime")
    return {**period, **{name: timestamp(moment) for name, moment in ends.items()}}


def _moment(text: str, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidDocumentError(f"{text!r} is no date-time.", path=path) from error
