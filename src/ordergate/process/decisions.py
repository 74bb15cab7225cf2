"""Decisions: gather what a decision rests on, over the ports, and decide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ordergate.process.decide import decide
from ordergate.process.feasibility import references
from ordergate.process.knowledge import Knowledge
from ordergate.process.look_back import look_back
from ordergate.process.size import refuse_too_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordergate.model.addresses import Addresses
    from ordergate.model.feasibility import FeasibilityAssessment
    from ordergate.process.decision import Decision
    from ordergate.process.issue import Documents
    from ordergate.process.ports import FeasibilityBook, OrderBook, RuleBook
    from ordergate.process.request import InitiatingRequest, RequestedItem


class Decisions:
    """What requests take, by the rules of now and by what was issued and found out before."""

    def __init__(
        self,
        *,
        rules: RuleBook,
        orders: OrderBook,
        assessments: FeasibilityBook,
        documents: Documents,
        addresses: Addresses,
    ) -> None:
        self._rules = rules
        self._orders = orders
        self._assessments = assessments
        self._documents = documents
        self._addresses = addresses

    async def of(self, request: InitiatingRequest) -> Decision:
        """Return what the request takes.

        Raises:
            TooLargeError: it asks for more items than a request may.
        """
        refuse_too_many(request)
        known = await self.known(request)
        decision = decide(request, known, self._addresses, request.received_date)
        wanting = [one.item for one in decision.assessment if not one.is_provisioned]
        if decision.stops or not wanting:
            return decision
        remembered = await self.remembered(request, wanting)
        if not remembered:
            return decision
        known = replace(known, feasibility=remembered)
        return decide(request, known, self._addresses, request.received_date)

    async def remembered(
        self, request: InitiatingRequest, items: Sequence[RequestedItem]
    ) -> list[FeasibilityAssessment]:
        """Return the assessments that may concern these items, the newest first."""
        found = await self._assessments.known_for(
            ids={name for item in items for name in references(request, item)},
            requests=[request.id],
            specifications={one.specification.id for one in items if one.specification},
        )
        return [self._documents.feasibility_assessment(one) for one in found]

    async def known(self, request: InitiatingRequest) -> Knowledge:
        """Return what the decision of the request rests on, but for feasibility assessments."""
        before = await look_back(request, self._orders)
        return Knowledge(
            rules=self._rules.current(),
            previous=before.previous,
            waiting=before.waiting,
            awaited=before.awaited,
        )
