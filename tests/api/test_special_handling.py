"""The queue of hand-overs over HTTP: read, claimed, given back and resolved (C5)."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from api.client import MERGE_PATCH, TMF641
from make import example

if TYPE_CHECKING:
    from api.client import Answer, Client

QUERY_PATCH = "application/json-patch-query+json"
LONG_DROP = "$.reason[?(@.code=='longDrop')].code"
CLAIM = {"state": "claimed", "owner": "Ada"}


@pytest.fixture
def handed(api: Client, gateway: Client) -> dict[str, Any]:
    """Return the hand-over of a fibre access that no standard set fits."""
    request_id = api.post(f"{TMF641}/serviceOrder", example("fibre-special"), expect=201)["id"]
    (found,) = gateway.get(f"/specialHandling?initiatingRequest.id={request_id}").document
    document: dict[str, Any] = found
    return document


@pytest.fixture
def path(handed: dict[str, Any]) -> str:
    return f"/specialHandling/{handed['id']}"


def patch_if(gateway: Client, path: str, body: Any, meant: str, expect: int) -> Answer:
    headers = {"Content-Type": MERGE_PATCH, "If-Match": meant}
    return gateway.call("PATCH", path, expect, data=json.dumps(body), headers=headers)


class TestRead:
    def test_hand_over_says_what_is_asked_and_how_far_it_is(self, handed: dict[str, Any]) -> None:
        assert handed["state"] == "open"
        assert handed["reason"][0]["code"] == "longDrop"
        assert handed["requestedItem"] == {
            "id": "1",
            "specification": {"id": "svc-fibre-access"},
        }
        assert handed["delivery"] == {"state": "notConfigured", "attempts": 0}

    def test_fields_cut_it(self, gateway: Client, handed: dict[str, Any], path: str) -> None:
        cut = gateway.get(f"{path}?fields=state")
        assert cut.document == {name: handed[name] for name in ("id", "href", "state")}

    def test_list_is_filtered_and_paged(self, gateway: Client, handed: dict[str, Any]) -> None:
        order_id, request_id = handed["resourceOrder"]["id"], handed["initiatingRequest"]["id"]
        for query in (
            f"resourceOrder.id={order_id}",
            f"initiatingRequest.id={request_id}&state=open&reason.code=longDrop",
            f"id={handed['id']}&requestedItem.specification.id=svc-fibre-access",
            f"id={handed['id']}&delivery.state=notConfigured&sort=-handedOverDate",
        ):
            assert gateway.get(f"/specialHandling?{query}").document == [handed]
        assert gateway.get(f"/specialHandling?id={handed['id']}&state=claimed").document == []
        gateway.get("/specialHandling?sort=nothing", expect=400)
        part = gateway.get("/specialHandling?limit=0", expect=206)
        assert int(part.headers["X-Total-Count"]) > 0

    def test_unknown_id_is_not_found(self, gateway: Client) -> None:
        gateway.get(f"/specialHandling/{uuid.uuid4()}", expect=404)
        gateway.patch(f"/specialHandling/{uuid.uuid4()}", CLAIM, expect=404)


class TestPatch:
    def test_it_is_claimed_given_back_claimed_and_resolved(
        self, gateway: Client, path: str
    ) -> None:
        assert gateway.patch(path, CLAIM).document.items() >= CLAIM.items()
        assert "owner" not in gateway.patch(path, {"state": "open"}).document
        gateway.patch(path, {"state": "claimed", "owner": "Grace"})
        done = gateway.patch(path, {"state": "resolved"})
        assert (done["state"], done["resolution"], done["owner"]) == ("resolved", "byHand", "Grace")
        assert gateway.get(path).document == done.document
        assert done.headers["ETag"] == gateway.get(path).headers["ETag"] == '"5"'

    def test_notes_get_id_and_date(self, gateway: Client, path: str) -> None:
        (note,) = gateway.patch(path, {"note": [{"text": "On Monday", "author": "Ada"}]})["note"]
        assert (note["id"], note["text"]) == ("1", "On Monday")
        assert note["date"].endswith("Z")

    @pytest.mark.parametrize(
        ("media_type", "body"),
        [
            ("application/json", CLAIM),
            (
                "application/json-patch+json",
                [
                    {"op": "test", "path": "/state", "value": "open"},
                    {"op": "replace", "path": "/state", "value": "claimed"},
                    {"op": "add", "path": "/owner", "value": "Ada"},
                ],
            ),
            (
                QUERY_PATCH,
                [
                    {"op": "test", "path": LONG_DROP, "value": "longDrop"},
                    {"op": "replace", "path": "$.state", "value": "claimed"},
                    {"op": "add", "path": "$.owner", "value": "Ada"},
                ],
            ),
        ],
    )
    def test_any_format_of_a_patch_will_do(
        self, gateway: Client, path: str, media_type: str, body: Any
    ) -> None:
        assert gateway.patch(path, body, media_type=media_type)["owner"] == "Ada"

    def test_state_that_is_not_next_is_a_conflict_that_names_the_next(
        self, gateway: Client, path: str
    ) -> None:
        error = gateway.patch(path, {"state": "resolved"}, expect=409)
        assert (error["code"], error["message"]) == ("illegalTransition", "state")
        assert "next states: claimed" in error["reason"]
        gateway.patch(path, CLAIM)
        gateway.patch(path, {"state": "resolved"})
        assert "next states: none" in gateway.patch(path, CLAIM, expect=409)["reason"]

    @pytest.mark.parametrize(
        "body",
        [
            {"state": "claimed"},
            {"owner": "Ada"},
            {"state": "claimed", "owner": ""},
            {"state": "claimed", "owner": 5},
            {"state": "done"},
            {"state": None},
            {"note": [{"author": "nobody"}]},
            {"resolution": "assessed"},
            {"delivery": {"state": "delivered"}},
            {"id": "other"},
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, gateway: Client, handed: dict[str, Any], path: str, body: dict[str, Any]
    ) -> None:
        gateway.patch(path, body, expect=400)
        assert gateway.get(path).document == handed

    def test_json_patch_is_held_to_the_same_contract(self, gateway: Client, path: str) -> None:
        for step in (
            {"op": "remove", "path": "/state"},
            {"op": "add", "path": "/note", "value": [{"text": 5}]},
        ):
            gateway.patch(path, [step], expect=400, media_type="application/json-patch+json")

    def test_write_happens_over_the_revision_it_is_meant_for(
        self, gateway: Client, path: str
    ) -> None:
        assert gateway.get(path).headers["ETag"] == '"1"'
        assert patch_if(gateway, path, CLAIM, '"1"', 200).headers["ETag"] == '"2"'
        error = patch_if(gateway, path, {"state": "open"}, '"1"', 412)
        assert error["code"] == "preconditionFailed"
        had = {"If-None-Match": '"2"'}
        assert gateway.call("GET", path, 304, headers=had).headers["ETag"] == '"2"'

    def test_media_type_that_is_no_patch_is_named(self, gateway: Client, path: str) -> None:
        headers = {"Content-Type": "text/plain"}
        answer = gateway.call("PATCH", path, 415, data="{}", headers=headers)
        assert MERGE_PATCH in answer.headers["Accept-Patch"]
