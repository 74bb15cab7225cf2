"""Decide: from a request to all that it takes, or to what stops it.

eTOM 1.5.6.7 as one pure function: assess, remember what was found out before, determine, see that
the set is correct and complete, and hand over what no standard set fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ordergate.errors import InvalidDocumentError
from ordergate.model.common import Action
from ordergate.model.feasibility import FeasibilityResult
from ordergate.model.order import Reason
from ordergate.process.assess import assess, rule_failed
from ordergate.process.assessment import Outcome, by_id
from ordergate.process.change import change, explained
from ordergate.process.decision import Decision
from ordergate.process.determine import determine
from ordergate.process.draft import MOST_ITEMS
from ordergate.process.evaluation import Effort
from ordergate.process.feasibility import look_up
from ordergate.process.link import Elsewhere, linked
from ordergate.process.match import AmbiguousResourceError
from ordergate.process.predetermined import predetermined
from ordergate.process.previous import NOTHING
from ordergate.process.rules import ExpressionError
from ordergate.process.size import refuse_too_entangled
from ordergate.process.special_handling import special_handling
from ordergate.process.supersede import supersede
from ordergate.process.verify import entangled, verify
from ordergate.process.waiting import waits_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ordergate.model.addresses import Addresses
    from ordergate.model.order import ItemReference
    from ordergate.process.assessment import Assessment
    from ordergate.process.draft import Draft
    from ordergate.process.knowledge import Knowledge
    from ordergate.process.predetermined import Predetermined
    from ordergate.process.previous import Previous
    from ordergate.process.request import InitiatingRequest
    from ordergate.process.special_handling import HandOver
    from ordergate.process.supersede import Supersession


def decide(
    request: InitiatingRequest,
    known: Knowledge,
    addresses: Addresses,
    moment: datetime,
    only: Collection[str] | None = None,
) -> Decision:
    """Return what the request takes: all its orders, or none where an item stops it.

    Args:
        only: ids of the items to decide, where others were decided in an earlier round.

    Raises:
        TooLargeError: its order items wait for one another in more ways than can be kept.
    """
    case = _Case(request, known, addresses, moment, Effort())
    withdrawn, kept = supersede(request, known.previous, known.waiting), frozenset[str]()
    if withdrawn.order:
        # For what is so already, or will be, nothing new is ordered, so nothing is withdrawn.
        as_it_is = case.decided(supersede(request, known.previous, (), withdrawn.ids), only)
        kept = withdrawn.hasty(as_it_is.moved)
        withdrawn = supersede(request, known.previous, known.waiting, kept)
    while True:
        # What is withdrawn decides what is assessed, and only then is known what can be withdrawn.
        decision = case.decided(withdrawn, only)
        hasty = frozenset() if decision.stops else withdrawn.hasty(decision.provisioned)
        if not hasty:
            return decision
        kept |= hasty
        withdrawn = supersede(request, known.previous, known.waiting, kept)


@dataclass(frozen=True, slots=True)
class _Case:
    """A request that nothing stops, and what its decision rests on."""

    request: InitiatingRequest
    known: Knowledge
    addresses: Addresses
    moment: datetime
    effort: Effort

    def decided(self, withdrawn: Supersession, only: Collection[str] | None) -> Decision:
        """Return what the request takes once these orders are withdrawn."""
        rules, previous = self.known.rules, withdrawn.previous
        awaited, effort = self.known.awaited, self.effort
        found = assess(self.request, rules, self.moment, previous, awaited, effort=effort)
        assessments = tuple(one for one in found if only is None or one.item.id in only)
        decision = Decision(self.request, assessments)
        if not assessments or decision.stops:
            return decision
        return self.settled(assessments, withdrawn)

    def settled(self, assessments: Sequence[Assessment], withdrawn: Supersession) -> Decision:
        """Return the decision; what turns out not to be correct and complete is handed over."""
        remembered = [self._remembered(one) for one in assessments]
        current, drafts = self._drafted(remembered, withdrawn.previous)
        while True:
            foreseen = [one for each in current for one in self._predetermined(each)]
            deferred = _deferred(self.request, current, self.known)
            elsewhere = self._elsewhere(foreseen, withdrawn.previous)
            linked_drafts = self._linked(current, drafts, deferred, elsewhere)
            findings = dict(entangled(self.request, current, linked_drafts))
            if not findings:
                refuse_too_entangled(sum(len(one.depends_on) for one in linked_drafts))
                orders = determine(self.request, linked_drafts, self.addresses, self.moment)
                issued = [one for one in current if one.item.id not in deferred]
                findings = dict(verify(self.request, issued, orders))
            if not findings:
                break
            current = [
                self._remembered(one.as_special(findings[one.item.id]))
                if one.item.id in findings
                else one
                for one in current
            ]
        return Decision(
            self.request,
            tuple(_explained(one, deferred, self.known) for one in current),
            orders,
            tuple(foreseen),
            tuple(self._hand_overs(current)),
            deferred,
            withdrawn.ids,
        )

    def _remembered(self, one: Assessment) -> Assessment:
        """Return the assessment with what was found out about its feasibility before."""
        if one.outcome is not Outcome.SPECIAL and not one.is_survey_first:
            return one
        found = look_up(self.request, one.item, self.known.feasibility, self.moment)
        remembered = replace(one, feasibility=found.found, looked_up=found.looked_up)
        try:
            tuple(self._predetermined(remembered))
        except InvalidDocumentError as error:
            said = f"What {found.looked_up[-1].id} holds can't be issued: {error}"
            reason = Reason("incompleteDetermination", said, one.item.path)
            return replace(remembered, feasibility=None).as_special(reason)
        return remembered

    def _predetermined(self, one: Assessment) -> Iterator[Predetermined]:
        """Yield the orders that the item's feasibility assessment holds (C6)."""
        if one.is_feasible and one.feasibility is not None:
            yield from predetermined(
                self.request, one.item, one.feasibility, self.addresses, self.moment
            )

    def _drafted(
        self, assessments: Iterable[Assessment], there: Mapping[str, Previous]
    ) -> tuple[list[Assessment], dict[str, tuple[Draft, ...]]]:
        """Draft the standard sets; where a rule fails, or makes too many, hand over instead."""
        drafts: dict[str, tuple[Draft, ...]] = {}
        settled = []
        room = MOST_ITEMS
        for one in assessments:
            if not _takes_its_set(one) or one.takes_nothing:
                settled.append(one)
                continue
            previous = there.get(one.item.id, NOTHING)
            try:
                made = change(self.request, one, previous, room, effort=self.effort)
            except ExpressionError as error:
                failed = one.as_special(rule_failed(one.item, error))
                settled.append(self._remembered(failed))
                continue
            except AmbiguousResourceError as error:
                reason = Reason("ambiguousResource", str(error), one.item.path)
                settled.append(self._remembered(one.as_special(reason)))
                continue
            drafts[one.item.id] = made
            room -= len(made)
            settled.append(explained(one, made, previous))
        return settled, drafts

    def _linked(
        self,
        current: Iterable[Assessment],
        drafts: Mapping[str, tuple[Draft, ...]],
        deferred: Collection[str],
        elsewhere: Elsewhere,
    ) -> tuple[Draft, ...]:
        standing = {
            one.item.id: drafts.get(one.item.id, ())
            for one in current
            if _takes_its_set(one) and one.item.id not in deferred
        }
        return linked(standing, self.request.item, elsewhere)

    def _elsewhere(
        self, foreseen: Iterable[Predetermined], there: Mapping[str, Previous]
    ) -> Elsewhere:
        exits: dict[str, Sequence[ItemReference]] = {**self.known.issued}
        for one in foreseen:
            exits[one.item_id] = (*exits.get(one.item_id, ()), *one.exits)
        return Elsewhere(exits=exits, previous=there, awaited=self.known.awaited)

    def _hand_overs(self, current: Iterable[Assessment]) -> Iterator[HandOver]:
        """Yield the hand-overs of what is special, and whose feasibility nobody knows (C5)."""
        for one in current:
            if one.outcome is Outcome.SPECIAL and one.feasibility is None:
                yield special_handling(self.request, one, self.addresses, self.moment)


