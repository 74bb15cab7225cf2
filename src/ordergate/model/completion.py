"""Complete a document: what the standard wants in every answer and a client may leave out."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from ordergate.model.common import timestamp

if TYPE_CHECKING:
    from ordergate.model.common import Document


def completed(document: Document, moment: datetime) -> Document:
    """Return an order whose notes and parties have their ids, and whose dates are in UTC with `Z`.

    Standards §2.7 and W16. In one form dates compare as text, so a filter can be served by an
    index. An attribute without a value (null or an empty text for a date) is left out.
    """
    complete: Document = {name: value for name, value in document.items() if value is not None}
    for name in [name for name in complete if name.endswith("Date")]:
        if complete[name] == "":
            del complete[name]
        else:
            complete[name] = _utc(complete[name])
    if "note" in complete:
        taken = {note.get("id") for note in complete["note"]}
        free = (number for number in map(str, count(1)) if number not in taken)
        complete["note"] = [
            {**note, "id": note.get("id") or next(free), "date": _utc(note.get("date"), moment)}
            for note in complete["note"]
        ]
    if "relatedParty" in complete:
        complete["relatedParty"] = [_party(party) for party in complete["relatedParty"]]
    return complete


def in_utc(text: str | None) -> str | None:
    """Return a date-time in the one form in which two of them compare; None for none."""
    return str(_utc(text)) if text else None


def _party(party: Document) -> Document:
    kind = party.get("@referredType") or party.get("@type") or "RelatedParty"
    named = {"id": party.get("id") or party.get("href", ""), "@referredType": kind}
    return {**party, **named, "@type": party.get("@type", "RelatedParty")}


def _utc(text: object, otherwise: datetime | None = None) -> object:
    """Return a date-time in UTC with milliseconds; what isn't one stays as it is."""
    if not text and otherwise is not None:
        return timestamp(otherwise)
    if not isinstance(text, str):
        return text
    try:
        moment = datetime.fromisoformat(text)
        return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return text
