"""A small TMF652 server that is right, or wrong in ways that can be switched on.

It is written apart from the gateway, so that neither proves the other by sharing a mistake.
"""

from __future__ import annotations

import copy
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum, auto
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Document = dict[str, Any]
BASE = "/tmf-api/resourceOrderingManagement/v4"
NEXT = {
    "acknowledged": ("rejected", "inProgress"),
    "inProgress": ("completed", "failed", "partial", "pending", "held"),
    "pending": ("inProgress", "cancelled"),
    "held": ("inProgress", "cancelled"),
}
STATES = {*NEXT, *(state for states in NEXT.values() for state in states)} | {
    "assessingCancellation",
    "pendingCancellation",
}
RESERVED = {"fields", "offset", "limit", "sort"}
FIXED = ("id", "href", "orderDate", "completionDate")


class Wrong(StrEnum):
    """One way to be wrong."""

    TOTALS_IGNORE_FILTERS = auto()
    ANY_TRANSITION_PASSES = auto()
    HTML_ERRORS = auto()
    FIELDS_LEAVE_OUT_HREF = auto()
    FILTERS_ARE_ALTERNATIVES = auto()
    PAGES_ARE_COMPLETE = auto()
    LOCATION_IS_RELATIVE = auto()
    NULLS_ARE_WRITTEN = auto()
    HUB_IGNORES_QUERY = auto()
    HUB_IS_DEAF = auto()
    NO_CANCELLATION = auto()
    CALLBACKS_ARE_REFUSED = auto()
    KEEPS_ORDERS = auto()


class RefusalError(Exception):
    """What the server says no with."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


@dataclass
class Server:
    """The collections of one server, by id."""

    wrong: frozenset[Wrong]
    url: str = ""
    orders: dict[str, Document] = field(default_factory=dict)
    tasks: dict[str, Document] = field(default_factory=dict)
    hubs: dict[str, Document] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, body: Document) -> Document:
        """Make an order of a body."""
        check_order(body)
        order = copy.deepcopy(body) | self.identity("resourceOrder")
        order |= {"orderDate": now(), "state": "acknowledged"}
        for number, item in enumerate(order["orderItem"], 1):
            item["id"] = str(item.get("id", number))
            item["state"] = "acknowledged"
        self.orders[order["id"]] = order
        self.tell("Create", order)
        return order

    def identity(self, collection: str) -> Document:
        """Return an id, and the href that goes with it."""
        new = str(uuid4())
        return {"id": new, "href": f"{self.url}/{collection}/{new}"}

    def patch(self, order: Document, change: Document) -> Document:
        """Merge a change into an order, as far as the rules allow."""
        merged = {**order, **change}
        items = [(item.get("id"), item.get("action")) for item in merged.get("orderItem") or []]
        same = items == [(item["id"], item["action"]) for item in order["orderItem"]]
        if not same or any(merged.get(name) != order.get(name) for name in FIXED):
            raise RefusalError(400, "This can't be changed.")
        state, wanted = order["state"], merged["state"]
        if wanted not in STATES:
            raise RefusalError(400, f"There is no state {wanted}.")
        legal = wanted == state or wanted in NEXT.get(state, ())
        if not legal and Wrong.ANY_TRANSITION_PASSES not in self.wrong:
            raise RefusalError(409, f"{state} doesn't lead to {wanted}.")
        order.clear()
        order.update({name: value for name, value in merged.items() if value is not None})
        if wanted != state:
            self.tell("StateChange", order)
        if set(change) - {"state"}:
            self.tell("AttributeValueChange", order)
        return order

    def delete(self, order: Document) -> None:
        """Remove an order."""
        if Wrong.KEEPS_ORDERS in self.wrong:
            raise RefusalError(405, "Orders stay.", Allow="GET, PATCH")
        del self.orders[order["id"]]
        self.tell("Delete", order)

    def cancel(self, body: Document) -> Document:
        """Cancel an order at once."""
        order = self.orders.get(str((body.get("resourceOrder") or {}).get("id")))
        if order is None:
            raise RefusalError(400, "A cancellation names an order that is there.")
        if order["state"] not in NEXT:
            raise RefusalError(409, "The order is over.")
        order["state"] = "cancelled"
        task = {**body, **self.identity("cancelResourceOrder"), "state": "done"}
        task["effectiveCancellationDate"] = now()
        self.tasks[task["id"]] = task
        return task

    def register(self, body: Document) -> Document:
        """Register a listener."""
        callback = str(body.get("callback"))
        if not callback.startswith("http") or Wrong.CALLBACKS_ARE_REFUSED in self.wrong:
            raise RefusalError(400, "That callback is not taken.")
        wanted = {"callback": callback, "query": body.get("query")}
        if any({**hub, "id": None} == {**wanted, "id": None} for hub in self.hubs.values()):
            raise RefusalError(409, "That listener is registered.")
        hub_id = str(uuid4())
        hub = self.hubs[hub_id] = {"id": hub_id, **wanted}
        return {name: value for name, value in hub.items() if value is not None}

    def tell(self, kind: str, order: Document) -> None:
        """Notify listeners, one after the other, before the answer."""
        if Wrong.HUB_IS_DEAF in self.wrong:
            return
        event_type = f"ResourceOrder{kind}Event"
        event = {
            "eventId": str(uuid4()),
            "eventTime": now(),
            "eventType": event_type,
            "event": {"resourceOrder": copy.deepcopy(order)},
        }
        for hub in list(self.hubs.values()):
            heard = hub["query"] is None or hub["query"] == f"eventType={event_type}"
            if heard or Wrong.HUB_IGNORES_QUERY in self.wrong:
                requests.post(hub["callback"], json=event, timeout=5)


def check_order(body: Document) -> None:
    """Refuse what breaks the rules for a new order."""
    items = body.get("orderItem")
    resources = [item.get("resource") for item in items] if isinstance(items, list) else []
    parties = [*body.get("relatedParty", [])] + [
        item["appointment"] for item in items or [] if "appointment" in item
    ]
    good = (
        isinstance(items, list)
        and items
        and all("action" in item and item.keys() & SPECIFIED for item in items)
        and all(
            item["action"] == "add" or (item.get("resource") or {}).keys() & {"id", "href"}
            for item in items
        )
        and all("text" in note for note in body.get("note", []))
        and all(party.keys() & {"id", "href"} for party in parties)
        and all("role" in (one or {}).get("place", {"role": ""}) for one in resources)
    )
    if not good:
        raise RefusalError(400, "The order breaks a rule.")


SPECIFIED = {"resource", "resourceSpecification"}


def now() -> str:
    """Return the present moment as documents have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def values(document: Any, path: str) -> list[str]:
    """Return what stands at a dotted path, of every element of a list on the way."""
    found = [document]
    for name in path.split("."):
        lists = [one[name] for one in found if isinstance(one, dict) and name in one]
        found = [one for part in lists for one in (part if isinstance(part, list) else [part])]
    return [str(one) for one in found]


