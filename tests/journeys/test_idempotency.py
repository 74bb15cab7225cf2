"""The same new service order from 16 clients at once, at a gateway of two processes.

`ROUNDS=100` is the acceptance run.
"""

from __future__ import annotations

import os
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import requests
from pymongo import MongoClient

from make import service_order
from running import TMF641, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

    from running import Gateway

CLIENTS = 16
ROUNDS = int(os.environ.get("ROUNDS", "10"))
DOMAINS = ["access", "core"]


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """A database of its own on the run's MongoDB."""
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        name = f"at_once_{uuid.uuid4().hex}"
        yield client[name]
        client.drop_database(name)


class Crowd:
    """Clients that send the same at the same moment, round by round, each on its connection."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}{TMF641}/serviceOrder"
        self._ready = threading.Barrier(CLIENTS)
        self._sessions = [requests.Session() for _ in range(CLIENTS)]

    def send(self, body: dict[str, Any], headers: list[dict[str, str]]) -> list[requests.Response]:
        """Return every answer; each client has headers of its own."""
        answers: list[requests.Response] = []

        def post(session: requests.Session, own: dict[str, str]) -> None:
            self._ready.wait(30)
            answers.append(session.post(self._url, json=body, headers=own, timeout=30))

        clients = [
            threading.Thread(target=post, args=one)
            for one in zip(self._sessions, headers, strict=True)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return answers

    def close(self) -> None:
        """Close the connections."""
        for session in self._sessions:
            session.close()


def same_key() -> list[dict[str, str]]:
    return [{"Idempotency-Key": uuid.uuid4().hex}] * CLIENTS


def no_key() -> list[dict[str, str]]:
    return [{}] * CLIENTS


def key_of_each() -> list[dict[str, str]]:
    return [{"Idempotency-Key": uuid.uuid4().hex} for _ in range(CLIENTS)]


@pytest.mark.parametrize(
    ("external_id_is_key", "headers"),
    [("no", [same_key]), ("yes", [no_key, key_of_each])],
    ids=["same key", "same externalId"],
)
def test_one_set_of_orders_one_record_one_event_and_equal_answers(
    gateway: Gateway,
    database: Database[dict[str, Any]],
    mongodb_uri: str,
    external_id_is_key: str,
    headers: list[Callable[[], list[dict[str, str]]]],
) -> None:
    gateway.start(
        *("--workers", "2", "--no-deliver"),  # what is owed then stays where it can be counted
        ORDERGATE_MONGODB_URI=mongodb_uri,
        ORDERGATE_DATABASE=database.name,
        ORDERGATE_EXTERNAL_ID_IS_KEY=external_id_is_key,
    )
    gateway.put_rules()
    crowd = Crowd(gateway.url)
    for number in range(ROUNDS):
        order = service_order(externalId=uuid.uuid4().hex)
        answers = crowd.send(order, headers[number % len(headers)]())
        assert {answer.status_code for answer in answers} == {201}, [one.text for one in answers]
        assert (
            len({(one.text, one.headers["ETag"], one.headers["Location"]) for one in answers}) == 1
        )
        issued = gateway.orders_of(answers[0].json()["id"])  # all of them are there already
        assert sorted(one["domain"] for one in issued) == DOMAINS
    crowd.close()

    records = list(database["initiatingRequest"].find())
    assert len(records) == ROUNDS
    assert [told(record) for record in records] == [["ServiceOrderCreateEvent"]] * ROUNDS
    eventually(
        lambda: not database["initiatingRequest"].count_documents({"plan": {"$exists": True}})
    )
    orders = list(database["resourceOrder"].find())
    assert len(orders) == ROUNDS * len(DOMAINS)
    assert [told(one) for one in orders] == [["ResourceOrderCreateEvent"]] * len(orders)


def told(kept: dict[str, Any]) -> list[str]:
    """Return the types of the events that an entity owes."""
    return [owed["event"]["eventType"] for owed in kept["outbox"]]