def _takes_its_set(one: Assessment) -> bool:
    """Return whether the item takes what its rule gives.

    A special one does if it was found feasible as it is: nothing else was determined for it.
    """
    if one.feasibility is not None:
        return one.is_feasible and not one.feasibility.resource_order
    return one.outcome is Outcome.STANDARD


def _deferred(
    request: InitiatingRequest, current: Sequence[Assessment], known: Knowledge
) -> frozenset[str]:
    """Return what waits for an item that isn't provisioned yet, and what waits for that.

    Special items never hold back what doesn't depend on them.
    """
    assessed = by_id(current)
    waiting: dict[str, list[str]] = {}
    waits = waits_of(request.item)
    for one in current:
        for target in waits[one.item.id]:
            waiting.setdefault(target, []).append(one.item.id)
    stopped = [one.item.id for one in current if not one.is_provisioned]
    stopped += [one for one in waiting if one not in assessed and one not in known.issued]
    deferred: set[str] = set()
    while stopped:
        for item_id in waiting.pop(stopped.pop(), ()):
            stopped.append(item_id)
            one = assessed[item_id]
            if one.item.action is not Action.NO_CHANGE and one.is_provisioned:
                deferred.add(item_id)
    return frozenset(deferred)


def _explained(one: Assessment, deferred: Collection[str], known: Knowledge) -> Assessment:
    """Return the assessment with the reason why nothing is issued for it now."""
    if one.item.id in deferred:
        targets = [target for target in one.item.relies_on if target not in known.issued]
        said = f"It waits for {', '.join(targets)}: not provisioned yet."
        reason = Reason("waitsForUnissued", said, one.item.path)
        return replace(one, reason=(*one.reason, reason))
    if one.feasibility is not None and one.feasibility.result is FeasibilityResult.INFEASIBLE:
        notes = [note["text"] for note in one.feasibility.note if note.get("text")]
        said = f"It can't be delivered: {'; '.join(notes) or 'so it was assessed'}."
        return replace(one, reason=(*one.reason, Reason("infeasible", said, one.item.path)))
    return one
