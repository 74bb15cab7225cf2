"""TMF652 v4.0.0 over HTTP, read: K, Q, F, P, S and W are statements in the standards' list."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest

from api.client import JSON
from api.orders import posted

if TYPE_CHECKING:
    from api.client import Client

MANDATORY = {"id", "href", "state", "orderDate", "orderItem"}


@pytest.fixture(scope="module")
def category(tmf652: Client) -> str:
    """A category that three orders have; nobody changes them."""
    name = uuid.uuid4().hex
    for priority in range(3):
        posted(tmf652, category=name, priority=priority)
    return name


class TestListResourceOrder:
    @pytest.mark.usefixtures("category")
    def test_every_element_has_what_is_mandatory(self, tmf652: Client) -> None:
        answer = tmf652.get("/resourceOrder")  # K4, C1
        assert answer.headers["Content-Type"] == JSON
        assert all(order.keys() >= MANDATORY for order in answer.document)
        assert answer.headers["X-Total-Count"] == str(len(answer.document))
        assert "Link" not in answer.headers

    def test_counts_are_those_of_the_filter(self, tmf652: Client, category: str) -> None:
        answer = tmf652.get(f"/resourceOrder?category={category}&priority=1,2")
        assert [order["priority"] for order in answer.document] == [1, 2]
        assert answer.headers["X-Total-Count"] == "2"
        assert answer.headers["X-Result-Count"] == "2"

    def test_nothing_found_is_an_empty_list(self, tmf652: Client) -> None:
        answer = tmf652.get("/resourceOrder?category=nobody-has-it")  # Q13
        assert answer.document == []
        assert answer.headers["X-Total-Count"] == answer.headers["X-Result-Count"] == "0"

    @pytest.mark.parametrize(
        ("paging", "priorities", "relations"),
        [
            ("offset=0&limit=2", [0, 1], {"self", "first", "next", "last"}),
            ("offset=1&limit=1", [1], {"self", "first", "prev", "next", "last"}),
            ("offset=2&limit=2", [2], {"self", "first", "prev", "last"}),
            ("limit=0", [], {"self", "first", "last"}),
            ("offset=9&limit=2", [], {"self", "first", "prev", "last"}),
        ],
    )
    def test_part_is_206_with_links(
        self, tmf652: Client, category: str, paging: str, priorities: list[int], relations: set[str]
    ) -> None:
        # P2, P4 to P7
        path = f"/resourceOrder?category={category}&sort=priority&{paging}"
        answer = tmf652.get(path, expect=206)
        assert [order["priority"] for order in answer.document] == priorities
        assert answer.headers["X-Total-Count"] == "3"
        assert answer.headers["X-Result-Count"] == str(len(priorities))
        links = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"])
        assert {relation for _, relation in links} == relations
        assert all(f"category={category}" in address for address, _ in links)

    def test_limit_that_holds_all_is_200(self, tmf652: Client, category: str) -> None:
        assert len(tmf652.get(f"/resourceOrder?category={category}&limit=3").document) == 3

    @pytest.mark.parametrize(
        ("fields", "keys"),
        [
            ("state", {"id", "href", "state"}),
            ("priority,category", {"id", "href", "priority", "category"}),
            ("state&fields=priority", {"id", "href", "state", "priority"}),
            ("none", {"id", "href"}),
            ("shoeSize", {"id", "href"}),
        ],
    )
    def test_fields_alone_come_back(
        self, tmf652: Client, category: str, fields: str, keys: set[str]
    ) -> None:
        # F2 to F6, K6
        answer = tmf652.get(f"/resourceOrder?category={category}&fields={fields}")
        assert [set(order) for order in answer.document] == [keys] * 3

    def test_inner_fields_keep_their_place(self, tmf652: Client, category: str) -> None:
        path = f"/resourceOrder?category={category}&priority=0&fields=orderItem.id,orderItem.action"
        (order,) = tmf652.get(path).document
        assert order["orderItem"] == [{"id": "1", "action": "add"}, {"id": "2", "action": "add"}]

    def test_mandatory_attributes_filter_by_the_value_that_was_told(self, tmf652: Client) -> None:
        first, other = posted(tmf652, name="first"), posted(tmf652, name="other")  # K7, K8
        for name in ("id", "href", "name", "externalId", "state", "orderDate"):
            for value in (first[name], f'"{first[name]}"'):
                found = tmf652.get(f"/resourceOrder?id={first['id']}&{name}={value}").document
                assert [order["id"] for order in found] == [first["id"]]
            found = tmf652.get(f"/resourceOrder?{name}={first[name]}").document
            assert first["id"] in {order["id"] for order in found}
            assert all(order[name] == first[name] for order in found)
        assert other["id"] != first["id"]

    @pytest.mark.parametrize(
        ("query", "priorities"),
        [
            ("priority.gt=0", [1, 2]),
            ("priority%3E%3D1", [1, 2]),
            ("priority<1", [0]),
            ("priority.ne=1", [0, 2]),
            ("priority=0;priority=2", [0, 2]),
            ("priority=0&priority=2", [0, 2]),
            ("orderItem.resourceSpecification.id=rs-olt-port&priority=2", [2]),
            ("orderItem.action=delete", []),
            ("orderDate.gt=2020-01", [0, 1, 2]),
            ("orderDate.lt=2020-01-01", []),
            ("depth=1&expand=x", [0, 1, 2]),
        ],
    )
    def test_filters_select(
        self, tmf652: Client, category: str, query: str, priorities: list[int]
    ) -> None:
        # Q2 to Q7, Q11
        found = tmf652.get(f"/resourceOrder?category={category}&{query}").document
        assert [order["priority"] for order in found] == priorities

    def test_sort_turns_the_list_round(self, tmf652: Client, category: str) -> None:
        # S1
        found = tmf652.get(f"/resourceOrder?category={category}&sort=-priority").document
        assert [order["priority"] for order in found] == [2, 1, 0]


class TestRetrieveResourceOrder:
    def test_fields_alone_come_back(self, tmf652: Client) -> None:
        order = posted(tmf652)
        answer = tmf652.get(f"/resourceOrder/{order['id']}?fields=state")
        assert answer.document == {name: order[name] for name in ("id", "href", "state")}

    def test_unknown_id_is_not_found(self, tmf652: Client) -> None:
        error = tmf652.get(f"/resourceOrder/{uuid.uuid4()}", expect=404)  # K11
        assert error["code"] == "notFound"
