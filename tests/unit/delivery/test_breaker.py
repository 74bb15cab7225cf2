from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakes_delivery import DELIVERED, REFUSED
from ordergate.delivery.breaker import Breaker, enabled
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.model.hub_health import HubHealth, HubStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BREAKER = Breaker()
TIMED_OUT = Attempt(Outcome.TIMED_OUT, error="TimeoutError")
NOT_THIS_ONE = Attempt(Outcome.REFUSED, 422)
GONE = Attempt(Outcome.REFUSED, 410)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def after(attempts: Sequence[Attempt], health: HubHealth | None = None) -> HubHealth:
    return BREAKER.after(health or HubHealth(), attempts, NOW)


FAILING = after([REFUSED] * 10)


def recovering(lanes: int) -> HubHealth:
    successes = lanes.bit_length()
    health = after([DELIVERED] * successes, FAILING)
    assert (health.status, health.lanes) == (HubStatus.RECOVERING, lanes)
    return health


class TestOpening:
    def test_ten_failures_in_a_row_open_it(self) -> None:
        assert after([REFUSED] * 9).status is HubStatus.ACTIVE
        assert FAILING.status is HubStatus.FAILING
        assert FAILING.since == FAILING.failing_since == NOW
        assert FAILING.reason == "10 failures in a row, last refused: 500"
        assert BREAKER.lanes_of(FAILING) == 0

    def test_success_in_between_starts_the_count_anew(self) -> None:
        health = after([*[REFUSED] * 6, *[DELIVERED] * 7, *[REFUSED] * 9])
        assert (health.status, health.consecutive_failures) == (HubStatus.ACTIVE, 9)

    @pytest.mark.parametrize(
        ("delivered", "refused", "status"),
        [
            (3, 7, HubStatus.FAILING),
            (4, 7, HubStatus.ACTIVE),
            (1, 8, HubStatus.ACTIVE),  # too few to tell
        ],
    )
    def test_large_share_of_failures_opens_it(
        self, delivered: int, refused: int, status: HubStatus
    ) -> None:
        assert after([*[DELIVERED] * delivered, *[REFUSED] * refused]).status is status

    def test_share_is_that_of_the_last_minute(self) -> None:
        early = after([DELIVERED, *[REFUSED] * 5])
        assert BREAKER.after(early, [DELIVERED] * 2 + [REFUSED] * 5, later(30)).status is (
            HubStatus.FAILING
        )
        assert BREAKER.after(early, [DELIVERED] * 2 + [REFUSED] * 5, later(61)).status is (
            HubStatus.ACTIVE
        )

    def test_what_is_remembered_of_the_last_minute_stays_small(self) -> None:
        health = HubHealth()
        for second in range(600):
            health = BREAKER.after(health, [DELIVERED, REFUSED], later(second / 2))
        assert len(health.recent) <= 7
        assert sum(tally.attempts for tally in health.recent) <= 2 * 2 * 61


class TestProbing:
    def test_one_probe_is_due_after_the_interval(self) -> None:
        assert BREAKER.probed(FAILING, later(29)) == FAILING
        taken = BREAKER.probed(FAILING, later(30))
        assert taken != FAILING
        assert BREAKER.probed(taken, later(59)) == taken
        assert BREAKER.probed(taken, later(60)) != taken

    @pytest.mark.parametrize("health", [HubHealth(), recovering(1), after([GONE])])
    def test_only_a_failing_listener_is_probed(self, health: HubHealth) -> None:
        assert BREAKER.probed(health, later(9999)) == health

    def test_failed_probe_leaves_it_failing(self) -> None:
        health = BREAKER.after(BREAKER.probed(FAILING, later(30)), [TIMED_OUT], later(35))
        assert health.status is HubStatus.FAILING
        assert health.probe_at == later(60)
        assert health.consecutive_failures == 11

    @pytest.mark.parametrize(("asked", "seconds"), [(7, 30), (600, 600), (1e9, 3600)])
    def test_listener_that_asks_for_more_time_gets_it(self, asked: float, seconds: float) -> None:
        busy = Attempt(Outcome.REFUSED, 503, retry_after=asked)
        assert after([*[REFUSED] * 9, busy]).probe_at == later(seconds)
        assert after([busy], FAILING).probe_at == later(seconds)


class TestClosing:
    def test_lanes_double_with_each_success_until_it_is_active(self) -> None:
        assert [BREAKER.lanes_of(recovering(lanes)) for lanes in (1, 2, 4)] == [1, 2, 4]
        closed = after([DELIVERED], recovering(4))
        assert (closed.status, BREAKER.lanes_of(closed)) == (HubStatus.ACTIVE, 8)
        assert (closed.reason, closed.failing_since, closed.recent) == (None, None, ())

    @pytest.mark.parametrize("lanes", [1, 2, 4])
    @pytest.mark.parametrize("attempt", [REFUSED, TIMED_OUT])
    def test_failure_opens_it_again(self, lanes: int, attempt: Attempt) -> None:
        health = after([attempt], recovering(lanes))
        assert (health.status, health.probe_at) == (HubStatus.FAILING, later(30))

    def test_refusal_of_one_event_does_not_open_it_again_but_ten_do(self) -> None:
        health = after([NOT_THIS_ONE] * 9, recovering(2))
        assert (health.status, health.lanes) == (HubStatus.RECOVERING, 2)
        assert after([NOT_THIS_ONE], health).status is HubStatus.FAILING


