"""A gateway where the requester's externalId makes a POST safe to repeat (design: 7)."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from api.client import GATEWAY, TMF641, TMF652, Client
from api.conftest import put_example_rules
from api.serving import listening, prepare, served
from make import LOOPBACK, example, service_order
from ordergate.assembly.running import build
from ordergate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE_ORDER = f"{TMF641}/serviceOrder"
REQUEST = f"{GATEWAY}/initiatingRequest"


@pytest.fixture(scope="module")
def strict(mongodb_uri: str) -> Iterator[Client]:
    with listening() as listener:
        settings = Settings(
            port=listener.getsockname()[1],
            mongodb_uri=mongodb_uri,
            database=f"external_id_{uuid.uuid4().hex}",
            deliver=False,
            callback_allow=LOOPBACK,
            catalog_interval=0.02,
            external_id_is_key=True,
            requester_roles=("Buyer",),
        )
        asyncio.run(prepare(settings))
        with served(build(settings), listener):
            put_example_rules(settings.base_url())
            client = Client(settings.base_url())
            yield client
            client.close()


def order(role: str = "buyer", **changes: Any) -> dict[str, Any]:
    buyer = {"id": "b-1", "role": role, "@type": "RelatedParty", "@referredType": "Organization"}
    return service_order(**{"externalId": uuid.uuid4().hex, "relatedParty": [buyer], **changes})


def test_same_order_again_is_the_same_record_whatever_the_key(strict: Client) -> None:
    body = order()
    first = strict.post(SERVICE_ORDER, body, expect=201)
    for key in (None, uuid.uuid4().hex, uuid.uuid4().hex):
        assert strict.post(SERVICE_ORDER, body, expect=201, key=key).document == first.document
    path = f"{TMF652}/resourceOrder?initiatingRequest.id={first['id']}"
    assert strict.get(path).headers["X-Total-Count"] == "2"


def test_another_body_under_the_same_external_id_is_a_conflict(strict: Client) -> None:
    body = order()
    strict.post(SERVICE_ORDER, body, expect=201)
    other = {**body, "description": "another"}
    error = strict.post(SERVICE_ORDER, other, expect=422, key=uuid.uuid4().hex)
    assert (error["code"], error["message"]) == ("idempotencyConflict", "externalId")


def test_key_keeps_to_one_body_beside_the_external_id(strict: Client) -> None:
    key = uuid.uuid4().hex
    strict.post(SERVICE_ORDER, order(), expect=201, key=key)
    other = order()
    error = strict.post(SERVICE_ORDER, other, expect=422, key=key)
    assert (error["code"], error["message"]) == ("idempotencyConflict", "Idempotency-Key")
    assert strict.get(f"{SERVICE_ORDER}?externalId={other['externalId']}").document == []


@pytest.mark.parametrize(
    "changes",
    [{"relatedParty": []}, {"role": "installer"}, {"externalId": ""}],
)
def test_order_that_nobody_can_be_asked_about_is_new_each_time(
    strict: Client, changes: dict[str, Any]
) -> None:
    body = order(**changes)
    answers = [strict.post(SERVICE_ORDER, body, expect=201) for _ in range(2)]
    assert answers[0]["id"] != answers[1]["id"]


def test_external_ids_of_two_requesters_are_two_orders(strict: Client) -> None:
    body = order()
    other = {**body, "relatedParty": [{**body["relatedParty"][0], "id": "b-2"}]}
    ids = {strict.post(SERVICE_ORDER, one, expect=201)["id"] for one in (body, other)}
    assert len(ids) == 2


def test_request_at_the_gateways_own_door_is_known_again_too(strict: Client) -> None:
    body = {**example("partner-request"), "relatedParty": order()["relatedParty"]}
    body["externalId"] = uuid.uuid4().hex
    first = strict.post(REQUEST, body, expect=201)
    assert strict.post(REQUEST, body, expect=201).document == first.document
    strict.post(REQUEST, {**body, "priority": "1"}, expect=422)


def test_dry_run_has_the_ids_of_the_real_run(strict: Client) -> None:
    body = order()
    dry = strict.post(f"{GATEWAY}/assessment", {"serviceOrder": body}, expect=200)
    real = strict.post(SERVICE_ORDER, body, expect=201)
    path = f"{TMF652}/resourceOrder?initiatingRequest.id={real['id']}"
    issued = {one["id"] for one in strict.get(path).document}
    assert {one["id"] for one in dry["resourceOrder"]} == issued
