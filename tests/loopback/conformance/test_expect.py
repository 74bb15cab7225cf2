from __future__ import annotations

from typing import Any

import pytest
import requests

from ordergate.conformance import expect
from ordergate.conformance.check import ViolationError
from ordergate.conformance.session import Answer

MANDATORY: dict[str, type] = {"id": str, "orderItem": list}


def answer(status: int = 200, document: Any = None, **headers: str) -> Answer:
    request = requests.Request("GET", "http://vendor.example/resourceOrder?id=1").prepare()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(request, status, named, b"", document)


def test_status_names_what_was_asked_and_what_came() -> None:
    with pytest.raises(ViolationError) as raised:
        expect.status(answer(500), 200, 206)

    assert str(raised.value) == "GET /resourceOrder?id=1 answered 500, not 200 or 206."


@pytest.mark.parametrize("status", [200, 302, 500, 503])
def test_refusal_is_a_4xx(status: int) -> None:
    with pytest.raises(ViolationError, match="not a refusal"):
        expect.refused(answer(status), "PATCH of id")


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_entity_is_one_object(document: Any) -> None:
    with pytest.raises(ViolationError, match="not with one object"):
        expect.entity(answer(document=document), 200)


@pytest.mark.parametrize("document", [None, {}, ["text"], [[]]])
def test_list_holds_objects(document: Any) -> None:
    with pytest.raises(ViolationError, match="not with an array of objects"):
        expect.entities(answer(document=document))


@pytest.mark.parametrize("value", ["-1", "many", "", "1.5"])
def test_count_is_a_whole_number(value: str) -> None:
    with pytest.raises(ViolationError, match="is no count"):
        expect.count(answer(X_Total_Count=value), "X-Total-Count")


def test_count_has_to_be_there() -> None:
    with pytest.raises(ViolationError, match="without X-Total-Count"):
        expect.count(answer(), "X-Total-Count")


@pytest.mark.parametrize(
    "order",
    [
        {"orderItem": [{}]},
        {"id": None, "orderItem": [{}]},
        {"id": "", "orderItem": [{}]},
        {"id": 7, "orderItem": [{}]},
        {"id": "1", "orderItem": []},
        {"id": "1", "orderItem": {"id": "1"}},
    ],
)
def test_mandatory_attribute_is_there_has_its_type_and_is_not_empty(order: dict[str, Any]) -> None:
    with pytest.raises(ViolationError, match=r"The order: (id|orderItem) is"):
        expect.mandatory(order, MANDATORY, "The order")


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00", "yesterday", None, 5])
def test_moment_has_an_offset(text: Any) -> None:
    with pytest.raises(ViolationError, match="no date-time"):
        expect.moment(text)


def test_moment_in_utc_is_taken() -> None:
    assert expect.moment("2026-01-01T00:00:00.5Z").year == 2026
