"""A client of one gateway: TMF641, TMF652 and gateway doors over HTTP."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

import requests

from ordergate.errors import OrdergateError, SetupError
from ordergate.model.addresses import BASE_PATHS, GATEWAY_PATH
from ordergate.model.common import Api

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from ordergate.model.common import Document

_CONNECT, _ANSWER = 5.0, 30.0
_CREATED = 201
_FIRST_ERROR = 400
_NOT_FOUND = 404
_SERVICE_ORDER = f"{BASE_PATHS[Api.SERVICE_ORDERING]}/serviceOrder"
_RESOURCE_ORDER = f"{BASE_PATHS[Api.RESOURCE_ORDERING]}/resourceOrder"
_RECORD = f"{GATEWAY_PATH}/initiatingRequest"
_EVENT_DELIVERY = f"{GATEWAY_PATH}/eventDelivery"
_RULE = f"{GATEWAY_PATH}/resourceOrderRule"


class RefusedError(OrdergateError):
    """The gateway refused; `document` is its `Error` body (TMF630 part 1, §3.4)."""

    code = "refused"

    def __init__(self, status: int, document: Document) -> None:
        reason, message = document.get("reason", f"HTTP status {status}"), document.get("message")
        super().__init__(f"{reason} ({message})" if message else str(reason))
        self.status = status
        self.document = document


class GatewayClient:
    """Speaks with the gateway at `url`; every call has a deadline.

    Every method raises `RefusedError` where the gateway says no, and `SetupError` where there is
    no gateway to say anything.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers["Accept"] = "application/json"
        # A proxy of the environment can't know this machine's own addresses.
        self._session.trust_env = not is_loopback(self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def is_ready(self) -> bool:
        """Return whether the gateway takes requests now; False too while there is none."""
        try:
            self._call("GET", "/readyz", answer=2.0)
        except (SetupError, RefusedError):
            return False
        return True

    def order_service(self, order: Document, *, idempotency_key: str | None = None) -> Document:
        """Send a TMF641 create body; return the service order, whose id is its record's."""
        return self._document("POST", _SERVICE_ORDER, body=order, key=idempotency_key)

    def request_resources(
        self, request: Document, *, idempotency_key: str | None = None
    ) -> Document:
        """Send a request that is no service order; return its record."""
        return self._document("POST", _RECORD, body=request, key=idempotency_key)

    def assess(self, request: Document, *, idempotency_key: str | None = None) -> Document:
        """Return the decision on `request`, with the orders it would take; nothing is kept.

        Under the same key, a real request gets the same ids.
        """
        kind = "initiatingRequest" if "requestType" in request else "serviceOrder"
        path = f"{GATEWAY_PATH}/assessment"
        return self._document("POST", path, body={kind: request}, key=idempotency_key)

    def record(self, request_id: str) -> Document:
        """Return the record of a request and of what was decided."""
        return self._document("GET", f"{_RECORD}/{_segment(request_id)}")

    def record_of(self, any_id: str) -> Document:
        """Return the record of a request, named by its own id or by a resource order's."""
        try:
            return self.record(any_id)
        except RefusedError as refused:
            if refused.status != _NOT_FOUND:
                raise
        return self.record(self._request_of(any_id))

    def _request_of(self, order_id: str) -> str:
        """Return the id of the request that a resource order was issued for."""
        try:
            order = self._document("GET", f"{_RESOURCE_ORDER}/{_segment(order_id)}")
        except RefusedError as refused:
            if refused.status != _NOT_FOUND:
                raise
            text = f"Neither a request nor a resource order has the id {order_id}."
            raise RefusedError(_NOT_FOUND, {"reason": text}) from None
        if "initiatingRequest" not in order:
            text = f"Resource order {order_id} was issued for no request: it came in by itself."
            raise RefusedError(_NOT_FOUND, {"reason": text})
        return str(order["initiatingRequest"]["id"])

    def resource_orders(self, request_id: str) -> list[Document]:
        """Return the resource orders issued for a request, by domain."""
        found = self._list(_RESOURCE_ORDER, {"initiatingRequest.id": request_id})
        return sorted(found, key=lambda order: str(order.get("domain")))

    def rules(self) -> list[Document]:
        """Return the rules at the gateway, latest versions."""
        return self._list(_RULE, {})

    def put_rule(self, rule: Document) -> bool:
        """Store a version of a rule; return whether it was new."""
        answer = self._call("PUT", f"{_RULE}/{_segment(rule['id'])}", body=rule)
        return answer.status_code == _CREATED

    def register(self, api: Api, callback: str, *, idempotency_key: str | None = None) -> str:
        """Register a listener at the hub of one door; return the hub's id."""
        hub = self._document(
            "POST", f"{BASE_PATHS[api]}/hub", body={"callback": callback}, key=idempotency_key
        )
        return str(hub["id"])

    def unregister(self, api: Api, hub_id: str) -> None:
        """Take a listener away from the hub of one door."""
        self._call("DELETE", f"{BASE_PATHS[api]}/hub/{_segment(hub_id)}", answer=5.0)

    def event_deliveries(self, **wanted: str) -> list[Document]:
        """Return the events that listeners haven't got, oldest first, by values of attributes."""
        return self._list(_EVENT_DELIVERY, wanted)

    def replay(self, wanted: Document) -> int:
        """Have events sent again to a listener; return how many."""
        answer = self._document("POST", f"{_EVENT_DELIVERY}/replay", body=wanted)
        return int(answer["events"])

    def count_service_orders(self) -> int:
        """Return how many service orders the gateway keeps."""
        return self._count(_SERVICE_ORDER)

    def count_resource_orders(self) -> int:
        """Return how many resource orders the gateway keeps."""
        return self._count(_RESOURCE_ORDER)

    def _count(self, path: str) -> int:
        answer = self._call("GET", path, query={"limit": "1", "fields": "id"})
        return int(answer.headers.get("X-Total-Count", "0"))

    def _list(self, path: str, query: Mapping[str, str]) -> list[Document]:
        found = self._json(self._call("GET", path, query=query))
        return [document for document in found if isinstance(document, dict)]

    def _document(
        self, method: str, path: str, *, body: Document | None = None, key: str | None = None
    ) -> Document:
        document = self._json(self._call(method, path, body=body, key=key))
        if not isinstance(document, dict):
            raise self._no_gateway("it answered with something else")
        return document

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Document | None = None,
        key: str | None = None,
        answer: float = _ANSWER,
    ) -> requests.Response:
        """Return the answer, if it isn't a refusal."""
        try:
            response = self._session.request(
                method,
                self.url + path,
                params=query,
                json=body,
                headers={"Idempotency-Key": key} if key else None,
                timeout=(_CONNECT, answer),
                allow_redirects=False,
            )
        except requests.ReadTimeout:
            raise SetupError(
                f"The gateway at {self.url} did not answer within {answer:.0f} s; "
                "it may have done what was asked all the same."
            ) from None
        except (requests.RequestException, ValueError):
            raise SetupError(
                f"There is no gateway at {self.url}: start one with `ordergate serve`, "
                "or name another with --url."
            ) from None
        if response.status_code >= _FIRST_ERROR:
            raise RefusedError(response.status_code, self._error(response))
        return response

    def _error(self, response: requests.Response) -> Document:
        """Return the `Error` body of a refusal; anything else is no answer of a gateway."""
        document = self._json(response)
        if not isinstance(document, dict):
            raise self._no_gateway(f"it answered with HTTP status {response.status_code}")
        return document

    def _json(self, response: requests.Response) -> Any:
        try:
            return response.json()
        except requests.JSONDecodeError:
            raise self._no_gateway(f"it answered with HTTP status {response.status_code}") from None

    def _no_gateway(self, answered: str) -> SetupError:
        return SetupError(f"What listens at {self.url} is no gateway: {answered}.")


def _segment(text: str) -> str:
    """Return an id as one segment of a path."""
    return quote(text, safe="")


def is_loopback(url: str) -> bool:
    """Return whether `url` names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
