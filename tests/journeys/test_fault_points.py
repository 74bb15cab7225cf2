"""Kill -9 at every step of the process: the outcome is that of a run which nothing disturbed."""

from __future__ import annotations

import ast
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from pymongo import MongoClient

import ordergate
from forked import Nursery
from make import EXAMPLES, example, service_item
from running import TMF641, TMF652, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from forked import ForkedGateway

Document = dict[str, Any]

STORED = (
    "initiatingRequest",
    "resourceOrder",
    "specialHandling",
    "feasibilityAssessment",
    "cancelResourceOrder",
    "cancelServiceOrder",
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ][0-9:.]+(?:Z|\+00:00)?")
_STILL = 5
"""Looks that find the same: by then each sweeper has swept twice."""
_NAME = re.compile(r"after[A-Z][A-Za-z]+")


class Desk:
    """Asks one gateway; whatever it sends twice comes to the same."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """Call and return the document of the answer, which is a success."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = requests.request(
            method, f"{self.url}{path}", json=body, headers=headers, timeout=20
        )
        assert answer.ok, answer.text
        return answer.json()

    def order(self, body: Document) -> str:
        """Send the service order of the scenario; return its id."""
        found: Document = self.call("POST", f"{TMF641}/serviceOrder", body, "order")
        return str(found["id"])

    def placed(self) -> str:
        """Return the id of the service order that was sent."""
        (found,) = self.call("GET", f"{TMF641}/serviceOrder")
        return str(found["id"])

    def resource_order(self, domain: str) -> Document:
        """Return the resource order of a domain; one that isn't cancelled, if there are several."""
        found = self.call("GET", f"{TMF652}/resourceOrder?domain={domain}")
        return dict(min(found, key=lambda one: one["state"] == "cancelled"))

    def report(self, domain: str, *states: str) -> None:
        """Report the states of all items of the resource order."""
        order = self.resource_order(domain)
        for state in states:
            if {item["state"] for item in order["orderItem"]} == {state}:
                continue
            items = [{**item, "state": state} for item in order["orderItem"]]
            path = f"{TMF652}/resourceOrder/{order['id']}"
            self.call("PATCH", path, {"orderItem": items})

    def cancel(self, kind: str, order_id: str) -> None:
        """Ask for the cancellation of an order."""
        door = TMF652 if kind == "resourceOrder" else TMF641
        path = f"{door}/cancel{kind[0].upper()}{kind[1:]}"
        self.call("POST", path, {kind: {"id": order_id}}, "cancel")

    def assess(self) -> None:
        """Say that the special item can be delivered, and how."""
        item = {
            "id": "mast",
            "action": "add",
            "resource": {"name": "Mast", "@type": "PhysicalResource"},
            "resourceSpecification": {"id": "rs-mast"},
        }
        answered = {"initiatingRequest": {"id": self.placed()}, "itemId": "2"}
        body = {
            "for": answered,
            "result": "feasible",
            "resourceOrder": [{"domain": "radio", "orderItem": [item]}],
        }
        self.call("POST", "/gateway/v1/feasibilityAssessment", body, "assessment")

    def amend(self) -> None:
        """Ask for other items than were ordered."""
        items = [service_item("1"), service_item("9")]
        self.call("PATCH", f"{TMF641}/serviceOrder/{self.placed()}", {"serviceOrderItem": items})


def mixed() -> Document:
    """Return an order with an item of a standard set, a special one, and one that waits for it."""
    special = service_item("2", serviceSpecification={"id": "svc-nobody-knows"})
    waits = {"relationshipType": "dependency", "orderItem": {"itemId": "2"}}
    last = {**service_item("3"), "serviceOrderItemRelationship": [waits]}
    return {"serviceOrderItem": [service_item("1"), special, last]}


def nothing(_: Desk) -> None:
    """Prepare nothing."""


def order_mixed(desk: Desk) -> None:
    desk.order(mixed())


def order_standard(desk: Desk) -> None:
    desk.order(example("fibre-standard"))


def order_and_begin(desk: Desk) -> None:
    order_standard(desk)
    desk.report("core", "inProgress")


def begin_and_cancel(desk: Desk) -> None:
    order_and_begin(desk)
    desk.cancel("resourceOrder", desk.resource_order("core")["id"])


def begin_and_take_back(desk: Desk) -> None:
    order_and_begin(desk)
    desk.cancel("serviceOrder", desk.placed())


