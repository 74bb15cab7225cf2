"""What a client takes for an answer (`Accept`, RFC 9110, §12.5.1)."""

from __future__ import annotations

import re

_RANGES = ("*/*", "application/*", "application/json")  # from the widest to the most exact
_REFUSED = re.compile(r"q\s*=\s*0(\.0*)?", re.ASCII)


def takes_json(accept: str) -> bool:
    """Return whether JSON may be the answer: the most exact range that names it decides.

    Of the parameters only `q` counts; JSON has no other.
    """
    if not accept.strip():
        return True
    found: dict[str, bool] = {}
    for one in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in one.split(";"))
        name = "*/*" if media_range == "*" else media_range  # as old Java clients write it
        found[name] = found.get(name, False) or not any(map(_REFUSED.fullmatch, parameters))
    named = [found[name] for name in _RANGES if name in found]
    return bool(named) and named[-1]
