from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fakes_delivery import REFUSED
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.retry import RetryPolicy, read_retry_after

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
