from __future__ import annotations

from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import ADDRESSES, LIMIT, MOMENT, item, line, request, rule
from ordergate.errors import TooLargeError
from ordergate.model.events import EventType
from ordergate.process.decide import decide
from ordergate.process.entity import Entity, Plan, RecordedRequest
from ordergate.process.knowledge import Knowledge
from ordergate.process.notify import notify
from ordergate.process.rules import Literal
from ordergate.process.size import (
    MOST_BYTES,
    MOST_DEPENDENCIES,
    MOST_REQUESTED,
    Scale,
    SizeLimit,
    refuse_too_entangled,
    refuse_too_many,
)
from ordergate.schemas.json_length import json_length

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
    max_leaves=20,
)


def order(length: int) -> Entity:
    """Return an order with a description of that length, and its event."""
    document = {"id": "order-1", "description": "x" * length}
    event = notify(EventType.RESOURCE_ORDER_CREATE, document, 1, MOMENT, description="")
    return Entity("order-1", document, owed=(event,))


def recorded(*planned: Entity, **changes: Any) -> RecordedRequest:
    return RecordedRequest(Entity("req-1", {"id": "req-1"}), plan=Plan(planned), **changes)


@given(st.dictionaries(NAMES, VALUES))
def test_document_weighs_what_bson_makes_of_it(document: dict[str, Any]) -> None:
    assert Scale().weigh(document) == len(bson.encode(document))


@given(st.dictionaries(NAMES, VALUES))
def test_document_weighs_at_most_eight_times_its_json(document: dict[str, Any]) -> None:
    assert Scale().weigh(document) <= 8 * json_length(document)


@pytest.mark.parametrize("least", [0, None, "", {}, [], True, 1.0, 2**31])
def test_list_of_what_json_says_shortest_weighs_at_most_eight_times_that(least: Any) -> None:
    document = {"": [least] * 200_000}
    assert Scale().weigh(document) <= 8 * json_length(document)


def test_what_is_short_for_its_weight_is_weighed_all_the_same() -> None:
    zeros = {"id": "order-1", "description": [0] * 800_000}  # 1.6 MB of JSON
    with pytest.raises(TooLargeError, match=r"9\.0 MiB"):
        LIMIT.refuse_order(Entity("order-1", zeros))


def test_items_that_share_much_are_not_all_measured() -> None:
    measured = []

    def length(value: Any) -> int:
        measured.append(value)
        return json_length(value)

    sites = {"sites": ["x" * 1000] * 1000}
    shared = {"id": "order-1", "orderItem": [{"id": str(n), **sites} for n in range(1000)]}
    with pytest.raises(TooLargeError, match="would take"):
        SizeLimit(length).refuse_order(Entity("order-1", shared))
    assert len(measured) == 2


def test_what_is_shared_is_gone_through_once_and_weighs_each_time() -> None:
    shared: dict[str, Any] = {"a": "x" * 100}
    for _ in range(40):
        shared = {"a": shared, "b": shared}
    assert Scale().weigh(shared) > 2**40


def test_order_and_its_event_fill_the_limit_and_not_one_byte_more() -> None:
    empty = order(0)
    length = (MOST_BYTES - Scale().weigh_all([empty.document, empty.owed[0].document])) // 2
    LIMIT.refuse_order(order(length))
    with pytest.raises(TooLargeError, match="8 MiB is the most"):
        LIMIT.refuse_order(order(length + 1))


def test_record_counts_with_all_that_it_plans() -> None:
    LIMIT.refuse(recorded(order(2_000_000)))
    with pytest.raises(TooLargeError, match="several"):
        LIMIT.refuse(recorded(order(2_000_000), order(2_000_000), order(2_000_000)))


@pytest.mark.parametrize("attribute", ["service_order", "asked"])
def test_record_counts_with_what_was_asked(attribute: str) -> None:
    with pytest.raises(TooLargeError):
        LIMIT.refuse(recorded(**{attribute: {"description": "x" * MOST_BYTES}}))


def test_request_has_the_most_items_and_not_one_more() -> None:
    items = [item(str(number)) for number in range(MOST_REQUESTED + 1)]
    refuse_too_many(request(*items[1:]))
    with pytest.raises(TooLargeError, match=r"1001 items; 1000 are the most\. Send it in several"):
        refuse_too_many(request(*items))


def test_order_items_have_the_most_dependencies_and_not_one_more() -> None:
    refuse_too_entangled(MOST_DEPENDENCIES)
    with pytest.raises(TooLargeError, match=f"{MOST_DEPENDENCIES} are the most"):
        refuse_too_entangled(MOST_DEPENDENCIES + 1)


def test_dependencies_are_counted_before_they_are_made() -> None:
    chained = [item(str(n), relies_on=tuple(map(str, range(n)))) for n in range(120)]
    known = Knowledge(rules=(rule(line("port", quantity=Literal(9))),))
    with pytest.raises(TooLargeError, match="dependencies"):
        decide(request(*chained), known, ADDRESSES, MOMENT)
