"""Wiring: every part gets what it needs, once, by constructor."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import ordergate
from ordergate.api.app import Door
from ordergate.api.body import Bodies
from ordergate.api.contract import load_contract
from ordergate.api.exchange import RESOURCE_ORDERING_ALIAS
from ordergate.api.feasibility_assessments import FeasibilityAssessments
from ordergate.api.gateway import Gateway
from ordergate.api.hubs import Hub
from ordergate.api.lists import CheckedReader
from ordergate.api.reception import Reception
from ordergate.api.resource_order_rules import ResourceOrderRules
from ordergate.api.service_order_listener import ServiceOrderListener
from ordergate.api.tmf641_cancel_service_order import ServiceOrderCancellation
from ordergate.api.tmf641_service_ordering import ServiceOrdering
from ordergate.api.tmf652_cancel_resource_order import ResourceOrderCancellation
from ordergate.api.tmf652_resource_ordering import ResourceOrdering
from ordergate.catalog.check import check_rule
from ordergate.catalog.load import placed
from ordergate.catalog.rule_book import CompiledRuleBook
from ordergate.delivery.dispatcher import Dispatcher
from ordergate.delivery.lane_delivery import LaneDelivery
from ordergate.delivery.relay import Relay
from ordergate.delivery.retry import RetryPolicy
from ordergate.delivery.sender import HttpSender
from ordergate.model.addresses import Addresses
from ordergate.model.cancel_task import CANCEL_RESOURCE_ORDER, CANCEL_SERVICE_ORDER
from ordergate.model.common import Api
from ordergate.model.notification import DeliveryState
from ordergate.process.answer import AnswerFeasibility
from ordergate.process.hand_overs import KeepHandOvers
from ordergate.process.pipeline import IssueResourceOrders
from ordergate.process.resource_orders import CancelResourceOrders, KeepResourceOrders
from ordergate.process.roll_ups import RollUpResourceOrders
from ordergate.process.service_cancellations import CancelServiceOrders
from ordergate.process.service_orders import KeepServiceOrders
from ordergate.schemas.initiating_request import StandardDocuments
from ordergate.storage.cancel_tasks import MongoCancelTaskBook
from ordergate.storage.database import open_client
from ordergate.storage.events import MongoEvents
from ordergate.storage.feasibility_assessments import MongoFeasibilityBook
from ordergate.storage.hubs import MongoHubs
from ordergate.storage.lanes import MongoLanes
from ordergate.storage.outboxes import MongoOutboxes
from ordergate.storage.requests import MongoRequestBook
from ordergate.storage.resource_orders import MongoOrderBook
from ordergate.storage.rules import MongoRuleStore
from ordergate.storage.special_handling import MongoHandOverBook
from ordergate.tmf630.attributes import Attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordergate.api.exchange import Reader
    from ordergate.model.common import Document
    from ordergate.observability.metrics import Metrics
    from ordergate.process.ports import Relay as RelayPort
    from ordergate.schemas.resource_order_rule import Problem
    from ordergate.settings import Settings
    from ordergate.storage.database import Database

_EXTENSIONS = frozenset({"domain", "initiatingRequest", "specialHandling"})
"""What the gateway adds to TMF652's resource order."""


class SystemClock:
    """The machine's clock (`process.ports.Clock`)."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class DieAt:
    """Ends the process by kill -9 at one point, for tests (`process.ports.FaultPoints`)."""

    point: str | None

    def reached(self, point: str) -> None:
        """Die, if this is the point."""
        if point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


class Stores:
    """Every adapter to MongoDB, on one client."""

    def __init__(self, settings: Settings) -> None:
        client = open_client(settings.mongodb_uri or "", timeout=settings.mongodb_timeout)
        self.database: Database = client[settings.database]
        limit = settings.page_limit
        self.orders = MongoOrderBook(self.database, page_limit=limit)
        self.cancel_tasks = MongoCancelTaskBook(
            self.database, CANCEL_RESOURCE_ORDER, page_limit=limit
        )
        self.service_cancel_tasks = MongoCancelTaskBook(
            self.database, CANCEL_SERVICE_ORDER, page_limit=limit
        )
        self.requests = MongoRequestBook(self.database, page_limit=limit)
        self.hand_overs = MongoHandOverBook(self.database, page_limit=limit)
        self.assessments = MongoFeasibilityBook(self.database, page_limit=limit)
        self.rules = MongoRuleStore(self.database)
        self.hubs = MongoHubs(self.database)
        self.events = MongoEvents(self.database, retention=settings.event_retention)
        self.lanes = MongoLanes(self.database)
        self.outboxes = MongoOutboxes(self.database)

    async def ensure_indexes(self) -> None:
        """Make the indexes that are not there yet."""
        kept = (self.orders, self.requests, self.rules)
        tasks = (self.cancel_tasks, self.service_cancel_tasks)
        special = (self.hand_overs, self.assessments)
        told = (self.hubs, self.events, self.lanes, self.outboxes)
        for store in (*kept, *tasks, *special, *told):
            await store.ensure_indexes()

    async def hand_over_to(self, url: str | None) -> int:
        """Pass special orders on to Track & Manage, or no longer.

        Return how many waited for that and are given up; they stay in the queue of hand-overs.
        """
        await self.hubs.hand_over_to(url)
        return await self.hand_overs.give_up() if url is None else 0

    async def close(self) -> None:
        """Close the connections."""
        await self.database.client.close()


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts of the three doors, and the validators made from them."""

    tmf652: Document
    tmf641: Document
    gateway: Document
    bodies: Mapping[str, Bodies]

    @classmethod
    def load(cls) -> Contracts:
        """Read them, each with its profile."""
        folder = contract_folder()
        tmf652 = load_contract(folder, "tmf652-resource-ordering")
        tmf641 = load_contract(folder, "tmf641-service-ordering")
        gateway = load_contract(folder, "gateway")
        named = {"tmf652": tmf652, "tmf641": tmf641, "gateway": gateway}
        return cls(**named, bodies={name: Bodies(one) for name, one in named.items()})


