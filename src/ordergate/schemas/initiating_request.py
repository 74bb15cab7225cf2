"""Requests at the gateway's own door, read as entities."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from marshmallow import fields, post_load

from ordergate.model.common import Action
from ordergate.model.relationships import is_dependency
from ordergate.process.intake import by_role, new_service_id, refuse_duplicates
from ordergate.process.request import InitiatingRequest, RequestedItem, RequestType
from ordergate.schemas.characteristics import as_map
from ordergate.schemas.service_order import Reader, SpecificationSchema

if TYPE_CHECKING:
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document


class _RequestedItemSchema(Reader):
    id = fields.String(required=True)
    action = fields.Enum(Action, by_value=True, required=True)
    specification = fields.Nested(SpecificationSchema)
    quantity = fields.Integer(load_default=1)
    characteristic = fields.List(fields.Dict(), load_default=list)
    place = fields.List(fields.Dict(), load_default=list)
    party = fields.List(fields.Dict(), data_key="relatedParty", load_default=list)
    relationship = fields.List(
        fields.Dict(), data_key="requestedItemRelationship", load_default=list
    )
    resource = fields.Dict()
    appointment = fields.Dict()
    special_handling = fields.Dict(data_key="specialHandling", load_default=dict)
    service = fields.Dict(load_default=dict)
    requested_start_date = fields.String(data_key="requestedStartDate")

    @post_load
    def entity(self, data: dict[str, Any], **_: object) -> RequestedItem:
        resource = data.get("resource", {})
        return RequestedItem(
            id=data["id"],
            path="",  # its place in the list, which only the list knows
            action=data["action"],
            specification=data.get("specification"),
            quantity=data["quantity"],
            characteristic=as_map(data["characteristic"]),
            place=by_role(data["place"]),
            party=by_role(data["party"]),
            relies_on=tuple(
                one["itemId"]
                for one in data["relationship"]
                if is_dependency(one.get("relationshipType"))
            ),
            supporting_resource=(resource,) if resource else (),
            appointment=data.get("appointment"),
            subject=resource,
            needs_special_handling=bool(data["special_handling"].get("required")),
            service_id=data["service"].get("id"),
            resource_id=resource.get("id"),
            requested_start_date=data.get("requested_start_date"),
        )


class _InitiatingRequestSchema(Reader):
    request_type = fields.Enum(RequestType, by_value=True, data_key="requestType", required=True)
    item = fields.List(fields.Nested(_RequestedItemSchema), data_key="requestedItem", required=True)
    external_id = fields.String(data_key="externalId")
    category = fields.String()
    description = fields.String()
    priority = fields.String()
    requested_start_date = fields.String(data_key="requestedStartDate")
    requested_completion_date = fields.String(data_key="requestedCompletionDate")
    note = fields.List(fields.Dict())
    related_party = fields.List(fields.Dict(), data_key="relatedParty")
    related_entity = fields.List(fields.Dict(), data_key="relatedEntity")


_REQUEST = _InitiatingRequestSchema()
_LISTS = ("note", "related_party", "related_entity")


def read_initiating_request(
    document: Document, request_id: str, addresses: Addresses, moment: datetime
) -> InitiatingRequest:
    """Return the request of a valid `InitiatingRequest_Create` document.

    Raises:
        InvalidDocumentError: two items have the same id.
    """
    data: dict[str, Any] = _REQUEST.load(document)
    items = data.pop("item")
    refuse_duplicates((f"requestedItem[{index}]", one.id) for index, one in enumerate(items))
    return InitiatingRequest(
        id=request_id,
        href=addresses.initiating_request(request_id),
        received_date=moment,
        item=tuple(
            replace(
                one,
                path=f"requestedItem[{index}]",
                service_id=one.service_id or _new_service_id(data["request_type"], request_id, one),
            )
            for index, one in enumerate(items)
        ),
        **{**data, **{name: tuple(data[name]) for name in _LISTS if name in data}},
    )


def _new_service_id(request_type: RequestType, request_id: str, item: RequestedItem) -> str | None:
    """Return the id of the service that another party asks for anew, to be named later."""
    new = request_type is RequestType.PARTY_REQUEST and item.action is Action.ADD
    return new_service_id(request_id, item.id) if new and not item.resource_id else None