def criterion(name: str, wanted: list[str]) -> Callable[[Document], bool]:
    """Return whether an order meets one filter."""
    path, _, operator = name.rpartition(".")
    if operator == "gt":
        return lambda order: any(one > wanted[0] for one in values(order, path))
    if operator == "lt":
        return lambda order: any(one < wanted[0] for one in values(order, path))
    return lambda order: bool({*values(order, name)} & {*wanted})


@dataclass(frozen=True)
class Query:
    """A query string, read as TMF630 has it."""

    filters: dict[str, list[str]]
    own: dict[str, str]

    @classmethod
    def read(cls, text: str) -> Query:
        """Read it; `;` and `,` are further values."""
        filters: dict[str, list[str]] = {}
        pairs = parse_qsl(text.replace(";", "&"), keep_blank_values=True)
        own = {name: value for name, value in pairs if name in RESERVED}
        for name, value in pairs:
            if name not in RESERVED:
                filters.setdefault(name, []).extend(value.strip('"').split(","))
        return cls(filters, own)

    def number(self, name: str, default: int) -> int:
        """Return a count."""
        text = self.own.get(name, str(default))
        if not text.isdecimal():
            raise RefusalError(400, f"{name} is a count.")
        return int(text)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = -1  # head and body leave together: apart, each answer takes 40 ms more

    def __init__(self, server: Server, *connection: Any) -> None:
        self.home = server
        super().__init__(*connection)

    def do_GET(self) -> None:
        """Answer a request, whatever its method."""
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            with self.home.lock:
                self.route(sent)
        except RefusalError as refusal:
            self.refuse(refusal)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def route(self, sent: bytes) -> None:
        """Lead a request to what it is for."""
        target = urlsplit(self.path)
        parts = unquote(target.path).removeprefix(BASE).strip("/").split("/")
        collections = {"resourceOrder": self.home.orders, "hub": self.home.hubs}
        if Wrong.NO_CANCELLATION not in self.home.wrong:
            collections["cancelResourceOrder"] = self.home.tasks
        if not target.path.startswith(BASE) or parts[0] not in collections:
            raise RefusalError(404, "There is nothing here.")
        kept, query = collections[parts[0]], Query.read(target.query)
        if len(parts) == 1:
            self.collection(parts[0], kept, query, sent)
        elif parts[1] in kept:
            self.one(parts[0], kept, kept[parts[1]], query, sent)
        else:
            raise RefusalError(404, "It isn't there.")

    def collection(self, name: str, kept: dict[str, Document], query: Query, sent: bytes) -> None:
        """Answer for a collection."""
        if self.command == "GET" and name != "hub":
            self.listing(name, list(kept.values()), query)
        elif self.command == "POST":
            home = self.home
            make = {"resourceOrder": home.create, "hub": home.register}.get(name, home.cancel)
            made = make(self.body(sent))
            location = made.get("href", f"{home.url}/hub/{made['id']}")
            if Wrong.LOCATION_IS_RELATIVE in home.wrong:
                location = urlsplit(location).path
            self.say(201, made, Location=location)
        else:
            raise RefusalError(405, "Not so.", Allow="POST" if name == "hub" else "GET, POST")

    def one(
        self, name: str, kept: dict[str, Document], found: Document, query: Query, sent: bytes
    ) -> None:
        """Answer for one thing that is there."""
        is_order = name == "resourceOrder"
        if self.command == "GET" and name != "hub":
            self.say(200, self.selected(found, query))
        elif self.command == "PATCH" and is_order:
            self.say(200, self.home.patch(found, self.body(sent)))
        elif self.command == "DELETE" and name != "cancelResourceOrder":
            if is_order:
                self.home.delete(found)
            else:
                del kept[found["id"]]
            self.say(204, None)
        else:
            raise RefusalError(405, "Not so.", Allow="GET")

    def listing(self, name: str, kept: list[Document], query: Query) -> None:
        """Answer with a page of a list."""
        tests = [criterion(*one) for one in query.filters.items()]
        chosen = any if Wrong.FILTERS_ARE_ALTERNATIVES in self.home.wrong and tests else all
        found = [order for order in kept if chosen(test(order) for test in tests)]
        if "sort" in query.own:
            by = query.own["sort"]
            found.sort(key=lambda one: str(one.get(by.lstrip("-"))), reverse=by.startswith("-"))
        offset, limit = query.number("offset", 0), query.number("limit", len(found))
        page = found[offset : offset + limit]
        whole = len(page) == len(found) or Wrong.PAGES_ARE_COMPLETE in self.home.wrong
        ignored = Wrong.TOTALS_IGNORE_FILTERS in self.home.wrong
        total = len(kept) if ignored else len(found)
        headers = {"X-Total-Count": str(total), "X-Result-Count": str(len(page))}
        if offset + len(page) < len(found):
            rest = re.sub(r"&?(offset|limit)=\d+", "", urlsplit(self.path).query)
            target = f"{self.home.url}/{name}?{rest}&offset={offset + limit}&limit={limit}"
            headers["Link"] = f'<{target}>; rel="next"'
        self.say(200 if whole else 206, [self.selected(one, query) for one in page], **headers)

    def selected(self, document: Document, query: Query) -> Document:
        """Return the attributes asked for."""
        document = copy.deepcopy(document)
        if Wrong.NULLS_ARE_WRITTEN in self.home.wrong:
            document.setdefault("completionDate", None)
        if "fields" not in query.own:
            return document
        always = {"id"} if Wrong.FIELDS_LEAVE_OUT_HREF in self.home.wrong else {"id", "href"}
        names = {name.split(".")[0] for name in query.own["fields"].split(",")} | always
        return {name: value for name, value in document.items() if name in names}

    def body(self, sent: bytes) -> Document:
        """Return the object that was sent."""
        if "json" not in self.headers.get("Content-Type", ""):
            raise RefusalError(415, "JSON, please.")
        try:
            document = json.loads(sent)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise RefusalError(400, "That is no JSON object.")
        return document

    def refuse(self, refusal: RefusalError) -> None:
        """Say no."""
        status, reason = refusal.status, refusal.reason
        if Wrong.HTML_ERRORS in self.home.wrong:
            self.send(status, b"<html>no</html>", "text/html", refusal.headers)
        else:
            document = {"code": str(status), "reason": reason, "status": str(status)}
            self.say(status, document, **refusal.headers)

    def say(self, status: int, document: Any, **headers: str) -> None:
        """Answer in JSON."""
        body = b"" if document is None else json.dumps(document).encode()
        self.send(status, body, "application/json;charset=utf-8", headers)

    def send(self, status: int, body: bytes, media_type: str, headers: dict[str, str]) -> None:
        """Write an answer."""
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(*wrong: Wrong) -> Iterator[Server]:
    """Serve on a free port; `url` of what is yielded is the base of the API."""
    home = Server(frozenset(wrong))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, home))
    server.daemon_threads = True
    home.url = f"http://127.0.0.1:{server.server_port}{BASE}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield home
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
