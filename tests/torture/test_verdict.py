"""The judge of the torture can find everything guilty that it is there for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from torture.evidence import Accepted, Attempt, Changed, Event, Evidence, Hub, Kept
from torture.faults import Stop
from torture.listener import REFUSED, TAKEN, UNCLEAR
from torture.verdict import judge

if TYPE_CHECKING:
    from torture.verdict import Verdict

HUB = Hub("orders", "TMF652")
CREATED = Event("o-1", 1, "e-1", "ResourceOrderCreateEvent", "TMF652", "b-1", "acknowledged", "x")
BEGUN = replace(
    CREATED, sequence=2, id="e-2", type="ResourceOrderStateChangeEvent", body="b-2", state="done"
)
ORDER = Kept("o-1", "resourceOrder", 2, key="k-1", state="done", description="x")


def attempt(event: Event, line: int, answer: str = TAKEN, **changes: Any) -> Attempt:
    told = Attempt(
        hub=HUB.name,
        entity=event.entity,
        sequence=event.sequence,
        event=event.id,
        raw=f"raw {event.body}",
        body=event.body,
        line=line,
        answered=line + 1,
        answer=answer,
    )
    return replace(told, **changes)


GOOD = Evidence(
    accepted=(Accepted("k-1", "plain", "o-1"),),
    changed=(Changed("o-1", "state", "done"), Changed("o-1", "description", "x")),
    kept=(ORDER,),
    events=(CREATED, BEGUN),
    hubs=(HUB,),
    attempts=(attempt(CREATED, 0), attempt(BEGUN, 3)),
)
REQUEST = Kept("r-1", "initiatingRequest", 0, planned=("o-1",))


def broken(verdict: Verdict) -> set[str]:
    """Return which promises were not kept."""
    return {name for name, found in verdict.findings.items() if found}


def tried(*attempts: Attempt) -> Evidence:
    return replace(GOOD, attempts=attempts)


def test_good_run_holds() -> None:
    verdict = judge(GOOD, is_calm=True)
    assert verdict.holds
    assert verdict.figures["deliveries expected"] == 2


@pytest.mark.parametrize(
    ("promise", "evidence"),
    [
        ("orders lost", replace(GOOD, accepted=(Accepted("k-2", "plain", "o-2"),))),
        ("orders lost", replace(GOOD, accepted=(Accepted("k-2", "plain", "o-1"),))),
        ("orders twice", replace(GOOD, kept=(ORDER, replace(ORDER, id="o-2")))),
        (
            "orders twice",
            replace(GOOD, accepted=(*GOOD.accepted, Accepted("k-1", "plain", "o-2"))),
        ),
        ("orders refused", replace(GOOD, refused=("k-9: 500",))),
        ("orders refused", replace(GOOD, left=1)),
        ("orders unfinished", replace(GOOD, kept=(replace(ORDER, is_unfinished=True),))),
        ("orders unfinished", replace(GOOD, kept=(ORDER, replace(REQUEST, planned=("o-2",))))),
        ("orders unfinished", replace(GOOD, issued_after=31.0)),
        (
            "orders unfinished",
            replace(
                GOOD,
                accepted=tuple(Accepted(f"k-{n}", "vpn", f"r-{n}") for n in (1, 2, 3)),
                kept=(replace(ORDER, request="r-1"), replace(ORDER, id="o-2", request="r-2")),
            ),
        ),
        ("changes lost", replace(GOOD, changed=(Changed("o-1", "state", "cancelled"),))),
        ("changes lost", replace(GOOD, tasks=("t-1",))),
        (
            "changes lost",
            replace(
                GOOD,
                changed=(Changed("o-1", "description", "x"),),
                kept=(replace(ORDER, description="y"),),
            ),
        ),
        ("events never made", replace(GOOD, kept=(replace(ORDER, sequence=3),))),
        ("events never made", replace(GOOD, kept=(replace(ORDER, owed=1),))),
        ("events never made", replace(GOOD, kept=(replace(ORDER, state="failed"),))),
        ("events never made", replace(GOOD, events=(BEGUN,))),
        ("events missing", tried(attempt(CREATED, 0))),
        ("events missing", tried(attempt(CREATED, 0), attempt(BEGUN, 3, REFUSED))),
        ("order violations", tried(attempt(BEGUN, 0), attempt(CREATED, 3))),
        (
            "order violations",
            tried(attempt(CREATED, 0, REFUSED), attempt(BEGUN, 3), attempt(CREATED, 6)),
        ),
        ("order violations", tried(attempt(CREATED, 0, answered=5), attempt(BEGUN, 3))),
        ("duplicates beyond the limit", tried(*GOOD.attempts, attempt(BEGUN, 6))),
        ("events altered", tried(*GOOD.attempts, replace(attempt(BEGUN, 6, REFUSED), raw="other"))),
        ("events altered", tried(attempt(CREATED, 0), replace(attempt(BEGUN, 3), event="e-3"))),
        ("events altered", tried(attempt(CREATED, 0), replace(attempt(BEGUN, 3), body="b-3"))),
        ("events altered", replace(GOOD, events=(CREATED, replace(BEGUN, id="e-1")))),
        ("events dead", replace(GOOD, dead_letters=("orders:o-1.0000000002: refused",))),
        ("redirects followed", replace(GOOD, followed=("orders /elsewhere",))),
        ("processes that ended by themselves", replace(GOOD, died=("gateway1",))),
    ],
)
def test_what_breaks_a_promise_is_found(promise: str, evidence: Evidence) -> None:
    assert promise in broken(judge(evidence))


def test_hub_with_a_query_is_owed_only_what_it_asks_for() -> None:
    hub = replace(HUB, event_type="ResourceOrderStateChangeEvent")
    assert judge(replace(GOOD, hubs=(hub,), attempts=(attempt(BEGUN, 0),))).holds
    told_all = judge(replace(GOOD, hubs=(hub,)))
    assert broken(told_all) == {"events altered"}


def test_what_is_sent_again_after_a_failure_is_no_duplicate() -> None:
    verdict = judge(tried(attempt(CREATED, 0, REFUSED), attempt(CREATED, 3), attempt(BEGUN, 6)))
    assert verdict.holds
    assert verdict.figures["duplicates"] == 0


def test_duplicate_after_a_spoiled_answer_is_the_listeners_own() -> None:
    for spoiled in (attempt(CREATED, 0, UNCLEAR), attempt(CREATED, 0, seconds=1.5)):
        verdict = judge(tried(spoiled, attempt(CREATED, 3), attempt(BEGUN, 6)), is_calm=True)
        assert verdict.holds
        assert verdict.figures["duplicates after a reply that the listener spoiled"] == 1


@pytest.mark.parametrize(("length", "blamed"), [(7.0, 0), (5.0, 1)])
def test_duplicate_after_a_stop_is_the_gateways_unless_it_outlasted_the_lease(
    length: float, blamed: int
) -> None:
    again = tried(attempt(CREATED, 0, at=99.0), attempt(BEGUN, 3), attempt(CREATED, 6, at=108.0))
    stops = (Stop("dispatcher1", 100.0, 100.0 + length),)
    verdict = judge(replace(again, stops=stops))
    assert verdict.figures["duplicates"] == blamed
    assert verdict.figures["sent again after a later one"] == 1
    assert "order violations" not in broken(verdict)


def test_few_duplicates_are_allowed_but_none_in_peace() -> None:
    events = tuple(replace(CREATED, entity=f"o-{n}", id=f"e-{n}") for n in range(200))
    kept = tuple(
        replace(ORDER, id=f"o-{n}", key=f"k-{n}", sequence=1, state="acknowledged")
        for n in range(200)
    )
    attempts = (*(attempt(one, 3 * n) for n, one in enumerate(events)), attempt(events[0], 900))
    evidence = Evidence(kept=kept, events=events, hubs=(HUB,), attempts=attempts)
    assert judge(evidence).holds
    assert broken(judge(evidence, is_calm=True)) == {"duplicates beyond the limit"}
    two = replace(evidence, attempts=(*attempts, attempt(events[1], 903)))
    assert broken(judge(two)) == {"duplicates beyond the limit"}
