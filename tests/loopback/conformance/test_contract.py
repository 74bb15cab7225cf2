from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from loopback.conformance.answering import answering, session
from ordergate.conformance import contract
from ordergate.conformance.check import AbsentError, ViolationError
from ordergate.conformance.door import Door
from ordergate.conformance.listener import Listener
from ordergate.conformance.profile import PROFILES
from ordergate.model.common import Api

if TYPE_CHECKING:
    from collections.abc import Iterator


def contract_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a contract of which GET /resourceOrder answers as `schema` says."""
    content = {"application/json": {"schema": schema}}
    get = {"responses": {"200": {"description": "All", "content": content}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "servers": [{"url": "http://elsewhere.example"}],
        "paths": {"/resourceOrder": {"get": get}, "/hub": {"post": get}, "/other": {"get": get}},
    }


@contextmanager
def door(document: dict[str, Any] | None, answer: object) -> Iterator[Door]:
    with answering(json.dumps(answer).encode()) as url, session(url) as made:
        profile = PROFILES[Api.RESOURCE_ORDERING]
        yield Door(made, profile, url, listener=Listener(url), contract=document)


def test_only_operations_on_orders_and_cancellations_are_tried() -> None:
    with door(contract_of({}), []) as made:
        ids = [one.id for one in contract.checks(made, 3)]

    assert ids == ["contract.published", "contract.get-resourceOrder"]


def test_answer_that_the_contract_describes_passes() -> None:
    with door(contract_of({"type": "array"}), []) as made:
        for one in contract.checks(made, 3):
            one.run(made)


def test_answer_that_the_contract_does_not_describe_fails() -> None:
    with door(contract_of({"type": "object"}), []) as made:
        _, get = contract.checks(made, 3)
        with pytest.raises(ViolationError, match='is not of type "object"'):
            get.run(made)


def test_contract_that_points_nowhere_fails() -> None:
    document = contract_of({})
    document["paths"]["/resourceOrder"]["get"]["parameters"] = [{"$ref": "#/nowhere"}]
    with door(document, []) as made:
        _, get = contract.checks(made, 3)
        with pytest.raises(ViolationError, match="No requests can be made from the contract"):
            get.run(made)


def test_server_without_a_contract_is_told_how_to_name_one() -> None:
    with door(None, []) as made, pytest.raises(AbsentError, match="--contract"):
        contract.published.run(made)
