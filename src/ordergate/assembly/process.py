"""The process over its adapters: every part gets what it needs, once, by constructor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordergate.assembly.surroundings import DieAt, SystemClock
from ordergate.catalog.rule_book import CompiledRuleBook
from ordergate.model.addresses import Addresses
from ordergate.model.notification import DeliveryState
from ordergate.process.answer import AnswerFeasibility
from ordergate.process.decisions import Decisions
from ordergate.process.hand_overs import KeepHandOvers
from ordergate.process.pipeline import IssueResourceOrders
from ordergate.process.plans import CarryOutPlans
from ordergate.process.resource_orders import CancelResourceOrders, KeepResourceOrders
from ordergate.process.roll_ups import RollUpResourceOrders
from ordergate.process.service_cancellations import CancelServiceOrders
from ordergate.process.service_orders import KeepServiceOrders
from ordergate.process.settling import SettlePlans
from ordergate.process.size import SizeLimit
from ordergate.schemas.json_length import json_length
from ordergate.schemas.record import StandardDocuments

if TYPE_CHECKING:
    from ordergate.assembly.contracts import Contracts
    from ordergate.assembly.stores import Stores
    from ordergate.observability.metrics import Metrics
    from ordergate.process.ports import Relay
    from ordergate.settings import Settings


@dataclass(frozen=True, slots=True)
class Process:
    """The process over its ports, and what the doors share of it."""

    requests: IssueResourceOrders
    plans: CarryOutPlans
    settling: SettlePlans
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


def wire_process(
    settings: Settings,
    stores: Stores,
    relay: Relay,
    *,
    contracts: Contracts,
    metrics: Metrics,
) -> Process:
    """Return the process over its adapters."""
    addresses = Addresses(settings.base_url(), settings.resource_inventory_url)
    ground = _Ground(
        stores,
        relay,
        addresses,
        SystemClock(),
        DieAt(settings.fault_point),
        SizeLimit(json_length),
    )
    handed_on = settings.track_and_manage_url is not None
    delivery = DeliveryState.PENDING if handed_on else DeliveryState.NOT_CONFIGURED
    documents = StandardDocuments(delivery)
    rules = CompiledRuleBook(stores.rules, interval=settings.catalog_interval)
    roll_ups = RollUpResourceOrders(
        requests=stores.requests,
        orders=stores.orders,
        clock=ground.clock,
        relay=relay,
        faults=ground.faults,
    )
    cancellations = ground.cancellations(roll_ups)
    settling = SettlePlans(stores.requests)
    plans = ground.plans(cancellations, roll_ups, settling)
    requests = ground.issuing(rules, documents, plans, metrics)
    service_cancellations = ground.service_cancellations(cancellations)
    return Process(
        requests=requests,
        plans=plans,
        settling=settling,
        orders=ground.resource_orders(cancellations, roll_ups, service_cancellations, contracts),
        cancellations=cancellations,
        service_orders=ground.service_orders(requests, plans, contracts),
        service_cancellations=service_cancellations,
        roll_ups=roll_ups,
        hand_overs=ground.hand_overs(contracts),
        feasibility=ground.feasibility(requests),
        rules=rules,
        documents=documents,
        addresses=addresses,
        clock=ground.clock,
    )


@dataclass(frozen=True, slots=True)
class _Ground:
    """What nearly every part of the process stands on."""

    stores: Stores
    relay: Relay
    addresses: Addresses
    clock: SystemClock
    faults: DieAt
    limit: SizeLimit

    @property
    def _shared(self) -> dict[str, Any]:
        return {"addresses": self.addresses, "clock": self.clock, "relay": self.relay}

    def cancellations(self, roll_ups: RollUpResourceOrders) -> CancelResourceOrders:
        return CancelResourceOrders(
            tasks=self.stores.cancel_tasks,
            orders=self.stores.orders,
            faults=self.faults,
            follow=roll_ups.follow,
            **self._shared,
        )

    def plans(
        self,
        cancellations: CancelResourceOrders,
        roll_ups: RollUpResourceOrders,
        settling: SettlePlans,
    ) -> CarryOutPlans:
        return CarryOutPlans(
            requests=self.stores.requests,
            orders=self.stores.orders,
            hand_overs=self.stores.hand_overs,
            superseding=cancellations,
            follow=roll_ups.follow,
            settle=settling.settle,
            clock=self.clock,
            relay=self.relay,
            faults=self.faults,
        )

    def issuing(
        self,
        rules: CompiledRuleBook,
        documents: StandardDocuments,
        plans: CarryOutPlans,
        metrics: Metrics,
    ) -> IssueResourceOrders:
        decisions = Decisions(
            rules=rules,
            orders=self.stores.orders,
            assessments=self.stores.assessments,
            documents=documents,
            addresses=self.addresses,
        )
        return IssueResourceOrders(
            decisions=decisions,
            requests=self.stores.requests,
            orders=self.stores.orders,
            documents=documents,
            limit=self.limit,
            addresses=self.addresses,
            clock=self.clock,
            plans=plans,
            faults=self.faults,
            meter=metrics,
            turns=self.stores.turns,
        )

    def service_cancellations(self, cancellations: CancelResourceOrders) -> CancelServiceOrders:
        return CancelServiceOrders(
            tasks=self.stores.service_cancel_tasks,
            requests=self.stores.requests,
            orders=self.stores.orders,
            resource_tasks=self.stores.cancel_tasks,
            hand_overs=self.stores.hand_overs,
            cancellations=cancellations,
            faults=self.faults,
            **self._shared,
        )

    def resource_orders(
        self,
        cancellations: CancelResourceOrders,
        roll_ups: RollUpResourceOrders,
        service_cancellations: CancelServiceOrders,
        contracts: Contracts,
    ) -> KeepResourceOrders:
        return KeepResourceOrders(
            orders=self.stores.orders,
            cancellations=cancellations,
            limit=self.limit,
            check=contracts.bodies["tmf652"].check_of("createResourceOrder", "patchResourceOrder"),
            followers=(roll_ups.follow, service_cancellations.follow),
            **self._shared,
        )

    def service_orders(
        self, requests: IssueResourceOrders, plans: CarryOutPlans, contracts: Contracts
    ) -> KeepServiceOrders:
        return KeepServiceOrders(
            requests=self.stores.requests,
            clock=self.clock,
            relay=self.relay,
            process=requests,
            plans=plans,
            limit=self.limit,
            check=contracts.bodies["tmf641"].check_of("createServiceOrder", "patchServiceOrder"),
        )

    def hand_overs(self, contracts: Contracts) -> KeepHandOvers:
        return KeepHandOvers(
            hand_overs=self.stores.hand_overs,
            clock=self.clock,
            check=contracts.bodies["gateway"].check_of("patchSpecialHandling"),
        )

    def feasibility(self, requests: IssueResourceOrders) -> AnswerFeasibility:
        return AnswerFeasibility(
            assessments=self.stores.assessments,
            requests=self.stores.requests,
            process=requests,
            addresses=self.addresses,
            clock=self.clock,
            faults=self.faults,
        )
