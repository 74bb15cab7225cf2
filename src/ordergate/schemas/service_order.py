"""TMF641 service orders, read as entities.

Reading is lenient where published samples are: an empty text counts as absent, and a party's
`@type` may be missing (standards: 7.2). What the contract refuses never gets here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from marshmallow import EXCLUDE, Schema, fields, post_load

from ordergate.model.common import Action, Specification
from ordergate.model.relationships import is_dependency
from ordergate.model.service_order import (
    Feature,
    ItemRelationship,
    Service,
    ServiceOrder,
    ServiceOrderItem,
)
from ordergate.schemas.characteristics import as_map

if TYPE_CHECKING:
    from ordergate.model.common import Document

SERVER_OWNED = (
    "id",
    "href",
    "orderDate",
    "completionDate",
    "expectedCompletionDate",
    "startDate",
    "state",
    "jeopardyAlert",
    "errorMessage",
    "milestone",
)
"""Attributes that a client can't set by POST: ignored, not refused (standards: W2)."""


ORIGIN = "ServiceOrder"
"""`@referredType` of the external reference to the order that one was made from."""


def date_time(value: object) -> str | None:
    """Return the value where it is a date-time as a text, else None."""
    try:
        return value if isinstance(value, str) and datetime.fromisoformat(value) else None
    except ValueError:
        return None


class Reader(Schema):
    """Takes what intake needs; everything else stays in the document."""

    class Meta:
        """Unknown attributes are extensions: they stay in the stored document."""

        unknown = EXCLUDE


class SpecificationSchema(Reader):
    """`ServiceSpecificationRef` or any other reference to a specification."""

    id = fields.String(required=True)
    name = fields.String()
    version = fields.String()
    href = fields.String()

    @post_load
    def entity(self, data: dict[str, Any], **_: object) -> Specification:
        """Return the entity."""
        return Specification(**data)


class _RelationshipSchema(Reader):
    relationship_type = fields.String(data_key="relationshipType", load_default="")
    order_item = fields.Dict(data_key="orderItem", load_default=dict)

    @post_load
    def entity(self, data: dict[str, Any], **_: object) -> ItemRelationship:
        target = data["order_item"]
        order_id = target.get("serviceOrderId") or None
        return ItemRelationship(data["relationship_type"], target.get("itemId", ""), order_id)


class _FeatureSchema(Reader):
    name = fields.String(required=True)
    is_enabled = fields.Boolean(data_key="isEnabled", load_default=True)
    characteristic = fields.List(fields.Dict(), data_key="featureCharacteristic", load_default=list)
    relationship = fields.List(fields.Dict(), data_key="featureRelationship", load_default=list)

    @post_load
    def entity(self, data: dict[str, Any], **_: object) -> Feature:
        others = ((one.get("relationshipType"), one.get("name")) for one in data["relationship"])
        return Feature(
            data["name"],
            data["is_enabled"],
            as_map(data["characteristic"]),
            tuple((str(kind), str(name)) for kind, name in others if kind and name),
        )


_LISTS = (
    "feature",
    "note",
    "place",
    "related_entity",
    "related_party",
    "supporting_resource",
    "supporting_service",
)


class _ServiceSchema(Reader):
    specification = fields.Nested(SpecificationSchema, data_key="serviceSpecification")
    id = fields.String()
    state = fields.String()
    characteristic = fields.List(fields.Dict(), data_key="serviceCharacteristic")
    feature = fields.List(fields.Nested(_FeatureSchema))
    place = fields.List(fields.Dict())
    related_party = fields.List(fields.Dict(), data_key="relatedParty")
    related_entity = fields.List(fields.Dict(), data_key="relatedEntity")
    note = fields.List(fields.Dict())
    supporting_resource = fields.List(fields.Dict(), data_key="supportingResource")
    supporting_service = fields.List(
        fields.Nested(f"{__name__}._ServiceSchema"), data_key="supportingService"
    )

    @post_load(pass_original=True)
    def entity(self, data: dict[str, Any], original: Document, **_: object) -> Service:
        data |= {name: tuple(data[name]) for name in _LISTS if name in data}
        data["characteristic"] = as_map(data.get("characteristic", []))
        plain = {k: v for k, v in original.items() if not isinstance(v, dict | list)}
        return Service(**data, attributes=plain)