@dataclass(frozen=True, slots=True)
class Process:
    """The process over its ports, and what the doors share of it."""

    requests: IssueResourceOrders
    orders: KeepResourceOrders
    cancellations: CancelResourceOrders
    service_orders: KeepServiceOrders
    service_cancellations: CancelServiceOrders
    roll_ups: RollUpResourceOrders
    hand_overs: KeepHandOvers
    feasibility: AnswerFeasibility
    rules: CompiledRuleBook
    documents: StandardDocuments
    addresses: Addresses
    clock: SystemClock


def contract_folder() -> Path:
    """Return where the contracts are: in the installed package, else in the repository."""
    package = Path(ordergate.__file__).parent
    packaged = package / "openapi"
    return packaged if packaged.is_dir() else package.parents[1] / "openapi"


def wire_dispatcher(settings: Settings, stores: Stores) -> Dispatcher:
    """Return what brings events to their listeners."""
    sender = HttpSender(
        attempt_deadline=settings.attempt_deadline,
        connect_timeout=settings.connect_timeout,
        pool_size=settings.senders,
    )
    retry = RetryPolicy(
        schedule=settings.retry_schedule, max_age=settings.event_max_age, random=random.random
    )
    delivery = LaneDelivery(
        lanes=stores.lanes,
        events=stores.events,
        hubs=stores.hubs,
        hand_overs=stores.hand_overs,
        sender=sender,
        retry=retry,
        clock=SystemClock(),
    )
    return Dispatcher(
        Relay(stores.outboxes, stores.events, stores.lanes, stores.hubs),
        stores.lanes,
        delivery,
        senders=settings.senders,
        lease=settings.lease,
        poll_interval=settings.poll_interval,
    )


def wire_process(
    settings: Settings,
    stores: Stores,
    relay: RelayPort,
    *,
    contracts: Contracts,
    metrics: Metrics,
) -> Process:
    """Return the process over its adapters."""
    addresses = Addresses(settings.base_url(), settings.resource_inventory_url)
    handed_on = settings.track_and_manage_url is not None
    delivery = DeliveryState.PENDING if handed_on else DeliveryState.NOT_CONFIGURED
    clock, documents = SystemClock(), StandardDocuments(delivery)
    faults = DieAt(settings.fault_point)
    rules = CompiledRuleBook(stores.rules, interval=settings.catalog_interval)
    roll_ups = RollUpResourceOrders(
        requests=stores.requests, orders=stores.orders, clock=clock, relay=relay, faults=faults
    )
    cancellations = CancelResourceOrders(
        tasks=stores.cancel_tasks,
        orders=stores.orders,
        addresses=addresses,
        clock=clock,
        relay=relay,
        faults=faults,
        follow=roll_ups.follow,
    )
    requests = IssueResourceOrders(
        rules=rules,
        requests=stores.requests,
        orders=stores.orders,
        hand_overs=stores.hand_overs,
        assessments=stores.assessments,
        documents=documents,
        addresses=addresses,
        clock=clock,
        superseding=cancellations,
        relay=relay,
        faults=faults,
        follow=roll_ups.follow,
        meter=metrics,
    )
    service_cancellations = CancelServiceOrders(
        tasks=stores.service_cancel_tasks,
        requests=stores.requests,
        orders=stores.orders,
        resource_tasks=stores.cancel_tasks,
        hand_overs=stores.hand_overs,
        cancellations=cancellations,
        addresses=addresses,
        clock=clock,
        relay=relay,
        faults=faults,
    )
    orders = KeepResourceOrders(
        orders=stores.orders,
        cancellations=cancellations,
        addresses=addresses,
        clock=clock,
        relay=relay,
        check=contracts.bodies["tmf652"].check_of("createResourceOrder", "patchResourceOrder"),
        followers=(roll_ups.follow, service_cancellations.follow),
    )
    service_orders = KeepServiceOrders(
        requests=stores.requests,
        clock=clock,
        relay=relay,
        process=requests,
        check=contracts.bodies["tmf641"].check_of("createServiceOrder", "patchServiceOrder"),
    )
    hand_overs = KeepHandOvers(
        hand_overs=stores.hand_overs,
        clock=clock,
        check=contracts.bodies["gateway"].check_of("patchSpecialHandling"),
    )
    feasibility = AnswerFeasibility(
        assessments=stores.assessments,
        requests=stores.requests,
        process=requests,
        addresses=addresses,
        clock=clock,
    )
    kept = (orders, cancellations, service_orders, service_cancellations, roll_ups)
    special = (hand_overs, feasibility)
    return Process(requests, *kept, *special, rules, documents, addresses, clock)


