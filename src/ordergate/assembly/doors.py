"""The doors that lead to the process: TMF652, TMF641 and the gateway's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ordergate.api.app import Door
from ordergate.api.cancel_tasks import CancelTasks
from ordergate.api.event_deliveries import EventDeliveries
from ordergate.api.exchange import RESOURCE_ORDERING_ALIAS
from ordergate.api.feasibility_assessments import FeasibilityAssessments
from ordergate.api.gateway import Gateway
from ordergate.api.hubs import Hub
from ordergate.api.lists import CheckedLister, CheckedReader
from ordergate.api.reception import Reception
from ordergate.api.resource_order_rules import ResourceOrderRules
from ordergate.api.service_order_listener import ServiceOrderListener
from ordergate.api.tmf641_cancel_service_order import ServiceOrderCancellation
from ordergate.api.tmf641_service_ordering import ServiceOrdering
from ordergate.api.tmf652_cancel_resource_order import ResourceOrderCancellation
from ordergate.api.tmf652_resource_ordering import ResourceOrdering
from ordergate.assembly.callbacks import wire_callbacks
from ordergate.catalog.check import check_rule
from ordergate.catalog.load import placed
from ordergate.model.common import Api
from ordergate.tmf630.attributes import Attributes

if TYPE_CHECKING:
    from ordergate.api.exchange import Reader
    from ordergate.assembly.contracts import Contracts
    from ordergate.assembly.dispatch import Delivery
    from ordergate.assembly.process import Process
    from ordergate.assembly.stores import Stores
    from ordergate.catalog.rule_book import CompiledRuleBook
    from ordergate.delivery.callback import CallbackGuard
    from ordergate.model.common import Document
    from ordergate.schemas.resource_order_rule import Problem
    from ordergate.settings import Settings

_EXTENSIONS = frozenset({"domain", "initiatingRequest", "specialHandling"})
"""What the gateway adds to TMF652's resource order."""


def wire_doors(
    settings: Settings,
    stores: Stores,
    process: Process,
    contracts: Contracts,
    delivery: Delivery,
) -> tuple[Door, ...]:
    """Return the three doors that lead to the process, and the alias of one if it is wanted."""
    callbacks = wire_callbacks(settings)
    house = _House(settings.page_limit, stores, process, contracts, callbacks, delivery)
    reception = Reception(
        addresses=process.addresses,
        clock=process.clock,
        partner_roles=settings.partner_roles,
        requester_roles=settings.requester_roles if settings.external_id_is_key else (),
    )
    doors = (
        house.resource_ordering(),
        house.service_ordering(reception),
        house.gateway(reception),
    )
    return (*doors, replace(doors[0], alias=RESOURCE_ORDERING_ALIAS)) if settings.alias else doors


@dataclass(frozen=True, slots=True)
class _House:
    """What the doors lead to."""

    limit: int
    stores: Stores
    process: Process
    contracts: Contracts
    callbacks: CallbackGuard
    delivery: Delivery

    def resource_ordering(self) -> Door:
        """Return TMF652's door."""
        contract, addresses = self.contracts.tmf652, self.process.addresses
        orders = ResourceOrdering(
            process=self.process.orders,
            orders=_checked(self.stores.orders, contract, "ResourceOrder", _EXTENSIONS),
            addresses=addresses,
            page_limit=self.limit,
        )
        tasks = CancelTasks(
            process=self.process.cancellations,
            tasks=_checked(self.stores.cancel_tasks, contract, "CancelResourceOrder"),
            url=addresses.cancel_resource_order("").rstrip("/"),
            page_limit=self.limit,
        )
        cancellation = ResourceOrderCancellation(tasks)
        hub = self._hub(Api.RESOURCE_ORDERING, contract)
        return Door(contract, self.contracts.bodies["tmf652"], (orders, cancellation, hub))

    def service_ordering(self, reception: Reception) -> Door:
        """Return TMF641's door."""
        contract, addresses = self.contracts.tmf641, self.process.addresses
        orders = ServiceOrdering(
            process=self.process.requests,
            keeping=self.process.service_orders,
            orders=_checked(self.stores.requests.service_orders, contract, "ServiceOrder"),
            reception=reception,
            addresses=addresses,
            page_limit=self.limit,
        )
        tasks = CancelTasks(
            process=self.process.service_cancellations,
            tasks=_checked(self.stores.service_cancel_tasks, contract, "CancelServiceOrder"),
            url=addresses.cancel_service_order("").rstrip("/"),
            page_limit=self.limit,
        )
        cancellation = ServiceOrderCancellation(tasks)
        listener = ServiceOrderListener(
            process=self.process.requests,
            reception=reception,
            records=self.stores.requests.records,
            addresses=addresses,
        )
        handlers = (orders, cancellation, listener, self._hub(Api.SERVICE_ORDERING, contract))
        return Door(contract, self.contracts.bodies["tmf641"], handlers)

    def gateway(self, reception: Reception) -> Door:
        """Return the gateway's own door."""
        contract, bodies, process = self.contracts.gateway, self.contracts.bodies, self.process
        gateway = Gateway(
            process=process.requests,
            records=_checked(self.stores.requests.records, contract, "InitiatingRequest"),
            hand_overs=_checked(self.stores.hand_overs, contract, "SpecialHandling"),
            keeping=process.hand_overs,
            check_service_order=partial(bodies["tmf641"].check, operation="createServiceOrder"),
            reception=reception,
            addresses=process.addresses,
            page_limit=self.limit,
        )
        assessments = FeasibilityAssessments(
            process=process.feasibility,
            assessments=_checked(self.stores.assessments, contract, "FeasibilityAssessment"),
            check_resource_order=partial(bodies["tmf652"].check, operation="createResourceOrder"),
            addresses=process.addresses,
            clock=process.clock,
            page_limit=self.limit,
        )
        rules = ResourceOrderRules(
            rules=self.stores.rules,
            check=partial(_check_rule, process.rules),
            in_force=process.rules.in_force,
            attributes=_attributes(contract, "ResourceOrderRule"),
            addresses=process.addresses,
            page_limit=self.limit,
        )
        deliveries = EventDeliveries(
            deliveries=CheckedLister(
                self.stores.event_deliveries, _attributes(contract, "EventDelivery")
            ),
            replay=self.delivery.replay,
            addresses=process.addresses,
            page_limit=self.limit,
        )
        handlers = (gateway, rules, assessments, deliveries)
        return Door(contract, bodies["gateway"], handlers)

    def _hub(self, api: Api, contract: Document) -> Hub:
        names = contract["components"]["schemas"]
        return Hub(
            self.stores.hubs,
            self.callbacks,
            api,
            self.process.addresses,
            event_types=frozenset(name for name in names if name.endswith("Event")),
            backlogs=self.stores.event_deliveries,
            enable=self.delivery.listeners.enable,
            page_limit=self.limit,
        )


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
