"""How long a document is as JSON."""

from __future__ import annotations

from typing import Any

import orjson


def json_length(value: Any) -> int:
    """Return the bytes that a JSON value takes."""
    return len(orjson.dumps(value))
