"""Feasibility assessments over HTTP: what is taken, what is refused, how they are found (C6)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from make import resource_order

if TYPE_CHECKING:
    from api.client import Client

PATH = "/feasibilityAssessment"
PLACE = {"id": "adr-1", "role": "installationAddress"}
CHARACTERISTIC = {"name": "dropLength", "value": 420}


def applies_to(**changes: Any) -> dict[str, Any]:
    """Return a scope of its own, so that what one test tells concerns no other."""
    return {"specification": {"id": f"svc-{uuid.uuid4().hex}"}, "action": "add", **changes}


def assessment(**changes: Any) -> dict[str, Any]:
    return {"appliesTo": applies_to(), "result": "feasible", **changes}


class TestCreate:
    def test_it_is_answered_as_it_is_kept(self, gateway: Client) -> None:
        body = assessment(
            appliesTo=applies_to(place=[PLACE], characteristic=[CHARACTERISTIC]),
            resourceOrder=[resource_order()],
            validFor={"startDateTime": "2026-01-01T02:00:00+02:00"},
            note=[{"text": "With an amplifier"}],
            relatedParty=[{"id": "p-1", "role": "surveyor", "@referredType": "Individual"}],
            **{"vendor:risk": "low"},
        )
        made = gateway.post(PATH, body, expect=201)
        assert made.headers["Location"] == made["href"]
        assert made["href"].endswith(f"/gateway/v1{PATH}/{made['id']}")
        assert made.headers["ETag"] == '"1"'
        assert made["recordedDate"].endswith("Z")
        assert made["validFor"] == {"startDateTime": "2026-01-01T00:00:00.000Z"}
        for name in ("appliesTo", "result", "resourceOrder", "vendor:risk"):
            assert made[name] == body[name]
        read = gateway.get(f"{PATH}/{made['id']}")
        assert (read.document, read.headers["ETag"]) == (made.document, '"1"')
        had = {"If-None-Match": '"1"'}
        gateway.call("GET", f"{PATH}/{made['id']}", 304, headers=had)

    def test_what_is_the_gateways_is_ignored(self, gateway: Client) -> None:
        theirs = {"id": "mine", "href": "x", "recordedDate": "long ago", "replacedBy": {"id": "x"}}
        made = gateway.post(PATH, assessment(**theirs), expect=201).document
        assert all(made.get(name) != value for name, value in theirs.items())
        assert "replacedBy" not in made

    def test_infeasible_one_needs_no_more_than_its_reason(self, gateway: Client) -> None:
        made = gateway.post(
            PATH, assessment(result="infeasible", note=[{"text": "No duct"}]), expect=201
        )
        assert (made["result"], made["note"][0]["text"]) == ("infeasible", "No duct")

    def test_same_key_is_the_same_assessment(self, gateway: Client) -> None:
        key, body = uuid.uuid4().hex, assessment()
        first = gateway.post(PATH, body, expect=201, key=key)
        assert gateway.post(PATH, body, expect=201, key=key).document == first.document
        other = {**body, "result": "infeasible"}
        gateway.post(PATH, other, expect=422, key=key)

    @pytest.mark.parametrize(
        "change",
        [
            {"appliesTo": None},
            {"appliesTo": {}},
            {"appliesTo": {"specification": {}}},
            {"appliesTo": applies_to(action="create")},
            {"appliesTo": applies_to(place=[{"id": "adr-1"}])},
            {"appliesTo": applies_to(characteristic=[{"name": "a"}])},
            {"for": {"itemId": "1"}},
            {"for": {"initiatingRequest": {"id": ""}, "itemId": "1"}},
            {"result": None},
            {"result": "perhaps"},
            {"validFor": {"endDateTime": "tomorrow"}},
            {"note": [{}]},
        ],
    )
    def test_what_breaks_the_contract_is_refused(
        self, gateway: Client, change: dict[str, Any]
    ) -> None:
        body = {name: one for name, one in assessment(**change).items() if one is not None}
        gateway.post(PATH, body, expect=400)

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            (
                {"result": "infeasible", "resourceOrder": [resource_order()]},
                "resourceOrder",
            ),
            (
                {"resourceOrder": [resource_order(), {}]},
                "resourceOrder[1]",
            ),
            (
                {"resourceOrder": [resource_order(orderItem=[{"action": "add"}])]},
                "resourceOrder[0].orderItem[0]",
            ),
            (
                {"resourceOrder": [resource_order(note=5)]},
                "resourceOrder[0].note",
            ),
            (
                {"resourceOrder": [resource_order(orderItem=resource_order()["orderItem"] * 2)]},
                "resourceOrder[0].orderItem",
            ),
            (
                {
                    "validFor": {
                        "startDateTime": "2026-01-02T00:00:00Z",
                        "endDateTime": "2026-01-01T00:00:00Z",
                    }
                },
                "validFor.endDateTime",
            ),
            (
                {"appliesTo": applies_to(place=[PLACE, {**PLACE, "id": "adr-2"}])},
                "appliesTo.place[1].role",
            ),
            (
                {"appliesTo": applies_to(characteristic=[CHARACTERISTIC] * 2)},
                "appliesTo.characteristic[1].name",
            ),
        ],
    )
    def test_what_could_not_be_used_is_refused_with_its_path(
        self, gateway: Client, change: dict[str, Any], path: str
    ) -> None:
        error = gateway.post(PATH, assessment(**change), expect=400)
        assert (error["code"], error["message"]) == ("invalidDocument", path)


class TestFind:
    def test_list_is_filtered_sorted_and_paged(self, gateway: Client) -> None:
        scope = applies_to(place=[PLACE])
        made = [
            gateway.post(PATH, assessment(appliesTo=scope, result=result), expect=201)["id"]
            for result in ("feasible", "infeasible", "feasible")
        ]
        mine = f"{PATH}?appliesTo.specification.id={scope['specification']['id']}"

        def found(query: str = "", expect: int = 200) -> list[str]:
            return [one["id"] for one in gateway.get(f"{mine}{query}", expect=expect).document]

        assert found() == made
        assert found("&sort=-recordedDate") == made[::-1]
        assert found("&result=infeasible") == [made[1]]
        assert found("&appliesTo.place.id=adr-1&appliesTo.action=add") == made
        assert found("&appliesTo.place.id=adr-2") == []
        assert found("&limit=2", expect=206) == made[:2]
        gateway.get(f"{PATH}?sort=state", expect=400)

    def test_unknown_one_is_not_found(self, gateway: Client) -> None:
        gateway.get(f"{PATH}/{uuid.uuid4()}", expect=404)
