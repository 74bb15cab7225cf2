"""C1: service orders, trouble recovery, performance and other parties; one process for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.kinds import KINDS, PARTNER, Wanted, characteristics, line, waits

if TYPE_CHECKING:
    from api.client import Client
    from api.kinds import Bench

EXPRESSED = line("port", characteristic={"askedBy": {"expr": "request.requestType"}})


def test_request_of_every_kind_is_recorded_and_takes_its_orders(bench: Bench) -> None:
    record = bench.send(Wanted(bench.rule(EXPRESSED)), externalId="EXT-1")
    assert record["requestType"] == bench.kind.request_type
    assert (record["state"], record["externalId"]) == ("acknowledged", "EXT-1")
    assert ("source" in record) is bench.kind.is_service_order
    (item,) = bench.order(record)["orderItem"]
    assert characteristics(item["resource"]) == {"askedBy": bench.kind.request_type}


def test_what_is_said_for_all_of_it_is_said_in_each_order(bench: Bench) -> None:
    told: dict[str, Any] = {
        "category": "business",
        "description": "As agreed",
        "priority": "high",
        "requestedStartDate": "2099-01-15T08:00:00.000Z",
        "requestedCompletionDate": "2099-01-20T08:00:00.000Z",
        "note": [{"id": "n1", "text": "Ring twice", "date": "2026-01-01T00:00:00.000Z"}],
    }
    party = {**PARTNER, "id": "owner-1", "role": "Owner"}
    record = bench.send(Wanted(bench.rule()), relatedParty=[party], **told)
    order = bench.order(record)
    assert {name: order[name] for name in told} == {**told, "priority": 1}
    assert [one["id"] for one in order["relatedParty"] if one["role"] == "Owner"] == ["owner-1"]
    for name in ("category", "description", "priority", "requestedStartDate"):
        assert record[name] == told[name]


def test_rule_is_for_the_kinds_of_request_it_names(bench: Bench) -> None:
    mine = bench.kind.request_type
    others = sorted({one.request_type for one in KINDS} - {mine})
    specification = bench.rule(line("theirs"), appliesTo={"requestType": others})
    assert bench.codes(bench.send(Wanted(specification))) == ["noRule"]
    bench.rule(line("mine"), specification=specification, appliesTo={"requestType": [mine]})
    record = bench.send(Wanted(specification))
    assert list(bench.items(record)) == ["mine"]


def test_rule_for_the_kind_comes_before_one_for_all(bench: Bench) -> None:
    specification = bench.rule(line("anybody"))
    narrow = {"requestType": [bench.kind.request_type]}
    bench.rule(line("mine"), specification=specification, appliesTo=narrow)
    assert list(bench.items(bench.send(Wanted(specification)))) == ["mine"]


def test_places_and_parties_go_by_their_role(bench: Bench) -> None:
    specification = bench.rule(
        line(
            "port",
            place="site",
            characteristic={
                "at": {"expr": "place.site.id"},
                "for": {"expr": "party.owner.id"},
                "all": {"expr": "size(place)"},
            },
        ),
        requires={"place": ["site"], "relatedParty": ["owner"]},
    )
    places, parties = {"billing": "adr-2", "site": "adr-1"}, {"owner": "org-1"}
    (item,) = bench.order(bench.send(Wanted(specification, place=places, party=parties)))[
        "orderItem"
    ]
    assert item["resource"]["place"]["id"] == "adr-1"
    assert characteristics(item["resource"]) == {"at": "adr-1", "for": "org-1", "all": 2}


class TestNesting:
    """Only service orders nest: items in items, and services in services (standards 7.4)."""

    def nested(self, specification: str) -> dict[str, Any]:
        def service(**more: Any) -> dict[str, Any]:
            return {"serviceSpecification": {"id": specification}, **more}

        def needs(target: str) -> list[dict[str, Any]]:
            return [{"relationshipType": "dependency", "orderItem": {"itemId": target}}]

        inner = [
            {"id": "2", "action": "add", "service": service()},
            {"id": "3", "action": "add", "service": service()},
        ]
        rests = [service(serviceCharacteristic=[{"name": "n", "value": n}]) for n in (1, 2)]
        return {
            "serviceOrderItem": [
                {
                    "id": "1",
                    "action": "add",
                    "service": service(isBundle=True),
                    "serviceOrderItem": inner,
                },
                {
                    "id": "4",
                    "action": "add",
                    "service": service(category="CFS", supportingService=rests),
                    "serviceOrderItemRelationship": needs("1"),
                },
            ]
        }

    def test_only_leaves_take_resources_and_parents_stand_for_all_of_theirs(
        self, tmf641_bench: Bench, api: Client
    ) -> None:
        bench = tmf641_bench
        path = bench.kind.path
        body = self.nested(bench.rule(line("port"), line("vlan", "port")))
        body["relatedParty"] = bench.kind.body()["relatedParty"]
        record = bench.record(api.post(path, body, expect=201)["id"])
        assert {one["id"]: one["path"] for one in record["requestedItem"]} == {
            "1.2": "serviceOrderItem[0].serviceOrderItem[0].service",
            "1.3": "serviceOrderItem[0].serviceOrderItem[1].service",
            "4.1": "serviceOrderItem[1].service.supportingService[0]",
            "4.2": "serviceOrderItem[1].service.supportingService[1]",
        }
        items = {item["id"]: item for item in bench.order(record)["orderItem"]}
        assert set(items) == {
            f"{one}-{key}" for one in ("1.2", "1.3", "4.1", "4.2") for key in ("port", "vlan")
        }
        assert waits(items["4.1-port"]) == {"1.2-vlan", "1.3-vlan"}
        assert waits(items["4.1-vlan"]) == {"4.1-port"}
        assert waits(items["1.2-port"]) == set()

    def test_reason_leads_to_the_leaf(self, tmf641_bench: Bench, api: Client) -> None:
        bench = tmf641_bench
        specification = bench.rule(requires={"characteristic": {"n": {"type": "integer"}}})
        body = {**self.nested(specification), "relatedParty": bench.kind.body()["relatedParty"]}
        record = bench.record(api.post(bench.kind.path, body, expect=201)["id"])
        found = {one["id"]: one.get("reason", []) for one in record["assessment"]["item"]}
        assert [one["path"] for one in found["1.3"]] == [
            "serviceOrderItem[0].serviceOrderItem[1].service.serviceCharacteristic[?(@.name=='n')]"
        ]
        assert found["4.1"] == []
        assert record["state"] == "pending"

    @pytest.mark.parametrize("is_enabled", [True, False])
    def test_enabled_features_are_characteristics_too(
        self, tmf641_bench: Bench, *, is_enabled: bool
    ) -> None:
        bench = tmf641_bench
        specification = bench.rule(
            line("port"),
            line(
                "wifi",
                "port",
                when='"wifi" in feature',
                characteristic={"band": {"expr": 'characteristic["wifi.band"]'}},
            ),
        )
        bands = [{"name": "band", "value": "6GHz"}]
        feature = {"name": "wifi", "isEnabled": is_enabled, "featureCharacteristic": bands}
        record = bench.send(Wanted(specification, door={"service": {"feature": [feature]}}))
        items = bench.items(record)
        assert ("wifi" in items) is is_enabled
        if is_enabled:
            assert characteristics(items["wifi"]["resource"]) == {"band": "6GHz"}
