"""Tests inside a rule: given this request, expect these items.

A test is part of the rule's document, in a small form that says only what matters, or with a whole
request as one of the doors takes it. Either way it is read by the readers of those doors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import ValidationError, fields, post_load, pre_load, validate, validates_schema

from ordergate.errors import InvalidDocumentError
from ordergate.model.common import Action
from ordergate.model.order import OrderType
from ordergate.process.assessment import Outcome
from ordergate.process.intake import intake
from ordergate.process.request import RequestType
from ordergate.schemas.characteristics import as_list
from ordergate.schemas.initiating_request import read_initiating_request
from ordergate.schemas.json_schema import path_of
from ordergate.schemas.service_order import read_service_order
from ordergate.schemas.strict import Strict, first_message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.process.request import InitiatingRequest

_WHOLE = ("serviceOrder", "initiatingRequest")
"""Bodies of the two doors, as `POST /assessment` takes them."""

_DOCUMENT = fields.Dict(keys=fields.String())


class ByRole(fields.Field[Any]):
    """Places or parties: a list of roles, or a map of role to document."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[Document]:
        if isinstance(value, list):
            value = {role: {} for role in value if isinstance(role, str)} if _texts(value) else None
        if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
            raise ValidationError("is a list of roles, or a map of role to document")
        return [{"id": role, **document, "role": role} for role, document in value.items()]


def _texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


class SmallRequestSchema(Strict):
    """A request for one item; what it leaves out is as the rule has it, or absent."""

    request_type = fields.Enum(
        RequestType, by_value=True, data_key="requestType", load_default=None
    )
    action = fields.Enum(Action, by_value=True, load_default=Action.ADD)
    specification = fields.Dict(keys=fields.String(), load_default=None)
    characteristic = fields.Dict(keys=fields.String(), load_default=dict)
    feature = fields.Dict(keys=fields.String(), values=_DOCUMENT, load_default=dict)
    place = ByRole(load_default=list)
    related_party = ByRole(data_key="relatedParty", load_default=list)
    quantity = fields.Integer(strict=True, load_default=1)
    subject = fields.Dict(keys=fields.String(), data_key="service", load_default=dict)
    supporting_resource = fields.List(_DOCUMENT, data_key="supportingResource", load_default=list)

    @post_load
    def small(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Return it marked as the small form."""
        return {"small": data}


class WholeRequestSchema(Strict):
    """A request as one of the doors takes it."""

    serviceOrder = _DOCUMENT  # noqa: N815 - the key, as `/assessment` has it
    initiatingRequest = _DOCUMENT  # noqa: N815

    @validates_schema
    def is_one(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse two requests at once."""
        if len(data) > 1:
            raise ValidationError("is one request: serviceOrder, or initiatingRequest")


class Given(fields.Field[Any]):
    """The request of a test, in either form."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        is_whole = isinstance(value, dict) and any(name in value for name in _WHOLE)
        schema = WholeRequestSchema() if is_whole else SmallRequestSchema()
        return dict(schema.load(value))


class ExpectedItemSchema(Strict):
    """An order item; only what is said of it is compared. A text alone is its key."""

    key = fields.String(required=True)
    requested_item = fields.String(data_key="requestedItem")
    action = fields.Enum(Action, by_value=True)
    quantity = fields.Integer(strict=True)
    domain = fields.String()
    order_type = fields.Enum(OrderType, by_value=True, data_key="orderType")
    depends_on = fields.List(fields.String(), data_key="dependsOn")
    characteristic = fields.Dict(keys=fields.String())

    @pre_load
    def key_alone(self, data: Any, **_: Any) -> Any:
        """Read `port` as `{key: port}`."""
        return {"key": data} if isinstance(data, str) else data


class ExpectSchema(Strict):
    """What is to come of the request."""

    outcome = fields.Enum(Outcome, by_value=True, load_default=Outcome.STANDARD)
    reason = fields.List(fields.String(), load_default=None)
    items = fields.List(fields.Nested(ExpectedItemSchema), load_default=None)


class RuleTestSchema(Strict):
    """A test of a rule."""

    name = fields.String(required=True, validate=validate.Length(min=1, error="is empty"))
    given = Given(required=True)
    expect = fields.Nested(ExpectSchema, required=True)


def request_of_test(
    given: Mapping[str, Any], rule: Mapping[str, Any], addresses: Addresses, moment: datetime
) -> InitiatingRequest:
    """Return the request that a test gives to a rule.

    Args:
        given: as `RuleTestSchema` read it; likewise `rule`.

    Raises:
        InvalidDocumentError: no door would take it; `path` is within `given`.
    """
    whole = "small" not in given
    name, body = next(iter(given.items())) if whole else _whole(given["small"], rule)
    try:
        if name == "serviceOrder":
            return intake(read_service_order(body), "test", addresses, moment)
        return read_initiating_request(body, "test", addresses, moment)
    except ValidationError as error:
        steps, message = first_message(error)
        raise InvalidDocumentError(
            message, path=path_of((name, *steps) if whole else ())
        ) from error
    except InvalidDocumentError as error:
        path = f"{name}.{error.path}" if whole else ""
        raise InvalidDocumentError(error.reason, path=path) from error
    except (LookupError, TypeError, AttributeError) as error:
        reason = f"is no {name} that the gateway would take: {error!r}"
        raise InvalidDocumentError(reason, path=name if whole else "") from error


def _whole(small: Mapping[str, Any], rule: Mapping[str, Any]) -> tuple[str, Document]:
    """Return the whole request that a small form stands for, and which door takes it."""
    applies = rule["applies_to"]
    kind = small["request_type"] or (applies["request_type"] or [RequestType.SERVICE_ORDER])[0]
    wanted = applies["specification"]
    asked = {"id": wanted.id} | ({"version": wanted.version} if wanted.version else {})
    asked |= small["specification"] or {}
    item = {"id": "1", "action": str(small["action"]), "quantity": small["quantity"]}
    common = {"place": small["place"], "relatedParty": small["related_party"]}
    if kind is not RequestType.SERVICE_ORDER:
        item |= common | {
            "specification": asked,
            "characteristic": as_list(small["characteristic"]),
            "resource": small["subject"],
        }
        return "initiatingRequest", {"requestType": str(kind), "requestedItem": [item]}
    service = common | {
        "serviceSpecification": asked,
        "serviceCharacteristic": as_list(small["characteristic"]),
        "feature": [
            {"name": name, "featureCharacteristic": as_list(values)}
            for name, values in small["feature"].items()
        ],
        "supportingResource": small["supporting_resource"],
    }
    return "serviceOrder", {"serviceOrderItem": [item | {"service": small["subject"] | service}]}
