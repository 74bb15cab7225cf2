"""What a hub's query selects and cuts, from POST to the listener, at both doors (TMF630, §10)."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from api.client import TMF641, TMF652, Client
from api.conftest import put_example_rules
from api.serving import listening, prepare, served
from delivery.listeners import listening as hearing
from make import example
from ordergate.assembly.running import build
from running import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordergate.settings import Settings

ENVELOPE = {"eventId", "eventTime", "eventType", "correlationId", "domain", "title", "description"}
CREATE, STATE = "ResourceOrderCreateEvent", "ResourceOrderStateChangeEvent"
QUERIES = {
    TMF652: {
        "all": None,
        "created": f"eventType={CREATE}",
        "either": f"eventType={CREATE},{STATE}",
        "not created": f"eventType.ne={CREATE}",
        "state": "event.resourceOrder.state=inProgress",
        "short": "state=inProgress",
        "both": f"eventType={CREATE}&resourceOrder.domain.regex=^(core|access)$",
        "none": f"eventType={CREATE}&state=completed",
        "item": 'orderItem.resource.name="no such, nor any"',
        "fields": f"eventType={CREATE}&fields=event.resourceOrder.state,orderItem.id",
        "short fields": f"?eventType={CREATE}&fields=state",
        "no fields": f"eventType={CREATE}&fields=none",
    },
    TMF641: {
        "all": None,
        "created": "eventType=ServiceOrderCreateEvent",
        "requester": "event.serviceOrder.externalId=BSS-1001",
        "none": "externalId=BSS-1001&state=failed",
        "fields": "eventType=ServiceOrderCreateEvent&fields=externalId",
    },
}


@pytest.fixture(scope="module")
def heard(store_settings: Settings) -> Mapping[str, Mapping[str, list[dict[str, Any]]]]:
    """What each listener was told of one order, until all was told: by door and query."""
    own = replace(store_settings, database=f"filters_{uuid.uuid4().hex}", deliver=True)
    with listening() as socket, hearing() as listener:
        own = replace(own, port=socket.getsockname()[1])
        asyncio.run(prepare(own))
        with served(build(own), socket):
            put_example_rules(own.base_url())
            clients = {door: Client(own.base_url(), door) for door in QUERIES}
            for door, queries in QUERIES.items():
                for name, query in queries.items():
                    body = {"callback": f"{listener.callback}{door}/{name.replace(' ', '-')}"}
                    query is None or body.update(query=query)
                    clients[door].post("/hub", body, expect=201)
            order = clients[TMF641].post("/serviceOrder", example("fibre-standard"), expect=201)
            path = f"/resourceOrder?initiatingRequest.id={order['id']}"
            for issued in clients[TMF652].get(path).document:
                change = {"state": "inProgress"}
                clients[TMF652].patch(f"/resourceOrder/{issued['id']}", change)
            for client in clients.values():
                eventually(partial(all_told, client), within=90)
                client.close()
    return {
        door: {
            name: [
                one.body
                for one in listener.told
                if one.path.endswith(f"{door}/{name.replace(' ', '-')}")
            ]
            for name in queries
        }
        for door, queries in QUERIES.items()
    }


def all_told(client: Client) -> bool:
    return not client.at("").get("/gateway/v1/eventDelivery").document


def kinds(events: list[dict[str, Any]]) -> set[str]:
    return {one["eventType"] for one in events}


def test_listener_hears_of_what_its_query_selects_and_of_nothing_else(heard: Any) -> None:
    told = heard[TMF652]
    everything = {one["eventId"]: one for one in told["all"]}
    assert kinds(told["all"]) == {CREATE, STATE}

    def are_those(name: str, wanted: Any) -> None:
        ids = {event_id for event_id, one in everything.items() if wanted(one)}
        assert {one["eventId"] for one in told[name]} == ids, name

    are_those("created", lambda one: one["eventType"] == CREATE)
    are_those("either", lambda _: True)
    are_those("not created", lambda one: one["eventType"] != CREATE)
    for name in ("state", "short"):
        are_those(name, lambda one: one["event"]["resourceOrder"]["state"] == "inProgress")
    are_those(
        "both",
        lambda one: (
            one["eventType"] == CREATE
            and one["event"]["resourceOrder"]["domain"] in {"core", "access"}
        ),
    )
    for name in ("none", "item"):
        assert told[name] == []
    assert told["both"]
    assert told["state"]


def test_fields_cut_the_entity_and_leave_the_envelope_and_its_address(heard: Any) -> None:
    told = heard[TMF652]
    whole = {one["eventId"]: one for one in told["created"]}
    cuts = {"fields": {"state", "orderItem"}, "short fields": {"state"}, "no fields": set()}
    for name, left in cuts.items():
        assert len(told[name]) == len(whole)
        for one in told[name]:
            full = whole[one["eventId"]]
            assert {**one, "event": full["event"]} == full
            assert one.keys() >= ENVELOPE
            entity = one["event"]["resourceOrder"]
            assert entity.keys() == {"id", "href"} | left
            assert entity.items() >= {
                (n, full["event"]["resourceOrder"][n]) for n in ("id", "href")
            }
    for one in told["fields"]:
        assert all(item.keys() == {"id"} for item in one["event"]["resourceOrder"]["orderItem"])


def test_other_door_filters_its_own_events_alike(heard: Any) -> None:
    told = heard[TMF641]
    assert not any(kind.startswith("Resource") for kind in kinds(told["all"]))
    assert [one["eventType"] for one in told["created"]] == ["ServiceOrderCreateEvent"]
    assert {one["eventId"] for one in told["requester"]} == {one["eventId"] for one in told["all"]}
    assert told["none"] == []
    (cut,) = told["fields"]
    assert cut["event"]["serviceOrder"].keys() == {"id", "href", "externalId"}
