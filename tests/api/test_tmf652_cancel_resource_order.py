"""Cancelling over HTTP: the table of standards 3.4 row by row, and what a client sees of it."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from make import resource_order

if TYPE_CHECKING:
    from api.client import Client

OPEN = {
    "acknowledged": (),
    "inProgress": ("inProgress",),
    "pending": ("inProgress", "pending"),
    "held": ("inProgress", "held"),
}
OVER = {
    "completed": ("inProgress", "completed"),
    "failed": ("inProgress", "failed"),
    "partial": ("inProgress", "partial"),
    "cancelled": ("inProgress", "held", "cancelled"),
    "rejected": ("rejected",),
}
ITEM = {"action": "add", "resourceSpecification": {"id": "rs-olt-port"}}
PATH = "/cancelResourceOrder"


def posted(tmf652: Client, *states: str, **changes: Any) -> str:
    """Return the path of an order that was brought through these states."""
    order_id = tmf652.post("/resourceOrder", resource_order(**changes), expect=201)["id"]
    path = f"/resourceOrder/{order_id}"
    for state in states:
        tmf652.patch(path, {"state": state})
    return path


def asked(path: str, **changes: Any) -> dict[str, Any]:
    return {"resourceOrder": {"id": path.rpartition("/")[2]}, **changes}


def begun(tmf652: Client, *states: str) -> str:
    """Return the path of an order whose items are in these states, reached step by step."""
    path = posted(tmf652, orderItem=[ITEM] * len(states))
    if any(state != "acknowledged" for state in states):
        report(tmf652, path, *("inProgress" if s != "acknowledged" else s for s in states))
        report(tmf652, path, *states)
    return path


def report(tmf652: Client, path: str, *states: str) -> dict[str, Any]:
    items = tmf652.get(path)["orderItem"]
    for item, state in zip(items, states, strict=True):
        item["state"] = state
    order: dict[str, Any] = tmf652.patch(path, {"orderItem": items}).document
    return order


class TestCreateCancelResourceOrder:
    @pytest.mark.parametrize("state", OPEN)
    def test_open_order_is_cancelled(self, tmf652: Client, state: str) -> None:
        path = posted(tmf652, *OPEN[state])
        answer = tmf652.post(PATH, asked(path, cancellationReason="Moved away"), expect=201)
        assert answer.headers["Location"] == answer["href"]
        assert answer["href"] == f"{tmf652.url}{tmf652.door}{PATH}/{answer['id']}"
        order = tmf652.get(path)
        assert answer["resourceOrder"] == {"id": order["id"], "href": order["href"]}
        assert (answer["state"], order["state"]) == ("done", "cancelled")
        assert answer["effectiveCancellationDate"] == order["cancellationDate"]
        assert order["cancellationReason"] == "Moved away"
        assert {item["state"] for item in order["orderItem"]} == {"cancelled"}

    @pytest.mark.parametrize("state", OPEN)
    def test_denied_order_is_as_it_was(self, tmf652: Client, state: str) -> None:
        late = [{**ITEM, "pointOfNoReturn": "acknowledged"}]
        path = posted(tmf652, *OPEN[state], orderItem=late)
        before = tmf652.get(path).document
        task = tmf652.post(PATH, asked(path), expect=201)
        assert task["state"] == "done"
        assert "point of no return" in task["completionMessage"]
        assert "effectiveCancellationDate" not in task.document
        assert tmf652.get(path).document == before

    @pytest.mark.parametrize("state", OVER)
    def test_order_that_is_over_is_refused(self, tmf652: Client, state: str) -> None:
        path = posted(tmf652, *OVER[state])
        error = tmf652.post(PATH, asked(path), expect=409)
        assert error["code"] == "illegalTransition"
        assert error["message"] == "resourceOrder.id"
        assert all(one in error["reason"] for one in OPEN)

    def test_order_that_is_being_cancelled_is_refused(self, tmf652: Client) -> None:
        path = begun(tmf652, "inProgress")
        tmf652.post(PATH, asked(path), expect=201)
        assert tmf652.get(path)["state"] == "pendingCancellation"
        tmf652.post(PATH, asked(path), expect=409)

    def test_order_with_another_task_to_come_is_refused(self, tmf652: Client) -> None:
        path = posted(tmf652)
        later = asked(path, requestedCancellationDate="2099-01-01T00:00:00Z")
        tmf652.post(PATH, later, expect=201)
        error = tmf652.post(PATH, asked(path), expect=409)
        assert error["code"] == "duplicate"

    def test_unknown_order_is_refused(self, tmf652: Client) -> None:
        error = tmf652.post(PATH, asked(str(uuid.uuid4())), expect=400)  # Q15
        assert error["code"] == "unknownResourceOrder"
        deleted = posted(tmf652)
        tmf652.delete(deleted)
        tmf652.post(PATH, asked(deleted), expect=400)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"resourceOrder": {}},
            {"resourceOrder": None},
            {"resourceOrder": {"id": 7}},
            {"resourceOrder": "7"},
            {"cancellationReason": "x"},
            {"resourceOrder": {"id": "x"}, "requestedCancellationDate": "tomorrow"},
            {"resourceOrder": {"id": "x"}, "cancellationReason": 7},
            [],
        ],
    )
    def test_body_that_is_no_cancellation_is_refused(self, tmf652: Client, body: Any) -> None:
        tmf652.post(PATH, body, expect=400)

    def test_what_the_server_owns_is_ignored_and_extensions_stay(self, tmf652: Client) -> None:
        path = posted(tmf652)
        mine = {"id": "mine", "href": "x", "state": "flying", "effectiveCancellationDate": 7}
        task = tmf652.post(PATH, asked(path, **mine, shoeSize=42), expect=201)
        assert task["id"] != "mine"
        assert task["state"] == "done"
        assert task["effectiveCancellationDate"] == tmf652.get(path)["cancellationDate"]
        assert task["shoeSize"] == 42
        assert task["@type"] == "CancelResourceOrder"

    def test_same_key_and_body_is_the_same_task(self, tmf652: Client) -> None:
        key, path = uuid.uuid4().hex, posted(tmf652)
        first = tmf652.post(PATH, asked(path), expect=201, key=key)
        again = tmf652.post(PATH, asked(path), expect=201, key=key)
        assert again.document == first.document
        assert (
            tmf652.get(f"{PATH}?resourceOrder.id={asked(path)['resourceOrder']['id']}").headers[
                "X-Total-Count"
            ]
            == "1"
        )
        error = tmf652.post(PATH, asked(path, cancellationReason="x"), expect=422, key=key)
        assert error["code"] == "idempotencyConflict"

    @pytest.mark.parametrize("with_key", [True, False])
    def test_many_at_once_make_one_task(self, tmf652: Client, *, with_key: bool) -> None:
        path = posted(tmf652)
        key = uuid.uuid4().hex if with_key else None
        found: list[int] = []

        def ask() -> None:
            own = tmf652.at(tmf652.door)
            headers = {"Idempotency-Key": key} if key else {}
            url = f"{own.url}{own.door}{PATH}"
            found.append(own._session.post(url, json=asked(path), headers=headers).status_code)
            own.close()

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == ([201] * 6 if with_key else [201] + [409] * 5)
        order = tmf652.get(path)
        assert order["state"] == "cancelled"
        assert len(tmf652.get(f"{PATH}?resourceOrder.id={order['id']}").document) == 1


class TestWhatHasToBeUndone:
    def test_order_is_cancelled_when_the_last_item_is_undone(self, tmf652: Client) -> None:
        path = begun(tmf652, "inProgress", "completed", "acknowledged")
        task = tmf652.post(PATH, asked(path), expect=201)
        assert task["state"] == "inProgress"
        order = tmf652.get(path)
        assert order["state"] == "pendingCancellation"
        states = [item["state"] for item in order["orderItem"]]
        assert states == ["pendingCancellation", "pendingCancellation", "cancelled"]
        error = tmf652.patch(path, {"state": "cancelled"}, expect=409)
        assert error["reason"].endswith("PATCH: none.")
        report(tmf652, path, "cancelled", "pendingCancellation", "cancelled")
        assert tmf652.get(f"{PATH}/{task['id']}")["state"] == "inProgress"
        order_now = report(tmf652, path, "cancelled", "cancelled", "cancelled")
        assert order_now["state"] == "cancelled"
        assert order_now == tmf652.get(path).document
        ended = tmf652.get(f"{PATH}/{task['id']}")
        assert ended["state"] == "done"
        assert ended["effectiveCancellationDate"] == order_now["cancellationDate"]

    def test_failed_undoing_is_said(self, tmf652: Client) -> None:
        path = begun(tmf652, "inProgress")
        task = tmf652.post(PATH, asked(path), expect=201)
        order = report(tmf652, path, "failed")
        assert order["state"] == "cancelled"
        assert "could not be undone" in order["note"][0]["text"]
        ended = tmf652.get(f"{PATH}/{task['id']}")
        assert ended["state"] == "terminatedWithError"
        assert ended["errorMessage"]["code"] == "cancellationFailed"

    def test_item_past_its_point_of_no_return_denies(self, tmf652: Client) -> None:
        path = posted(tmf652, orderItem=[{**ITEM, "pointOfNoReturn": "inProgress"}])
        report(tmf652, path, "inProgress")
        task = tmf652.post(PATH, asked(path), expect=201)
        assert task["completionMessage"].endswith("1.")
        assert tmf652.get(path)["state"] == "inProgress"

    @pytest.mark.parametrize("point", ["late", "partial", "", 7, None])
    def test_point_of_no_return_is_a_state_of_progress(self, tmf652: Client, point: Any) -> None:
        order = resource_order(orderItem=[{**ITEM, "pointOfNoReturn": point}])
        tmf652.post("/resourceOrder", order, expect=400)


def test_order_follows_its_items(tmf652: Client) -> None:
    path = posted(tmf652)
    assert report(tmf652, path, "inProgress", "acknowledged")["state"] == "inProgress"
    order = report(tmf652, path, "failed", "acknowledged")
    assert [item["state"] for item in order["orderItem"]] == ["failed", "cancelled"]
    assert order["state"] == "failed"
    assert order["completionDate"]


def test_item_can_be_added_until_the_work_begins(tmf652: Client) -> None:
    path = posted(tmf652)
    items = tmf652.get(path)["orderItem"]
    order = tmf652.patch(path, {"orderItem": [*items, ITEM]})
    assert [item["id"] for item in order["orderItem"]] == ["1", "2", "3"]
    assert order["orderItem"][2]["state"] == "acknowledged"
    tmf652.patch(path, {"state": "inProgress"})
    tmf652.patch(path, {"orderItem": [*order["orderItem"], ITEM]}, expect=409)


def test_cancellation_for_another_day_waits(tmf652: Client) -> None:
    path = posted(tmf652)
    day = "2099-01-01T02:00:00+02:00"
    task = tmf652.post(PATH, asked(path, requestedCancellationDate=day), expect=201)
    assert task["requestedCancellationDate"] == "2099-01-01T00:00:00.000Z"
    assert task["state"] == "acknowledged"
    assert tmf652.get(path)["state"] == "acknowledged"


class TestReadCancelResourceOrder:
    def test_task_is_read_by_id_list_and_fields(self, tmf652: Client) -> None:
        path = posted(tmf652)
        task = tmf652.post(PATH, asked(path), expect=201)
        one = f"{PATH}/{task['id']}"
        assert tmf652.get(one).document == task.document
        assert tmf652.get(f"{one}?fields=state").document == {
            name: task[name] for name in ("id", "href", "state")
        }
        found = tmf652.get(f"{PATH}?id={task['id']}")
        assert found.document == [task.document]
        assert found.headers["X-Total-Count"] == "1"
        assert tmf652.get(f"{PATH}?id={task['id']}&state=acknowledged").document == []

    def test_part_of_the_list_is_206(self, tmf652: Client) -> None:
        for _ in range(2):
            tmf652.post(PATH, asked(posted(tmf652)), expect=201)
        assert len(tmf652.get(f"{PATH}?limit=1", expect=206).document) == 1

    def test_unknown_task_is_not_found(self, tmf652: Client) -> None:
        error = tmf652.get(f"{PATH}/{uuid.uuid4()}", expect=404)
        assert error["code"] == "notFound"

    @pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
    def test_task_can_be_neither_changed_nor_removed(self, tmf652: Client, method: str) -> None:
        assert tmf652.call(method, f"{PATH}/1", 405).headers["Allow"] == "GET"
        assert tmf652.call(method, PATH, 405).headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("spelled", ["acknowledged", "accepted"])
def test_first_state_is_found_in_both_spellings(tmf652: Client, spelled: str) -> None:
    path = posted(tmf652)
    later = {"requestedCancellationDate": "2099-01-01T00:00:00Z"}
    task = tmf652.post(PATH, asked(path, **later), expect=201)
    assert task["state"] == "acknowledged"
    mine = f"{PATH}?id={task['id']}&state"
    assert [one["id"] for one in tmf652.get(f"{mine}={spelled}").document] == [task["id"]]
    assert tmf652.get(f"{mine}.ne={spelled}").document == []
