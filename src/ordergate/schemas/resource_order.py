"""TMF652 resource orders and hand-overs, written as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, post_dump

from ordergate.model.common import timestamp
from ordergate.model.states import OrderState
from ordergate.schemas.characteristics import as_list

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.common import Document
    from ordergate.model.order import Resource, ResourceOrderItem
    from ordergate.process.special_handling import HandOver


class Writer(Schema):
    """Leaves out what has no value: attributes are omitted, never null (standards: W16)."""

    @post_dump
    def without_nothing(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        """Return the document without attributes that have no value."""
        return {name: value for name, value in data.items() if value not in (None, [], (), {})}


class Moment(fields.Field["datetime"]):
    """A moment, in UTC with `Z`."""

    def _serialize(self, value: datetime | None, *_: object, **__: object) -> str | None:
        return None if value is None else timestamp(value)


class ReasonSchema(Writer):
    """Why something was decided: `code`, `message`, `path`."""

    code = fields.String()
    message = fields.String()
    path = fields.String()


class ReferenceSchema(Writer):
    """A reference to an entity."""

    id = fields.String()
    href = fields.String()
    referred_type = fields.String(data_key="@referredType")


class _SpecificationSchema(Writer):
    id = fields.String()
    href = fields.String()
    name = fields.String()
    version = fields.String()


class _ResourceSchema(Writer):
    id = fields.String()
    href = fields.String()
    name = fields.String()
    category = fields.String()
    description = fields.String()
    place = fields.Dict()
    characteristic = fields.Method("characteristics", data_key="resourceCharacteristic")
    specification = fields.Nested(_SpecificationSchema, data_key="resourceSpecification")
    at_type = fields.String(data_key="@type")
    operating = fields.Dict()

    @post_dump
    def flattened(self, data: dict[str, Any], **_: object) -> dict[str, Any]:
        """Return the resource with what its service asks of it among the other attributes."""
        operating = data.pop("operating", {})
        return {**data, **operating}

    def characteristics(self, resource: Resource) -> list[Document]:
        """Return the characteristics as the standard lists them."""
        return as_list(resource.characteristic)


class _ItemReferenceSchema(Writer):
    item_id = fields.String(data_key="itemId")
    resource_order_id = fields.String(data_key="resourceOrderId")
    resource_order_href = fields.String(data_key="resourceOrderHref")


_ITEM_REFERENCE = _ItemReferenceSchema()  # to make a schema takes longer than to use it


class _ItemSchema(Writer):
    id = fields.String()
    action = fields.String()
    quantity = fields.Integer()
    state = fields.Constant(str(OrderState.ACKNOWLEDGED))
    appointment = fields.Dict()
    point_of_no_return = fields.String(data_key="pointOfNoReturn")
    order_item_relationship = fields.Method("dependencies", data_key="orderItemRelationship")
    resource_specification = fields.Nested(_SpecificationSchema, data_key="resourceSpecification")
    resource = fields.Nested(_ResourceSchema)
    requested_item = fields.Method("request", data_key="requestedItem")

    def request(self, item: ResourceOrderItem) -> Document:
        """Return what it was issued for, and as what: later requests know it again by that."""
        named: Document = {
            "id": item.requested_item_id,
            "line": item.line,
            "service": {"id": item.service_id} if item.service_id else None,
            "characteristic": list(item.resource.characteristic) if item.line else None,
        }
        return {name: value for name, value in named.items() if value is not None}

    def dependencies(self, item: ResourceOrderItem) -> list[Document]:
        """Return the items that must be complete first, as relationships."""
        references = _ITEM_REFERENCE.dump(item.depends_on, many=True)
        return [{"relationshipType": "dependency", "orderItem": one} for one in references]


class _SpecialHandlingSchema(Writer):
    required = fields.Constant(constant=True)
    reason = fields.List(fields.Nested(ReasonSchema))
    handed_over_date = Moment(data_key="handedOverDate")


class _ResourceOrderSchema(Writer):
    id = fields.String()
    href = fields.String()
    name = fields.String()
    category = fields.String()
    description = fields.String()
    external_id = fields.String(data_key="externalId")
    order_type = fields.String(data_key="orderType")
    priority = fields.Integer()
    state = fields.Constant(str(OrderState.ACKNOWLEDGED))
    order_date = Moment(data_key="orderDate")
    requested_start_date = fields.String(data_key="requestedStartDate")
    requested_completion_date = fields.String(data_key="requestedCompletionDate")
    external_reference = fields.List(fields.Dict(), data_key="externalReference")
    note = fields.List(fields.Dict())
    related_party = fields.List(fields.Dict(), data_key="relatedParty")
    item = fields.List(fields.Nested(_ItemSchema), data_key="orderItem")
    domain = fields.String()
    initiating_request = fields.Nested(ReferenceSchema, data_key="initiatingRequest")
    special_handling = fields.Nested(_SpecialHandlingSchema, data_key="specialHandling")
    at_type = fields.Constant("ResourceOrder", data_key="@type")


class _HandOverSchema(Writer):
    id = fields.String()
    href = fields.String()
    state = fields.Constant("open")
    reason = fields.List(fields.Nested(ReasonSchema))
    handed_over_date = Moment(data_key="handedOverDate")
    order = fields.Nested(ReferenceSchema(only=("id", "href")), data_key="resourceOrder")
    initiating_request = fields.Nested(
        ReferenceSchema(only=("id", "href")),
        attribute="order.initiating_request",
        data_key="initiatingRequest",
    )
    requested_item = fields.Method("item", data_key="requestedItem")

    def item(self, hand_over: HandOver) -> Document:
        """Return the reference to the item of the request."""
        item: Document = {"id": hand_over.requested_item_id}
        asked = hand_over.specification
        return {**item, "specification": {"id": asked.id}} if asked else item


RESOURCE_ORDER = _ResourceOrderSchema()
HAND_OVER = _HandOverSchema()
REASON = ReasonSchema()
REFERENCE = ReferenceSchema()


def dumped(schema: Schema, entity: object) -> Document:
    """Return the entity as the document that `schema` writes."""
    document: Document = schema.dump(entity)
    return document