ISSUING = ("afterPlan", "afterHandOvers", "afterOrders")
ROLL_UP = ("afterOrderChanged", "afterRollUp")
CANCELLING = (
    "afterCancelTask",
    "afterTaskBegun",
    "afterAssessing",
    "afterAssessed",
    "afterCancelled",
    "afterTaskEnded",
)
TAKING_BACK = (
    "afterCancelServiceTask",
    "afterServiceTaskBegun",
    "afterServiceAssessing",
    "afterServiceCascade",
    "afterServiceCascadeOne",
    "afterServiceAssessed",
    "afterServiceWithdrawn",
    "afterServiceCancelled",
    "afterServiceTaskEnded",
)


@dataclass(frozen=True)
class Scenario:
    """One call, what has to come before it, and the fault points on its way.

    Args:
        afterwards: brings the request to where its orders are, where nothing else does.
    """

    prepare: Callable[[Desk], None]
    call: Callable[[Desk], None]
    points: tuple[str, ...]
    afterwards: Callable[[Desk], None] = nothing


SCENARIOS = {
    "issue": Scenario(nothing, order_mixed, ("afterRecord", *ISSUING)),
    "answer": Scenario(
        order_mixed,
        lambda desk: desk.assess(),
        ("afterFeasibilityAssessment", "afterPlan", "afterOrders", "afterClosing", *ROLL_UP),
    ),
    "amend": Scenario(
        order_standard,
        lambda desk: desk.amend(),
        ("afterPlan", "afterSuperseded", "afterAssessed", "afterTaskEnded", "afterOrders"),
        afterwards=lambda desk: desk.report("access", "inProgress"),
    ),
    "roll up": Scenario(order_standard, lambda desk: desk.report("access", "inProgress"), ROLL_UP),
    "cancel": Scenario(
        order_standard,
        lambda desk: desk.cancel("resourceOrder", desk.resource_order("core")["id"]),
        (*CANCELLING, *ROLL_UP),
    ),
    "undo": Scenario(
        begin_and_cancel,
        lambda desk: desk.report("core", "cancelled"),
        ("afterCancelled", "afterOrderChanged"),
    ),
    "take back": Scenario(
        order_mixed,
        lambda desk: desk.cancel("serviceOrder", desk.placed()),
        (*TAKING_BACK, "afterTaskEnded"),
    ),
    "take back what was begun": Scenario(
        begin_and_take_back,
        lambda desk: desk.report("core", "cancelled"),
        ("afterServiceCancelled", "afterOrderChanged"),
    ),
}


class Ground:
    """Gateways on databases of one mongod."""

    def __init__(self, nursery: Nursery, mongodb_uri: str) -> None:
        self._nursery = nursery
        self._uri = mongodb_uri
        self._client: MongoClient[Document] = MongoClient(mongodb_uri, w="majority")

    def start(self, database: str, fault_point: str = "") -> ForkedGateway:
        return self._nursery.start(
            ORDERGATE_MONGODB_URI=self._uri,
            ORDERGATE_DATABASE=database,
            ORDERGATE_FAULT_POINT=fault_point,
            ORDERGATE_PUBLIC_URL="http://gateway.example",
            ORDERGATE_DELIVER="no",  # so what is owed stays where it can be looked at
            ORDERGATE_SWEEP_INTERVAL="0.1",
            ORDERGATE_SWEEP_AFTER="0.2",
            ORDERGATE_CATALOG_INTERVAL="0.02",
        )

    def copy(self, source: str, target: str) -> None:
        for name in self._client[source].list_collection_names():
            if documents := list(self._client[source][name].find()):
                self._client[target][name].insert_many(documents)

    def is_settled(self, database: str) -> bool:
        """Tell whether every plan is known to be carried out."""
        requests_kept = self._client[database]["initiatingRequest"]
        return not requests_kept.count_documents({"plan": {"$exists": True}})

    def look(self, database: str) -> Document:
        """Return all that is stored, moments apart, with the types of the events that are owed."""
        found = {
            f"{name} {one['_id']}": _as_record(_plain(one))
            if name == "initiatingRequest"
            else _plain(one)
            for name in STORED
            for one in self._client[database][name].find()
        }
        return dict(sorted(found.items()))

    def close(self) -> None:
        self._client.close()


def _plain(stored: Document) -> Document:
    owed = [one["event"]["eventType"] for one in stored.get("outbox", [])]
    kept = {name: value for name, value in stored.items() if name != "outbox"}
    plain: Document = json.loads(_MOMENT.sub("moment", json.dumps(kept, default=str)))
    return {**plain, "owed": owed}


