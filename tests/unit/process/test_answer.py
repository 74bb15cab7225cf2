from __future__ import annotations

import pytest

from desk import at_once
from fakes import FixedClock, NoFaults
from fakes_requests import InMemoryFeasibilityBook, InMemoryRequestBook
from make import ADDRESSES, MOMENT
from ordergate.errors import IdempotencyConflictError
from ordergate.model.common import timestamp
from ordergate.process.answer import AnswerFeasibility
from ordergate.process.entity import Entity, Idempotency, RecordedRequest

KEY = Idempotency("key", "body")
BODY = {"for": {"initiatingRequest": {"id": "req-1"}, "itemId": "1"}, "result": "feasible"}


class NothingWaits:
    """Goes on with nothing."""

    async def release(self, request_id: str) -> None:
        """Do nothing."""


@pytest.fixture
def book() -> InMemoryFeasibilityBook:
    return InMemoryFeasibilityBook()


@pytest.fixture
def process(book: InMemoryFeasibilityBook) -> AnswerFeasibility:
    requests = InMemoryRequestBook()
    document = {"id": "req-1", "requestedItem": [{"id": "1", "specification": {"id": "svc"}}]}
    at_once(requests.add(RecordedRequest(Entity("req-1", document))))
    return AnswerFeasibility(
        assessments=book,
        requests=requests,
        process=NothingWaits(),
        addresses=ADDRESSES,
        clock=FixedClock(),
        faults=NoFaults(),
    )


def test_assessment_is_kept_with_what_is_the_gateways(
    process: AnswerFeasibility, book: InMemoryFeasibilityBook
) -> None:
    body = {**BODY, "id": "mine", "replacedBy": {"id": "x"}, "vendor:risk": "low"}
    taken = at_once(process.take(body, "fa-1", None))
    assert at_once(book.get("fa-1")) == taken
    assert taken.document == {
        "id": "fa-1",
        "href": ADDRESSES.feasibility_assessment("fa-1"),
        "for": {
            "initiatingRequest": {"id": "req-1", "href": ADDRESSES.initiating_request("req-1")},
            "itemId": "1",
        },
        "result": "feasible",
        "assessedFor": {"specification": {"id": "svc"}},
        "recordedDate": timestamp(MOMENT),
        "vendor:risk": "low",
    }


def test_same_key_is_the_same_assessment(process: AnswerFeasibility) -> None:
    first = at_once(process.take(BODY, "fa-1", KEY))
    assert at_once(process.take(BODY, "fa-1", KEY)) == first
    with pytest.raises(IdempotencyConflictError):
        at_once(process.take(BODY, "fa-1", Idempotency("key", "another")))