def wire_doors(
    settings: Settings, stores: Stores, process: Process, contracts: Contracts
) -> tuple[Door, ...]:
    """Return the three doors that lead to the process, and the alias of one if it is wanted."""
    limit, addresses, clock = settings.page_limit, process.addresses, process.clock
    bodies = contracts.bodies
    reception = Reception(
        addresses=addresses,
        clock=clock,
        partner_roles=settings.partner_roles,
        requester_roles=settings.requester_roles if settings.external_id_is_key else (),
    )
    resource_ordering = ResourceOrdering(
        process=process.orders,
        orders=_checked(stores.orders, contracts.tmf652, "ResourceOrder", _EXTENSIONS),
        addresses=addresses,
        page_limit=limit,
    )
    cancellation = ResourceOrderCancellation(
        process=process.cancellations,
        tasks=_checked(stores.cancel_tasks, contracts.tmf652, "CancelResourceOrder"),
        addresses=addresses,
        page_limit=limit,
    )
    service_ordering = ServiceOrdering(
        process=process.requests,
        keeping=process.service_orders,
        orders=_checked(stores.requests.service_orders, contracts.tmf641, "ServiceOrder"),
        reception=reception,
        addresses=addresses,
        page_limit=limit,
    )
    service_cancellation = ServiceOrderCancellation(
        process=process.service_cancellations,
        tasks=_checked(stores.service_cancel_tasks, contracts.tmf641, "CancelServiceOrder"),
        addresses=addresses,
        page_limit=limit,
    )
    listener = ServiceOrderListener(
        process=process.requests,
        reception=reception,
        records=stores.requests.records,
        addresses=addresses,
    )
    gateway = Gateway(
        process=process.requests,
        records=_checked(stores.requests.records, contracts.gateway, "InitiatingRequest"),
        hand_overs=_checked(stores.hand_overs, contracts.gateway, "SpecialHandling"),
        keeping=process.hand_overs,
        documents=process.documents,
        check_service_order=partial(bodies["tmf641"].check, operation="createServiceOrder"),
        reception=reception,
        addresses=addresses,
        page_limit=limit,
    )
    assessments = FeasibilityAssessments(
        process=process.feasibility,
        assessments=_checked(stores.assessments, contracts.gateway, "FeasibilityAssessment"),
        check_resource_order=partial(bodies["tmf652"].check, operation="createResourceOrder"),
        addresses=addresses,
        clock=clock,
        page_limit=limit,
    )
    rules = ResourceOrderRules(
        rules=stores.rules,
        check=partial(_check_rule, process.rules),
        in_force=process.rules.in_force,
        attributes=_attributes(contracts.gateway, "ResourceOrderRule"),
        addresses=addresses,
        page_limit=limit,
    )
    hubs = {api: Hub(stores.hubs, api, addresses, page_limit=limit) for api in Api}
    doors = (
        Door(
            contracts.tmf652,
            bodies["tmf652"],
            (resource_ordering, cancellation, hubs[Api.RESOURCE_ORDERING]),
        ),
        Door(
            contracts.tmf641,
            bodies["tmf641"],
            (service_ordering, service_cancellation, listener, hubs[Api.SERVICE_ORDERING]),
        ),
        Door(contracts.gateway, bodies["gateway"], (gateway, rules, assessments)),
    )
    return (*doors, replace(doors[0], alias=RESOURCE_ORDERING_ALIAS)) if settings.alias else doors


def _check_rule(rules: CompiledRuleBook, document: Document, text: bytes) -> list[Problem]:
    """Check a rule beside those in force; its problems are placed in the text of the body."""
    return placed(check_rule(document, rules.current()), text)


def _checked(
    reader: Reader, contract: Document, kind: str, extensions: frozenset[str] = frozenset()
) -> Reader:
    return CheckedReader(reader, _attributes(contract, kind, extensions))


def _attributes(
    contract: Document, kind: str, extensions: frozenset[str] = frozenset()
) -> Attributes:
    return Attributes(contract["components"]["schemas"], kind, extensions)
