"""The hubs of both TMF doors over HTTP (TMF630 part 1, §10); H are the standards' statements."""

from __future__ import annotations

import uuid

import pytest

from api.client import TMF641, TMF652, Client

DOORS = [TMF652, TMF641]


@pytest.fixture(params=DOORS, ids=["tmf652", "tmf641"])
def door(request: pytest.FixtureRequest, api: Client) -> Client:
    return Client(api.url, request.param)


@pytest.fixture(autouse=True)
def _closed(door: Client) -> object:
    yield
    door.close()


def callback() -> str:
    return f"http://127.0.0.1:9/{uuid.uuid4().hex}"


class TestRegisterListener:
    @pytest.mark.parametrize("query", [None, "eventType=ResourceOrderStateChangeEvent", ""])
    def test_listener_gets_an_address(self, door: Client, query: str | None) -> None:
        body = {"callback": callback()} | ({} if query is None else {"query": query})
        answer = door.post("/hub", body, expect=201)  # H1
        assert answer.document == {"id": answer["id"], **body}
        assert answer.headers["Location"] == f"{door.url}{door.door}/hub/{answer['id']}"

    def test_same_callback_and_query_is_a_duplicate(self, door: Client) -> None:
        body = {"callback": callback(), "query": "eventType=A"}
        door.post("/hub", body, expect=201)  # H3
        assert door.post("/hub", body, expect=409)["code"] == "duplicate"
        door.post("/hub", {**body, "query": "eventType=B"}, expect=201)
        door.post("/hub", {"callback": body["callback"]}, expect=201)

    def test_same_key_is_the_same_listener(self, door: Client) -> None:
        key, body = uuid.uuid4().hex, {"callback": callback()}
        first = door.post("/hub", body, expect=201, key=key)
        again = door.post("/hub", body, expect=201, key=key)
        assert again.document == first.document
        error = door.post("/hub", {"callback": callback()}, expect=422, key=key)
        assert error["code"] == "idempotencyConflict"

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "listener",
            "/listener",
            "ftp://127.0.0.1/x",
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
            "http://127.0.0.1/\u0000",
        ],
    )
    def test_callback_that_can_not_be_called_is_refused(self, door: Client, address: str) -> None:
        error = door.post("/hub", {"callback": address}, expect=400)  # H2
        assert error["code"] == "invalidDocument"

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

    def test_callback_is_needed(self, door: Client) -> None:
        door.post("/hub", {"query": "eventType=A"}, expect=400)


class TestUnregisterListener:
    def test_listener_is_gone(self, door: Client) -> None:
        body = {"callback": callback()}
        hub_id = door.post("/hub", body, expect=201)["id"]
        door.delete(f"/hub/{hub_id}")  # H4
        door.delete(f"/hub/{hub_id}", expect=404)
        door.post("/hub", body, expect=201)

    def test_other_door_does_not_know_it(self, door: Client) -> None:
        (other,) = (Client(door.url, path) for path in DOORS if path != door.door)
        hub_id = door.post("/hub", {"callback": callback()}, expect=201)["id"]
        other.delete(f"/hub/{hub_id}", expect=404)
        other.close()

    def test_registered_listeners_are_not_shown(self, door: Client) -> None:
        assert door.get("/hub", expect=405).headers["Allow"] == "POST"  # H9
        assert door.get("/hub/1", expect=405).headers["Allow"] == "DELETE"