class TestDisabling:
    @pytest.mark.parametrize("health", [HubHealth(), FAILING, recovering(2)])
    def test_gone_disables_it_at_once(self, health: HubHealth) -> None:
        disabled = after([GONE], health)
        assert (disabled.status, disabled.reason) == (HubStatus.DISABLED, "it answered 410 Gone")
        assert BREAKER.lanes_of(disabled) == 0

    def test_five_days_of_only_failures_disable_it(self) -> None:
        days = 86_400 * 5
        assert BREAKER.after(FAILING, [REFUSED], later(days - 1)).status is HubStatus.FAILING
        disabled = BREAKER.after(FAILING, [REFUSED], later(days))
        assert disabled.status is HubStatus.DISABLED
        assert disabled.reason == "5 days of only failures, last refused: 500"

    def test_few_failures_far_apart_do_not(self) -> None:
        health = after([REFUSED])
        assert BREAKER.after(health, [REFUSED], later(86_400 * 9)).status is HubStatus.ACTIVE

    def test_late_end_of_an_attempt_does_not_enable_it(self) -> None:
        health = after([DELIVERED, REFUSED], after([GONE]))
        assert health.status is HubStatus.DISABLED

    @pytest.mark.parametrize("health", [FAILING, recovering(2), after([GONE])])
    def test_enabled_listener_has_nothing_held_against_it(self, health: HubHealth) -> None:
        fresh = enabled(health, later(9))
        assert (fresh.status, fresh.since) == (HubStatus.ACTIVE, later(9))
        assert (fresh.reason, fresh.consecutive_failures, fresh.recent) == (None, 0, ())
        assert BREAKER.after(fresh, [REFUSED] * 9, later(10)).status is HubStatus.ACTIVE

    def test_enabling_an_active_one_changes_nothing(self) -> None:
        health = after([DELIVERED, REFUSED])
        assert enabled(health, later(9)) == health


def test_attempts_are_counted_by_outcome() -> None:
    assert after([DELIVERED, REFUSED, TIMED_OUT, REFUSED]).attempts == {
        "delivered": 1,
        "refused": 2,
        "timedOut": 1,
    }


@given(st.lists(st.sampled_from([DELIVERED, REFUSED, TIMED_OUT, NOT_THIS_ONE]), max_size=40))
def test_attempts_told_of_together_count_as_told_of_one_by_one(attempts: list[Attempt]) -> None:
    one_by_one = HubHealth()
    for attempt in attempts:
        one_by_one = after([attempt], one_by_one)
    assert after(attempts) == one_by_one


class BreakerMachine(RuleBasedStateMachine):
    """A listener that is up or down, sent to only as the breaker allows."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.health = HubHealth()
        self.is_up = True
        self.probes: list[datetime] = []
        self.changed_at = NOW

    @rule(seconds=st.integers(1, 45))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(is_up=st.booleans())
    def listener_changes(self, is_up: bool) -> None:  # noqa: FBT001 - drawn, and not called by hand
        if is_up is not self.is_up:
            self.is_up, self.changed_at, self.probes = is_up, self.now, []

    @precondition(lambda self: BREAKER.lanes_of(self.health) > 0)
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, BREAKER.lanes_of(self.health)))
        self._end([DELIVERED if self.is_up else REFUSED] * count)

    @rule()
    def probe(self) -> None:
        taken = BREAKER.probed(self.health, self.now)
        if taken != self.health:
            self.health = taken
            self.probes.append(self.now)
            self._end([DELIVERED if self.is_up else TIMED_OUT])

    def _end(self, attempts: list[Attempt]) -> None:
        self.health = BREAKER.after(self.health, attempts, self.now)

    @invariant()
    def probes_keep_their_distance(self) -> None:
        if not self.is_up:
            gaps = [b - a for a, b in zip(self.probes, self.probes[1:], strict=False)]
            assert all(gap >= timedelta(seconds=30) for gap in gaps)

    @invariant()
    def failing_listener_gets_nothing_but_a_probe_that_is_due_soon(self) -> None:
        assert 0 <= BREAKER.lanes_of(self.health) <= 8
        if self.health.status is HubStatus.FAILING:
            assert BREAKER.lanes_of(self.health) == 0
            assert self.health.probe_at is not None
            assert self.health.probe_at - self.now <= timedelta(seconds=30)

    @invariant()
    def reason_is_told_exactly_while_it_is_not_sent_to(self) -> None:
        stopped = self.health.status in {HubStatus.FAILING, HubStatus.DISABLED}
        assert stopped is (self.health.reason is not None)
        assert (self.health.failing_since is None) is (self.health.consecutive_failures == 0)


TestBreakerMachine = BreakerMachine.TestCase
