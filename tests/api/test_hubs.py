"""The hubs of both TMF doors over HTTP (TMF630 part 1, §10); H are the standards' statements."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from api.client import TMF641, TMF652, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

DOORS = [TMF652, TMF641]


@pytest.fixture(params=DOORS, ids=["tmf652", "tmf641"])
def door(request: pytest.FixtureRequest, api: Client) -> Client:
    return Client(api.url, request.param)


@pytest.fixture(autouse=True)
def _closed(door: Client) -> object:
    yield
    door.close()


@pytest.fixture
def other(door: Client) -> Iterator[Client]:
    (path,) = (path for path in DOORS if path != door.door)
    client = door.at(path)
    yield client
    client.close()


HEALTHY = {"status": "active", "consecutiveFailures": 0, "backlog": 0, "deadLetters": 0}


def callback() -> str:
    return f"http://127.0.0.1:9009/{uuid.uuid4().hex}"


class TestRegisterListener:
    @pytest.mark.parametrize("query", [None, "event.resourceOrder.state=completed", ""])
    def test_listener_gets_an_address(self, door: Client, query: str | None) -> None:
        body = {"callback": callback()} | ({} if query is None else {"query": query})
        answer = door.post("/hub", body, expect=201)  # H1
        assert answer.document == {"id": answer["id"], **body}
        assert answer.headers["Location"] == f"{door.url}{door.door}/hub/{answer['id']}"

    def test_same_callback_and_query_is_a_duplicate(self, door: Client) -> None:
        body = {"callback": callback(), "query": "state=A"}
        door.post("/hub", body, expect=201)  # H3
        assert door.post("/hub", body, expect=409)["code"] == "duplicate"
        door.post("/hub", {**body, "query": "state=B"}, expect=201)
        door.post("/hub", {"callback": body["callback"]}, expect=201)

    def test_same_key_is_the_same_listener(self, door: Client) -> None:
        key, body = uuid.uuid4().hex, {"callback": callback()}
        first = door.post("/hub", body, expect=201, key=key)
        again = door.post("/hub", body, expect=201, key=key)
        assert again.document == first.document
        error = door.post("/hub", {"callback": callback()}, expect=422, key=key)
        assert error["code"] == "idempotencyConflict"

    @pytest.mark.parametrize(
        "address", ["", "listener", "/listener", "ftp://127.0.0.1/x", "http://127.0.0.1/\u0000"]
    )
    def test_callback_that_is_no_url_of_http_is_refused(self, door: Client, address: str) -> None:
        error = door.post("/hub", {"callback": address}, expect=400)  # H2
        assert error["code"] == "invalidDocument"

    @pytest.mark.parametrize(
        "address",
        [
            "http://",
            "http:///x",
            "http://[::1",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:0/",
            "http://user:word@127.0.0.1/",
            "http://127.0.0.1/#part",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/\r\nX-Evil: 1",
            "http://127.0.0.1\t/",
        ],
    )
    def test_callback_that_can_not_be_called_is_refused(self, door: Client, address: str) -> None:
        error = door.post("/hub", {"callback": address}, expect=400)  # H2
        assert error["code"] == "destinationNotAllowed"
        assert error["reason"].startswith("destination not allowed: ")

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("eventType", 400),
            ("limit=1", 400),
            ("$where=1", 400),
            ("eventType.regex=(a", 400),
            ("event.gt=%ff", 400),
            ("filter=$..x", 501),
        ],
    )
    def test_query_that_can_not_be_read_is_refused(
        self, door: Client, query: str, status: int
    ) -> None:
        door.post("/hub", {"callback": callback(), "query": query}, expect=status)  # H6

    @pytest.mark.parametrize(
        ("query", "message", "reason"),
        [
            ("eventType", "query: eventType", "eventType has no value"),
            ("limit=1", "query", "events have no pages"),
            ("eventType=OrderCreateEvent", "query: eventType", "'OrderCreateEvent' is no event of"),
            ("eventType.ne=State", "query: eventType", "'State' is no event of this API"),
            ("eventType =x", "query: eventType ", "no blank at its ends"),
            ("state.regex=(?=a)", "query: state", "is no regular expression as RE2 reads them"),
            ("state.regex=" + "a" * 201, "query: state", "has at most 200 characters"),
            ("orderDate.gt=soon", "query: orderDate", "'soon'"),
            ("&".join(f"a{n}=1" for n in range(51)), "query: filters", "at most 50 are taken"),
            ("state=" + ",".join(map(str, range(101))), "query: state", "at most 100 are taken"),
            ("a.b.c.d.e.f.g.h.i.j.k=1", "query: a.b.c.d.e.f.g.h.i.j.k", "at most 10 parts"),
        ],
    )
    def test_refusal_of_a_query_says_where_it_is_wrong(
        self, door: Client, query: str, message: str, reason: str
    ) -> None:
        error = door.post("/hub", {"callback": callback(), "query": query}, expect=400)
        assert (error["code"], error["message"]) == ("invalidQuery", message)
        assert reason in error["reason"]

    def test_events_of_its_own_door_may_be_asked_for_and_no_others(self, door: Client) -> None:
        kinds = {TMF652: "ResourceOrder", TMF641: "ServiceOrder"}
        own = kinds.pop(door.door)
        (other,) = kinds.values()
        for kind in (own, f"Cancel{own}"):
            query = f"eventType={kind}CreateEvent,{kind}StateChangeEvent"
            door.post("/hub", {"callback": callback(), "query": query}, expect=201)
        query = f"eventType={own}CreateEvent,{other}CreateEvent"
        error = door.post("/hub", {"callback": callback(), "query": query}, expect=400)
        assert error["reason"].startswith(f"'{other}CreateEvent' is no event of this API; there")
        assert f" {own}CreateEvent, " in error["reason"]

    @pytest.mark.parametrize(
        "body",
        [
            {"callback": "http://127.0.0.1:9009/" + "x" * 2048},
            {"query": "state=" + "x" * 8192},
            {"deadline": 0.9},
            {"deadline": 30.1},
            {"deadline": "5"},
            {"deadline": None},
            {"maxInFlight": 0},
            {"maxInFlight": 9},
            {"maxInFlight": 1.5},
        ],
    )
    def test_what_is_beyond_its_limits_is_refused(
        self, door: Client, body: dict[str, object]
    ) -> None:
        error = door.post("/hub", {"callback": callback(), **body}, expect=400)
        assert error["code"] == "invalidDocument"
        assert error["message"] == next(iter(body))
        assert len(error["reason"]) < 500

    def test_limits_of_a_listener_are_kept_and_shown(self, door: Client) -> None:
        body = {"callback": callback(), "deadline": 2.5, "maxInFlight": 1}
        made = door.post("/hub", body, expect=201)
        assert made.document == {"id": made["id"], **body}
        assert door.get(f"/hub/{made['id']}").document == {**made.document, **HEALTHY}

    def test_callback_is_needed(self, door: Client) -> None:
        door.post("/hub", {"query": "state=A"}, expect=400)


class TestUnregisterListener:
    def test_listener_is_gone(self, door: Client) -> None:
        body = {"callback": callback()}
        hub_id = door.post("/hub", body, expect=201)["id"]
        door.delete(f"/hub/{hub_id}")  # H4
        door.delete(f"/hub/{hub_id}", expect=404)
        door.post("/hub", body, expect=201)

    def test_other_door_does_not_know_it(self, door: Client, other: Client) -> None:
        hub_id = door.post("/hub", {"callback": callback()}, expect=201)["id"]
        other.delete(f"/hub/{hub_id}", expect=404)


class TestListHub:
    def test_listeners_are_shown_as_they_were_registered(self, door: Client) -> None:
        address = callback()
        made = [
            door.post("/hub", body, expect=201).document
            for body in ({"callback": address, "query": "state=A"}, {"callback": address})
        ]
        answer = door.get(f"/hub?callback={address}")  # H9
        assert answer.document == [{**one, **HEALTHY} for one in made]
        assert answer.headers["X-Total-Count"] == answer.headers["X-Result-Count"] == "2"
        assert "Link" not in answer.headers

    def test_list_without_a_query_has_every_listener_of_the_door(self, door: Client) -> None:
        made = door.post("/hub", {"callback": callback()}, expect=201).document
        answer = door.get("/hub?offset=0")
        assert answer.headers["X-Total-Count"] == str(len(answer.document))
        assert answer.document[-1] == {**made, **HEALTHY}

    @pytest.mark.parametrize(
        ("asked", "callbacks"),
        [
            ("callback={0}/a", ["a"]),
            ("callback={0}/a,{0}/b", ["a", "b"]),
            ("callback.regex={0}/[bc]$", ["b", "c"]),
            ("callback.regex={0}&query=state%3DB", ["b"]),
            ("callback={0}", []),
        ],
    )
    def test_list_is_filtered(self, door: Client, asked: str, callbacks: list[str]) -> None:
        address = callback()
        for name in "abc":
            body = {"callback": f"{address}/{name}", "query": f"state={name.upper()}"}
            door.post("/hub", body, expect=201)
        found = door.get(f"/hub?{asked.format(address)}").document
        assert [one["callback"] for one in found] == [f"{address}/{name}" for name in callbacks]

    def test_list_is_paged_and_says_how_many_there_are(self, door: Client) -> None:
        address = callback()
        for name in "abc":
            door.post("/hub", {"callback": f"{address}/{name}"}, expect=201)
        part = door.get(f"/hub?callback.regex={address}&offset=1&limit=1", expect=206)
        assert [one["callback"] for one in part.document] == [f"{address}/b"]
        assert part.headers["X-Total-Count"] == "3"
        assert part.headers["X-Result-Count"] == "1"
        pages = f"<{door.url}{door.door}/hub?callback.regex={address}&"
        assert f'{pages}offset=2&limit=1>; rel="next"' in part.headers["Link"]
        assert door.get(f"/hub?callback.regex={address}&limit=0", expect=206).document == []

    def test_fields_are_selected(self, door: Client) -> None:
        made = door.post("/hub", {"callback": callback(), "query": "state=A"}, expect=201)
        shown = [{"id": made["id"], "query": "state=A"}]
        assert door.get(f"/hub?id={made['id']}&fields=query").document == shown

    def test_other_door_does_not_list_it(self, door: Client, other: Client) -> None:
        address = callback()
        door.post("/hub", {"callback": address}, expect=201)
        assert other.get(f"/hub?callback={address}").document == []

    def test_sort_is_not_offered(self, door: Client) -> None:
        assert door.get("/hub?sort=callback", expect=501)["code"] == "unsupportedQuery"


class TestRetrieveHub:
    @pytest.mark.parametrize("query", [None, "state=A", ""])
    def test_listener_is_read_at_its_address(self, door: Client, query: str | None) -> None:
        body = {"callback": callback()} | ({} if query is None else {"query": query})
        made = door.post("/hub", body, expect=201)
        path = made.headers["Location"].removeprefix(f"{door.url}{door.door}")
        assert door.get(path).document == {**made.document, **HEALTHY}
        assert door.get(f"{path}?fields=none").document == {"id": made["id"]}

    def test_unknown_listener_is_not_found(self, door: Client) -> None:
        assert door.get("/hub/nobody", expect=404)["code"] == "notFound"

    def test_listener_that_is_gone_is_not_found(self, door: Client) -> None:
        hub_id = door.post("/hub", {"callback": callback()}, expect=201)["id"]
        door.delete(f"/hub/{hub_id}")
        door.get(f"/hub/{hub_id}", expect=404)

    def test_other_door_does_not_show_it(self, door: Client, other: Client) -> None:
        hub_id = door.post("/hub", {"callback": callback()}, expect=201)["id"]
        other.get(f"/hub/{hub_id}", expect=404)
