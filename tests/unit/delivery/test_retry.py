from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fakes_delivery import REFUSED
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.retry import RetryPolicy, kind_of, lengthened, read_retry_after
from ordergate.model.notification import FailureKind, Streak
from ordergate.settings import Settings

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def policy(random: float = 0.5) -> RetryPolicy:
    return RetryPolicy(schedule=(1, 5, 1800), max_age=3600, random=lambda: random)


def asking(seconds: float, status: int = 503) -> Attempt:
    return Attempt(Outcome.REFUSED, status, retry_after=seconds)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 1), (1, 5), (2, 1800), (3, 1800), (99, 1800)]
)
def test_waits_follow_the_schedule_and_the_last_repeats(attempts: int, seconds: float) -> None:
    assert policy().wait(attempts, REFUSED) == pytest.approx(seconds)


@pytest.mark.parametrize(("random", "seconds"), [(0.0, 4.0), (0.25, 4.5), (1.0, 6.0)])
def test_waits_are_spread_by_a_fifth_to_both_sides(random: float, seconds: float) -> None:
    assert policy(random).wait(1, REFUSED) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("asked", "seconds"), [(-30, 1), (0, 1), (7, 7), (3600, 3600), (1e12, 3600)]
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_between_a_second_and_an_hour(
    status: int, asked: float, seconds: float
) -> None:
    assert policy().wait(2, asking(asked, status)) == seconds


def test_retry_after_of_another_status_is_not_asked_for() -> None:
    assert policy().wait(1, asking(7, status=500)) == 5


@pytest.mark.parametrize(("age", "dead"), [(0, False), (3599, False), (3600, True), (9999, True)])
def test_event_is_dead_from_its_longest_age_on(age: float, dead: bool) -> None:  # noqa: FBT001 - a column of a table
    assert policy().is_dead(NOW - timedelta(seconds=age), NOW) is dead


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        (" 120 ", 120),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Thu, 01 Jan 2026 12:01:00 GMT", 60),
        ("Thu, 01 Jan 2026 11:59:00 GMT", -60),
        ("Thu, 01 Jan 2026 12:01:00 -0000", 60),
        ("Thu, 99 Jan 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(text: str | None, seconds: float | None) -> None:
    assert read_retry_after(text, NOW) == seconds


def test_absurdly_long_retry_after_is_clamped_too() -> None:
    asked = read_retry_after("9" * 400, NOW)
    assert asked is not None
    assert policy().wait(0, asking(asked)) == 3600


@pytest.mark.parametrize("random", [0.0, 0.5, 1.0])
def test_waits_of_the_defaults_are_the_published_ones_within_a_fifth(random: float) -> None:
    policy = RetryPolicy(
        schedule=Settings().retry_schedule, max_age=Settings().event_max_age, random=lambda: random
    )
    waits = [policy.wait(attempts, REFUSED) for attempts in range(12)]
    published = [1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 1800, 1800]
    for wait, seconds in zip(waits, published, strict=True):
        assert 0.8 * seconds <= wait <= 1.2 * seconds


PUSHBACKS = [Attempt(Outcome.TIMED_OUT, error="TimeoutError"), Attempt(Outcome.REFUSED, 429)]


@pytest.mark.parametrize("failed", PUSHBACKS)
@pytest.mark.parametrize("random", [0.0, 1.0])
def test_third_pushback_in_a_row_is_given_a_minute_at_least(failed: Attempt, random: float) -> None:
    assert policy(random).wait(0, failed, 2) <= 1.2
    assert 60 <= policy(random).wait(0, failed, 3) <= 90
    assert policy(random).wait(2, failed, 3) >= 1440


def test_pushback_that_says_how_long_is_believed() -> None:
    assert policy().wait(9, asking(7, 429), 9) == 7


@pytest.mark.parametrize(
    ("failed", "kind"),
    [
        *[(Attempt(Outcome.REFUSED, status), FailureKind.REFUSAL) for status in (400, 409, 422)],
        *[
            (Attempt(Outcome.REFUSED, status), FailureKind.FAULT)
            for status in (302, 401, 403, 404, 408, 410, 425, 500, 503)
        ],
        (Attempt(Outcome.UNREACHABLE, error="OSError"), FailureKind.FAULT),
        *[(failed, FailureKind.PUSHBACK) for failed in PUSHBACKS],
    ],
)
def test_failure_tells_of_the_event_the_load_or_the_listener(
    failed: Attempt, kind: FailureKind
) -> None:
    assert kind_of(failed) is kind


def test_streak_grows_with_failures_of_its_kind_and_starts_anew_with_another() -> None:
    first = lengthened(None, FailureKind.REFUSAL, NOW)
    second = lengthened(first, FailureKind.REFUSAL, NOW + timedelta(seconds=9))
    assert second == Streak(FailureKind.REFUSAL, 2, NOW)
    late = NOW + timedelta(seconds=10)
    assert lengthened(second, FailureKind.FAULT, late) == Streak(FailureKind.FAULT, 1, late)


@pytest.mark.parametrize(
    ("kind", "count", "success", "poison"),
    [
        (FailureKind.REFUSAL, 8, NOW, True),
        (FailureKind.REFUSAL, 9, NOW + timedelta(hours=1), True),
        (FailureKind.REFUSAL, 7, NOW, False),
        (FailureKind.FAULT, 99, NOW, False),
        (FailureKind.REFUSAL, 99, NOW - timedelta(seconds=1), False),
        (FailureKind.REFUSAL, 99, None, False),
    ],
)
def test_event_is_poison_if_it_alone_is_refused_often(
    kind: FailureKind,
    count: int,
    success: datetime | None,
    poison: bool,  # noqa: FBT001 - a column of a table
) -> None:
    assert policy().is_poison(Streak(kind, count, NOW), success) is poison


def test_nothing_is_poison_where_it_is_to_block_its_lane() -> None:
    blocking = replace(policy(), poison_blocks=True)
    assert not blocking.is_poison(Streak(FailureKind.REFUSAL, 99, NOW), NOW)
