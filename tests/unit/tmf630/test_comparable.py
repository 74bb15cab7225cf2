from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordergate.tmf630.comparable import Period, candidates, instant

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True, database=None)
LATEST = datetime.max.replace(tzinfo=UTC)


def at(*parts: int) -> datetime:
    year, month, day, *rest = parts
    hour, minute, second, microsecond = (*rest, 0, 0, 0, 0)[:4]
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("-3", -3),
        ("1.50", 1.5),
        ("2e3", 2000.0),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", float(2**63)),
        ("1e999", None),
        ("9" * 309, None),
        ("9" * 5000, None),
        ("007", None),
        ("1_000", None),
        ("nan", None),
        ("+1", None),
        (" 1", None),
        ("٣", None),
        ("", None),
    ],
    ids=lambda value: f"Q6 {value}"[:24],
)
def test_numbers_are_those_of_json(text: str, number: float | None) -> None:
    found = candidates(text).number
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize(
    ("text", "boolean"), [("true", True), ("false", False), ("True", None), ("1", None)]
)
def test_booleans_are_those_of_json(text: str, boolean: object) -> None:
    assert candidates(text).boolean is boolean


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        pytest.param("2024-05-01", at(2024, 5, 1), at(2024, 5, 2), id="Q7 day"),
        pytest.param("2024-02", at(2024, 2, 1), at(2024, 3, 1), id="Q7 month"),
        pytest.param("2024-12", at(2024, 12, 1), at(2025, 1, 1), id="Q7 December"),
        pytest.param(
            "2024-05-01T10:00:00Z",
            at(2024, 5, 1, 10),
            at(2024, 5, 1, 10, 0, 0, 1000),
            id="Q7 instant",
        ),
        pytest.param(
            "2024-05-01T10:00:00.1234567Z",
            at(2024, 5, 1, 10, 0, 0, 123_000),
            at(2024, 5, 1, 10, 0, 0, 124_000),
            id="Q7 fraction",
        ),
        pytest.param("9999-12-31", at(9999, 12, 31), LATEST, id="Q7 last day"),
        pytest.param("9999-12", at(9999, 12, 1), LATEST, id="Q7 last month"),
        pytest.param("9999-11", at(9999, 11, 1), at(9999, 12, 1), id="Q7 last but one"),
        pytest.param(
            "9999-12-31T23:59:59.999999Z",
            at(9999, 12, 31, 23, 59, 59, 999_000),
            LATEST,
            id="Q7 last instant",
        ),
    ],
)
def test_a_date_is_a_period(text: str, start: datetime, end: datetime) -> None:
    assert candidates(text).period == Period(start, end)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T10:00:00Z",
        "2024-05-01t10:00:00z",
        "2024-05-01T10:00Z",
        "2024-05-01T10:00:00",
        "2024-05-01T10:00:00.000Z",
        "2024-05-01T12:00:00+02:00",
        "2024-05-01T12:00:00+0200",
        "2024-05-01T12:00:00 02:00",
        "2024-05-01T05:00:00-05:00",
    ],
    ids=lambda text: f"Q7 {text}",
)
def test_spellings_of_one_instant_are_equal(text: str) -> None:
    assert instant(text) == at(2024, 5, 1, 10)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "20240501",
        "2024-W18-3",
        "2024-13",
        "2024-02-30",
        "2024-05-01T",
        "2024-05-01T25:00:00Z",
        "2024-05-01 10:00:00Z",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:00:00-10:00",
        "0000-01-01",
        "٢٠٢٤-05-01",
    ],
)
def test_what_is_no_date_stays_text(text: str) -> None:
    assert candidates(text).period is None


@PROPERTY
@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9999, 1, 1)))  # noqa: DTZ001 - Hypothesis wants the bound naive
def test_an_instant_lies_in_its_own_period(moment: datetime) -> None:
    period = candidates(moment.isoformat()).period
    assert period is not None
    assert period.start <= moment < period.end


@PROPERTY
@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert candidates(text).text == text
