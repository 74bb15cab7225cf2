"""How the text of a filter compares with the values stored in a document.

TMF630 part 1, §4.4 leaves types open: `1` may ask for the number 1 or the text "1". The type of
the stored value decides, so a filter's text is read once as everything it can mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ordergate.errors import InvalidQueryError

if TYPE_CHECKING:
    from collections.abc import Iterable

# JSON's own grammar, so that `007`, `1_000` and `nan` stay text.
_NUMBER = re.compile(
    r"-?(0|[1-9]\d{0,308})(?P<broken>\.\d+)?(?P<power>[eE][+-]?\d{1,4})?", re.ASCII
)
_INT64 = 2**63
_MONTH = re.compile(r"\d{4}-\d\d", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# The blank is a `+` that the client did not encode.
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[ +-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)
_SHOWN = 200  # characters of theirs that an error repeats
_MILLISECOND = timedelta(milliseconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """The time from `start` up to, but not including, `end`; both aware, in UTC.

    A day or a month is as long as it is; an instant is the millisecond that holds it. Both ends
    lie on whole milliseconds, so a store that cuts instants to milliseconds (as BSON dates do)
    gives the same answers as one that doesn't.
    """

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Everything that one text can mean; None where it can't be read that way.

    A stored string is compared by `period` if it is a date itself (see `instant`), otherwise
    by `text`, case-sensitively and by code point. A stored number is compared by `number` alone
    and a stored boolean by `boolean` alone. Nothing else compares with a text.
    """

    text: str
    number: int | float | None
    boolean: bool | None
    period: Period | None


def candidates(text: str) -> Alternatives:
    """Read the text of a filter in every way it can be meant."""
    return Alternatives(
        text=text,
        number=_number(text),
        boolean={"true": True, "false": False}.get(text),
        period=_period(text),
    )


def is_number(text: str) -> bool:
    """Tell whether the text is a JSON number, be it beyond what a store can hold."""
    return _NUMBER.fullmatch(text) is not None


def instant(text: str) -> datetime | None:
    """Read a date-time, or a full date as its midnight, in UTC; None if it is neither.

    An offset may be written `+00:00` or `+0000`, and a missing one means UTC. Fractions beyond
    microseconds are cut off.
    """
    if not (_MOMENT.fullmatch(text) or _DAY.fullmatch(text)):
        return None
    try:
        moment = datetime.fromisoformat(text.upper().replace(" ", "+"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def check_dates(path: str, values: Iterable[str]) -> None:
    """Refuse to compare a date with what is none.

    Raises:
        InvalidQueryError: a value is no date-time, day or month.
    """
    for value in values:
        if candidates(value).period is None:
            raise InvalidQueryError(
                f"{value[:_SHOWN]!r} is no date-time, day or month, "
                "such as 2024-05-01T10:00:00Z, 2024-05-01 or 2024-05",
                path=path,
            )


def _number(text: str) -> int | float | None:
    """Read a JSON number; integers beyond 64 bits become floats, as no store holds them."""
    shape = _NUMBER.fullmatch(text)
    if shape is None:
        return None
    if shape["broken"] is None and shape["power"] is None and -_INT64 <= int(text) < _INT64:
        return int(text)
    number = float(text)
    return number if abs(number) != float("inf") else None


def _period(text: str) -> Period | None:
    """Read an instant, a day or a month."""
    month = _MONTH.fullmatch(text) is not None
    start = instant(f"{text}-01" if month else text)
    if start is None:
        return None
    if month:
        following = _later(start, timedelta(days=31))  # some day of the next month
        return Period(start, following if following is _LATEST else following.replace(day=1))
    if _DAY.fullmatch(text):
        return Period(start, _later(start, timedelta(days=1)))
    start = start.replace(microsecond=start.microsecond // 1000 * 1000)
    return Period(start, _later(start, _MILLISECOND))


def _later(start: datetime, length: timedelta) -> datetime:
    """Add without running out of the calendar: year 9999 is a common way to say 'ever'."""
    return start + length if _LATEST - start >= length else _LATEST
