from __future__ import annotations

from typing import Any

import pytest

from make import MOMENT
from ordergate.model.common import timestamp
from ordergate.model.completion import completed

NOW = timestamp(MOMENT)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00.000Z"),
        ("2026-05-01T10:00:00.5+02:00", "2026-05-01T08:00:00.500Z"),
        ("2026-05-01T10:00:00", "2026-05-01T10:00:00.000Z"),
        ("soon", "soon"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        (20260501, 20260501),
        ({"from": "2026"}, {"from": "2026"}),
    ],
)
def test_dates_are_in_utc_and_what_is_no_date_stays(written: Any, kept: Any) -> None:
    assert completed({"requestedStartDate": written}, MOMENT) == {"requestedStartDate": kept}


def test_what_has_no_value_is_left_out() -> None:
    kept: dict[str, Any] = {"description": "", "priority": 0, "x": []}
    document = {"category": None, "startDate": "", **kept}
    assert completed(document, MOMENT) == kept


def test_notes_get_free_numbers_and_the_present_date() -> None:
    notes = [
        {"text": "a"},
        {"text": "b", "id": "1", "date": "2026-05-01T10:00:00Z"},
        {"text": "c", "id": "", "date": None},
    ]
    assert completed({"note": notes}, MOMENT)["note"] == [
        {"text": "a", "id": "2", "date": NOW},
        {"text": "b", "id": "1", "date": "2026-05-01T10:00:00.000Z"},
        {"text": "c", "id": "3", "date": NOW},
    ]


@pytest.mark.parametrize(
    ("party", "kind"),
    [
        ({"id": "p"}, ("RelatedParty", "RelatedParty")),
        ({"id": "p", "@type": "Individual"}, ("Individual", "Individual")),
        ({"id": "p", "@referredType": "Organization"}, ("Organization", "RelatedParty")),
    ],
)
def test_parties_say_what_they_are(party: dict[str, str], kind: tuple[str, str]) -> None:
    (found,) = completed({"relatedParty": [party]}, MOMENT)["relatedParty"]
    assert (found["@referredType"], found["@type"]) == kind


def test_party_known_by_address_has_it_for_an_id() -> None:
    (found,) = completed({"relatedParty": [{"href": "urn:p"}]}, MOMENT)["relatedParty"]
    assert found["id"] == "urn:p"


def test_completing_again_changes_nothing_and_the_original_stays() -> None:
    document: dict[str, Any] = {
        "note": [{"text": "a"}],
        "relatedParty": [{"id": "p"}],
        "orderDate": NOW,
    }
    once = completed(document, MOMENT)
    assert completed(once, MOMENT) == once
    assert document["note"] == [{"text": "a"}]
