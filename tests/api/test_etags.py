"""Entity tags on every single read and write, and no update lost (standards: Q33)."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
import requests

from api.client import GATEWAY, MERGE_PATCH, TMF641, TMF652
from make import resource_order, service_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.client import Answer, Client

DOORS = {
    f"{TMF652}/resourceOrder": resource_order,
    f"{TMF641}/serviceOrder": service_order,
}
THREADS = 16


@pytest.fixture(params=DOORS)
def posted(request: pytest.FixtureRequest, api: Client) -> Answer:
    """Return the answer to the POST of an order, at each door."""
    return api.post(request.param, DOORS[request.param](), expect=201)


@pytest.fixture
def path(posted: Answer, api: Client) -> str:
    found: str = posted["href"].removeprefix(api.url)
    return found


def get(api: Client, path: str, had: str, expect: int) -> Answer:
    return api.call("GET", path, expect, headers={"If-None-Match": had})


def patch(api: Client, path: str, body: Any, meant: str, expect: int) -> Answer:
    headers = {"Content-Type": MERGE_PATCH, "If-Match": meant}
    return api.call("PATCH", path, expect, data=json.dumps(body), headers=headers)


def delete(api: Client, path: str, meant: str, expect: int) -> Answer:
    return api.call("DELETE", path, expect, headers={"If-Match": meant})


def test_every_single_answer_carries_the_revision(api: Client, posted: Answer, path: str) -> None:
    assert posted.headers["ETag"] == '"1"'
    assert api.get(path).headers["ETag"] == '"1"'
    assert api.patch(path, {"description": "New"}).headers["ETag"] == '"2"'
    assert api.get(f"{path}?fields=state").headers["ETag"] == '"2"'


def test_patch_of_nothing_leaves_the_revision(api: Client, path: str) -> None:
    assert api.patch(path, {}).headers["ETag"] == '"1"'


def test_same_key_answers_with_the_revision_as_it_is_now(api: Client) -> None:
    for door, body in DOORS.items():
        key = f"etag-{door}"
        path = api.post(door, body(), expect=201, key=key)["href"].removeprefix(api.url)
        api.patch(path, {"description": "New"})
        assert api.post(door, body(), expect=201, key=key).headers["ETag"] == '"2"'


def test_records_and_hand_overs_carry_one_too(api: Client) -> None:
    request = api.post(f"{TMF641}/serviceOrder", service_order(), expect=201)
    record = api.get(f"{GATEWAY}/initiatingRequest/{request['id']}")
    path = f"{GATEWAY}/initiatingRequest/{request['id']}"
    get(api, path, record.headers["ETag"], expect=304)


class TestIfNoneMatch:
    @pytest.mark.parametrize("had", ['"1"', 'W/"1"', '"7", "1"', '"7","1" , "x,y"', "*"])
    def test_what_the_client_has_is_not_sent_again(self, api: Client, path: str, had: str) -> None:
        answer = get(api, path, had, expect=304)
        assert answer.text == ""
        assert answer.headers["ETag"] == '"1"'

    @pytest.mark.parametrize("had", ['"2"', '"11"', 'W/"2", "x"'])
    def test_what_it_has_not_is_sent(self, api: Client, path: str, had: str) -> None:
        assert get(api, path, had, expect=200)["state"]

    def test_changed_order_is_sent(self, api: Client, path: str) -> None:
        api.patch(path, {"description": "New"})
        assert get(api, path, '"1"', expect=200)["description"] == "New"

    def test_unknown_order_is_not_found(self, api: Client) -> None:
        for door in DOORS:
            get(api, f"{door}/nothing", "*", expect=404)


class TestIfMatch:
    @pytest.mark.parametrize("meant", ['"1"', "*", '"7", "1"', '"x", W/"1","1"'])
    def test_write_meant_for_this_revision_happens(
        self, api: Client, path: str, meant: str
    ) -> None:
        patch(api, path, {"description": "New"}, meant, expect=200)

    @pytest.mark.parametrize("meant", ['"2"', 'W/"1"', '"x"', '"01x", "-1"', '"²"'])
    def test_write_meant_for_another_does_not(self, api: Client, path: str, meant: str) -> None:
        error = patch(api, path, {"description": "New"}, meant, expect=412)
        assert (error["code"], error["message"]) == ("preconditionFailed", "If-Match")
        assert delete(api, path, meant, expect=412)["code"] == "preconditionFailed"
        assert api.get(path).headers["ETag"] == '"1"'

    def test_stale_write_does_not_happen_even_where_it_changes_nothing(
        self, api: Client, path: str
    ) -> None:
        api.patch(path, {"description": "New"})
        patch(api, path, {"description": "New"}, '"1"', expect=412)

    @pytest.mark.parametrize("meant", ["1", '"1', '"1" "2"', '*, "1"', '"1",', ""])
    def test_what_is_no_list_of_tags_is_refused(self, api: Client, path: str, meant: str) -> None:
        for answer in (
            patch(api, path, {"description": "New"}, meant, expect=400),
            delete(api, path, meant, expect=400),
        ):
            assert answer["message"] == "If-Match"

    def test_stale_removal_does_not_happen_and_the_right_one_does(
        self, api: Client, path: str
    ) -> None:
        tag = api.patch(path, {"description": "New"}).headers["ETag"]
        delete(api, path, '"1"', expect=412)
        delete(api, path, tag, expect=204)
        delete(api, path, tag, expect=404)
        patch(api, path, {}, tag, expect=404)


def in_threads(work: Callable[[int], object]) -> None:
    """Do the work in several threads, begun at the same moment."""
    ready = threading.Barrier(THREADS)
    done = []

    def run(number: int) -> None:
        ready.wait()
        work(number)
        done.append(number)

    threads = [threading.Thread(target=run, args=[number]) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == THREADS, "every thread came to its end"


def status_of(api: Client, path: str, body: Any, meant: str | None) -> int:
    """PATCH, perhaps over one revision, and return whatever status comes of it."""
    headers = {"Content-Type": MERGE_PATCH} | ({} if meant is None else {"If-Match": meant})
    answer = requests.patch(f"{api.url}{path}", json.dumps(body), headers=headers, timeout=30)
    return answer.status_code


class TestLostUpdates:
    @pytest.mark.parametrize("share", [0, 2, 1])
    def test_revision_counts_the_changes_that_were_answered_with_200(
        self, api: Client, path: str, share: int
    ) -> None:
        """Every `share`-th thread means the revision that it read; none if that is 0."""
        statuses: Counter[int] = Counter()

        def change(number: int) -> None:
            meant = '"1"' if share and number % share == 0 else None
            statuses[status_of(api, path, {"description": f"From {number}"}, meant)] += 1

        in_threads(change)
        assert set(statuses) <= {200, 409, 412}
        assert statuses[200] >= 1
        assert api.get(path).headers["ETag"] == f'"{1 + statuses[200]}"'
        if share == 1:
            assert statuses == {200: 1, 412: THREADS - 1}

    def test_notes_added_over_the_revision_read_are_all_there(self, api: Client, path: str) -> None:
        def add(number: int) -> None:
            own = api.at("")
            for _ in range(100):
                read = own.get(path)
                notes = [*read.document.get("note", []), {"text": str(number)}]
                status = status_of(api, path, {"note": notes}, read.headers["ETag"])
                if status == HTTPStatus.OK:
                    break
                assert status == HTTPStatus.PRECONDITION_FAILED
            own.close()

        in_threads(add)
        texts = {note["text"] for note in api.get(path)["note"]}
        assert texts >= {str(number) for number in range(THREADS)}
