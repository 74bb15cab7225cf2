"""TMF641 service orders as they are kept and told: the client's body and what is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.model.common import timestamp
from ordergate.model.completion import completed
from ordergate.process.assessment import Outcome
from ordergate.schemas.service_order import SERVER_OWNED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ordergate.model.addresses import Addresses
    from ordergate.model.common import Document
    from ordergate.model.states import OrderState
    from ordergate.process.decision import Decision
    from ordergate.process.request import InitiatingRequest


def write_service_order(body: Document, decision: Decision, addresses: Addresses) -> Document:
    """Return the `ServiceOrder` as it is kept and told: the client's body and what is decided."""
    request = decision.request
    document: Document = {
        "id": request.id,
        "href": addresses.service_order(request.id),
        **{name: value for name, value in body.items() if name not in SERVER_OWNED},
        "orderDate": timestamp(request.received_date),
        "state": str(decision.state),
    }
    document.setdefault("@type", "ServiceOrder")
    document = completed(document, request.received_date)
    document["serviceOrderItem"] = _items(document, decision, decision.state)
    if decision.outcome is Outcome.REJECTED:
        document["errorMessage"] = list(_item_errors(document["serviceOrderItem"]))
    return document


def rewrite_service_order(document: Document, decision: Decision, state: OrderState) -> Document:
    """Return the kept `ServiceOrder` as a later decision leaves it, in that state."""
    items = _items(document, decision, state)
    return {**document, "state": str(state), "serviceOrderItem": items}


def _items(document: Document, decision: Decision, state: OrderState) -> list[Document]:
    """Return the items as the decision leaves them."""
    errors = _errors(decision)
    items = identified(document, decision.request)["serviceOrderItem"]
    return [
        _item(one, f"serviceOrderItem[{index}]", str(state), errors)
        for index, one in enumerate(items)
    ]


def identified(document: Document, request: InitiatingRequest) -> Document:
    """Return the `ServiceOrder` with the ids of its services, those that are new too."""
    services = {one.path: one.service_id for one in request.item if one.service_id}
    items = [
        _identified(one, f"serviceOrderItem[{index}]", services)
        for index, one in enumerate(document["serviceOrderItem"])
    ]
    return {**document, "serviceOrderItem": items}


def _identified(item: Document, path: str, services: Mapping[str, str]) -> Document:
    """Return an item whose services have their ids: by these they are changed later."""
    written = {**item, "service": _with_id(item["service"], f"{path}.service", services)}
    if item.get("serviceOrderItem"):
        written["serviceOrderItem"] = [
            _identified(inner, f"{path}.serviceOrderItem[{index}]", services)
            for index, inner in enumerate(item["serviceOrderItem"])
        ]
    return written


def _with_id(service: Document, path: str, services: Mapping[str, str]) -> Document:
    written = {**service, "id": services[path]} if path in services else {**service}
    if service.get("supportingService"):
        written["supportingService"] = [
            _with_id(inner, f"{path}.supportingService[{index}]", services)
            for index, inner in enumerate(service["supportingService"])
        ]
    return written


def _item(item: Document, path: str, state: str, errors: Mapping[str, list[Document]]) -> Document:
    """Return an item with its state, and what is wrong with it."""
    written: Document = {**item, "state": state}
    written.pop("errorMessage", None)
    if "serviceOrderItem" in item:
        written["serviceOrderItem"] = [
            _item(inner, f"{path}.serviceOrderItem[{index}]", state, errors)
            for index, inner in enumerate(item["serviceOrderItem"])
        ]
    if path in errors:
        written["errorMessage"] = errors[path]
    return written


def _item_errors(items: Iterable[Document]) -> Iterator[Document]:
    """Yield the errors of the items and of those inside them, each with the item it is about."""
    for item in items:
        for error in item.get("errorMessage", []):
            yield {**error, "serviceOrderItem": [{"itemId": item["id"]}]}
        yield from _item_errors(item.get("serviceOrderItem", []))


def _errors(decision: Decision) -> dict[str, list[Document]]:
    """Return what stops the request as TMF641 `ErrorMessage`s, by the path of the item."""
    moment = timestamp(decision.request.received_date)
    errors: dict[str, list[Document]] = {}
    for one in decision.assessment:
        if one.outcome in {Outcome.REJECTED, Outcome.INFORMATION_REQUIRED}:
            # A service, or one that it rests on, belongs to the item whose `service` holds it.
            owner = f"{one.item.path}.".split(".service.")[0]
            errors.setdefault(owner, []).extend(
                {"code": why.code, "reason": why.message, "message": why.path or ""}
                | {"timestamp": moment}
                for why in one.reason
            )
    return errors