def _as_record(plain: Document) -> Document:
    """Return a record but for how many roll-ups it took: several changes may come to one."""
    told = {
        f"{one['event']} {one['detail']}"
        for one in plain["document"]["timeline"]
        if one["event"] != "resourceOrderStateChanged"
    }
    milestones = plain.get("serviceOrder", {}).get("milestone", [])
    milestones.sort(key=lambda one: str(one["id"]))
    document = {**plain["document"], "timeline": sorted(told)}
    kept = {name: one for name, one in plain.items() if name not in {"revision", "sequence"}}
    return {**kept, "document": document, "owed": sorted(set(plain["owed"]))}


def check(found: Document, expected: Document) -> None:
    """Check that two looks are the same; say line by line where they differ."""
    one, other = (
        json.dumps(look, indent=1, sort_keys=True).splitlines() for look in (expected, found)
    )
    told = list(unified_diff(one, other, "undisturbed", "disturbed", lineterm="", n=4))
    assert not told, "\n".join(told)


@pytest.fixture(scope="module")
def ground(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    nursery = Nursery(tmp_path_factory.mktemp("gateways") / "log")
    found = Ground(nursery, mongodb_uri)
    yield found
    found.close()
    nursery.close()


def put_rules(desk: Desk) -> None:
    for file in sorted((EXAMPLES / "catalog").glob("*.yaml")):
        rule = yaml.safe_load(file.read_text())
        desk.call("PUT", f"/gateway/v1/resourceOrderRule/{rule['id']}", rule)


@pytest.fixture(scope="module")
def undisturbed(ground: Ground) -> Callable[[str], Document]:
    """Run scenarios with nothing in their way, and keep what was there just before the call."""
    known: dict[str, Document] = {}

    def run(name: str) -> Document:
        if name not in known:
            database = _database(name)
            gateway = ground.start(database)
            desk = Desk(gateway.url)
            put_rules(desk)
            SCENARIOS[name].prepare(desk)
            # Else who starts with what is copied carries a plan out first, and dies of that.
            eventually(lambda: ground.is_settled(database))
            ground.copy(database, f"{database}_before")
            SCENARIOS[name].call(desk)
            SCENARIOS[name].afterwards(desk)
            known[name] = eventually_still(ground, database)
            gateway.kill()
        return known[name]

    return run


def _database(scenario: str) -> str:
    return f"faults_{scenario.replace(' ', '_')}"


def eventually_still(ground: Ground, database: str) -> Document:
    """Return what is stored once the sweepers leave it alone."""
    seen: list[Document] = []

    def is_still() -> bool:
        seen.append(ground.look(database))
        return len(seen) > _STILL and all(one == seen[-1] for one in seen[-_STILL:])

    eventually(is_still)
    return seen[-1]


def eventually_check(ground: Ground, database: str, expected: Document) -> None:
    with suppress(AssertionError):  # the comparison says what is wrong
        eventually(lambda: ground.look(database) == expected, within=10)
    check(ground.look(database), expected)


CASES = [(name, point) for name, one in SCENARIOS.items() for point in one.points]


@pytest.mark.parametrize(("scenario", "point"), CASES)
def test_outcome_is_that_of_an_undisturbed_run(
    ground: Ground, undisturbed: Callable[[str], Document], scenario: str, point: str
) -> None:
    expected, one = undisturbed(scenario), SCENARIOS[scenario]
    before, database = f"{_database(scenario)}_before", f"{_database(scenario)}_{point}"
    ground.copy(before, database)
    dying = ground.start(database, point)
    with pytest.raises(requests.ConnectionError):
        one.call(Desk(dying.url))
    eventually(lambda: not dying.is_there())
    gateway = ground.start(database)
    try:
        if one.afterwards is nothing:  # the sweepers alone finish it
            eventually_check(ground, database, expected)
        eventually_still(ground, database)
        one.call(Desk(gateway.url))  # whoever got no answer asks again
        one.afterwards(Desk(gateway.url))
        eventually_check(ground, database, expected)
    finally:
        gateway.kill()


def test_every_fault_point_of_the_code_is_in_the_table() -> None:
    named, computed = set(), set()
    for file in Path(ordergate.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and _NAME.fullmatch(str(node.value)):
                named.add(node.value)
            match node:
                case ast.Call(func=ast.Attribute(attr="reached"), args=[argument]):
                    if not isinstance(argument, ast.Constant):
                        computed.add(ast.unparse(argument))
    assert named == {point for _, point in CASES}
    assert computed == {"step.done"}
