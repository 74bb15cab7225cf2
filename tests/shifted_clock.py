"""`ordergate` under a wall clock that is wrong: `python -P shifted_clock.py SECONDS serve`.

Monotonic time goes on as it is, as it does when somebody sets a machine's clock.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from datetime import datetime
from typing import Any

_SHIFT = dt.timedelta(seconds=float(sys.argv.pop(1)))
_time = time.time


class _AnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


class _Shifted(datetime, metaclass=_AnyDatetime):
    """Makes moments of the usual class; only its present one is another."""

    def __new__(cls, *args: Any, **named: Any) -> Any:
        return datetime(*args, **named)  # noqa: DTZ001 - the caller says which zone

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return datetime.now(tz) + _SHIFT

    @classmethod
    def utcnow(cls) -> Any:
        raise NotImplementedError  # nobody here asks for a moment without a zone


if __name__ == "__main__":
    dt.datetime = _Shifted  # type: ignore[misc]
    time.time = lambda: _time() + _SHIFT.total_seconds()

    from ordergate.cli import main

    main()