class _ItemSchema(Reader):
    id = fields.String(required=True)
    action = fields.Enum(Action, by_value=True, required=True)
    service = fields.Nested(_ServiceSchema, required=True)
    quantity = fields.Integer(load_default=1)
    relationship = fields.List(
        fields.Nested(_RelationshipSchema),
        data_key="serviceOrderItemRelationship",
        load_default=list,
    )
    item = fields.List(
        fields.Nested(f"{__name__}._ItemSchema"), data_key="serviceOrderItem", load_default=list
    )
    appointment = fields.Dict()
    special_handling = fields.Dict(data_key="specialHandling", load_default=dict)
    # An extension that no contract types: what isn't a date is left where it is.
    requested_start_date = fields.Raw(data_key="requestedStartDate")

    @post_load
    def entity(self, data: dict[str, Any], **_: object) -> ServiceOrderItem:
        data["requested_start_date"] = date_time(data.get("requested_start_date"))
        asked = bool(data.pop("special_handling").get("required"))
        data |= {name: tuple(data[name]) for name in ("relationship", "item")}
        return ServiceOrderItem(**data, needs_special_handling=asked)


class _ServiceOrderSchema(Reader):
    item = fields.List(fields.Nested(_ItemSchema), data_key="serviceOrderItem", required=True)
    external_id = fields.String(data_key="externalId")
    category = fields.String()
    description = fields.String()
    priority = fields.String()
    requested_start_date = fields.String(data_key="requestedStartDate")
    requested_completion_date = fields.String(data_key="requestedCompletionDate")
    external_reference = fields.List(fields.Dict(), data_key="externalReference")
    note = fields.List(fields.Dict())
    related_party = fields.List(fields.Dict(), data_key="relatedParty")
    relationship = fields.List(fields.Dict(), data_key="orderRelationship", load_default=list)

    @post_load
    def entity(self, data: dict[str, Any], **_: object) -> ServiceOrder:
        others = data.pop("relationship")
        data["waits_for_order"] = tuple(
            one["id"]
            for one in others
            if one.get("id") and is_dependency(one.get("relationshipType"))
        )
        lists = ("item", "external_reference", "note", "related_party")
        data |= {name: tuple(data[name]) for name in lists if name in data}
        return ServiceOrder(**data)


_SERVICE_ORDER = _ServiceOrderSchema()


def read_service_order(document: Document) -> ServiceOrder:
    """Return the entity of a valid `ServiceOrder_Create` document."""
    order = _SERVICE_ORDER.load(document)
    assert isinstance(order, ServiceOrder)  # noqa: S101 - the schema's post_load makes nothing else
    return order


def notified_order(order: Document) -> Document:
    """Return what another system's order asks for here, with a reference to where it came from.

    What the server owns is that system's there and ours here, so it is left out.
    """
    known = {name: order[name] for name in ("id", "href") if order.get(name)}
    origin = {
        **known,
        "name": known.get("id") or known.get("href", ""),
        "externalReferenceType": ORIGIN,
        "@type": "ExternalReference",
        "@referredType": ORIGIN,
    }
    asked = {name: value for name, value in order.items() if name not in SERVER_OWNED}
    asked["serviceOrderItem"] = [_asked(item) for item in order["serviceOrderItem"]]
    if known:
        asked["externalReference"] = [*order.get("externalReference", []), origin]
    return asked


def _asked(item: Document) -> Document:
    """Return an item without what has become of it elsewhere."""
    asked = {name: value for name, value in item.items() if name not in {"state", "errorMessage"}}
    if "serviceOrderItem" in item:
        asked["serviceOrderItem"] = [_asked(inner) for inner in item["serviceOrderItem"]]
    return asked
