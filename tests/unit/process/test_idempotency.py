from __future__ import annotations

from typing import Any

import pytest

from desk import at_once
from fakes_requests import InMemoryRequestBook
from ordergate.errors import IdempotencyConflictError, InvalidDocumentError
from ordergate.process.entity import Idempotency
from ordergate.process.idempotency import (
    check_key,
    claim_key,
    identify,
    identify_event,
    requester_of,
)

DOOR = "/door"
ROLES = ("Requester", "Customer")


def order(external_id: str | None = "e-1", **party: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"relatedParty": [{"role": "requester", "id": "p-1", **party}]}
    return document if external_id is None else {**document, "externalId": external_id}


def id_of(
    document: dict[str, Any], key: str | None = None, *, door: str = DOOR, body: str = "body"
) -> str | None:
    found = identify(door, document, body, key, ROLES)
    return None if found is None else found[0]


class TestIdentify:
    def test_nothing_makes_a_request_repeatable_by_itself(self) -> None:
        assert identify(DOOR, order(), "body", None, ()) is None
        assert id_of(order(None)) is None
        assert id_of(order("")) is None
        assert id_of({"externalId": "e-1"}) is None

    def test_key_gives_the_id_at_its_door(self) -> None:
        first = identify(DOOR, {}, "body", "key", ())
        assert first == identify(DOOR, {"a": 1}, "body", "key", ())
        assert first is not None
        assert first[1] == Idempotency("key", "body", "Idempotency-Key")
        assert first[0] != id_of({}, "key", door="/other")
        assert first[0] != id_of({}, "other")

    def test_external_id_of_the_requester_gives_the_id_whatever_the_key(self) -> None:
        assert id_of(order()) == id_of(order(), "key") == id_of(order(), "other")
        assert id_of(order()) not in {
            id_of(order("e-2")),
            id_of(order(id="p-2")),
            id_of(order(), door="/other"),
            id_of({}, "e-1"),
        }

    def test_external_id_and_requester_do_not_run_into_each_other(self) -> None:
        assert id_of(order("c", id="a\nb")) != id_of(order("b\nc", id="a"))

    def test_key_beside_an_external_id_is_claimed(self) -> None:
        found = identify(DOOR, order(), "body", "key", ROLES)
        assert found is not None
        assert found[1] == Idempotency("e-1", "body", "externalId", id_of({}, "key"))


class TestRequester:
    @pytest.mark.parametrize(
        ("parties", "requester"),
        [
            ([], None),
            ([{"id": "a"}], None),
            ([{"id": "a", "role": "installer"}], None),
            ([{"id": "a", "role": "CUSTOMER"}], "a"),
            ([{"id": "a", "role": "Customer"}, {"id": "b", "role": "Requester"}], "b"),
            ([{"id": "a", "role": "Customer"}, {"id": "b", "role": "Customer"}], "a"),
            ([{"href": "http://party/a", "role": "Customer"}], "http://party/a"),
            ([{"id": "", "role": "Requester"}, {"id": "b", "role": "Customer"}], "b"),
        ],
    )
    def test_party_of_the_first_role_asks(
        self, parties: list[dict[str, str]], requester: str | None
    ) -> None:
        assert requester_of({"relatedParty": parties}, ROLES) == requester


class TestIdentifyEvent:
    def event_id_of(self, notification: dict[str, Any], **order: Any) -> str:
        return identify_event(DOOR, notification, order, "body")[0]

    def test_event_id_alone_counts(self) -> None:
        first = self.event_id_of({"eventId": "ev-1"}, id="42")
        assert first == self.event_id_of({"eventId": "ev-1", "eventTime": "later"}, id="43")
        assert first != self.event_id_of({"eventId": "ev-2"}, id="42")

    def test_order_stands_for_an_event_without_id(self) -> None:
        first = self.event_id_of({"eventId": ""}, id="42", href="http://crm/42")
        assert first == self.event_id_of({}, id="42", href="http://crm/42")
        assert first not in {
            self.event_id_of({}, id="42"),
            self.event_id_of({}, id="42", href="http://other/42"),
            self.event_id_of({"eventId": "42"}),
        }

    @pytest.mark.parametrize("order", [{}, {"id": "", "href": ""}])
    def test_event_that_could_not_be_known_again_is_refused(self, order: dict[str, str]) -> None:
        with pytest.raises(InvalidDocumentError) as caught:
            self.event_id_of({}, **order)
        assert caught.value.path == "eventId"


class TestCheck:
    @pytest.mark.parametrize("named", ["Idempotency-Key", "externalId", "eventId"])
    def test_another_body_is_a_conflict_that_names_what_was_used_again(self, named: str) -> None:
        mine = Idempotency("k", "body", named)
        check_key(mine, Idempotency("k", "body"))
        with pytest.raises(IdempotencyConflictError, match=named) as caught:
            check_key(mine, Idempotency("k", "other"))
        assert caught.value.path == named

    def test_claimed_key_keeps_to_one_body(self) -> None:
        book = InMemoryRequestBook()
        at_once(claim_key(Idempotency("e-1", "body", "externalId", "key"), book))
        at_once(claim_key(Idempotency("e-1", "body", "externalId", "key"), book))
        at_once(claim_key(Idempotency("e-2", "other", "externalId"), book))
        with pytest.raises(IdempotencyConflictError) as caught:
            at_once(claim_key(Idempotency("e-2", "other", "externalId", "key"), book))
        assert caught.value.path == "Idempotency-Key"

    def test_key_that_gives_the_id_itself_needs_no_claim(self) -> None:
        book = InMemoryRequestBook()
        book.is_away = True
        at_once(claim_key(None, book))
        at_once(claim_key(Idempotency("key", "body"), book))
