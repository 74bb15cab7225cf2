"""The clients: they send orders, repeat them until they are answered, and write down what was."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

import requests

from torture.work import TMF641, TMF652, Follow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torture.journal import Journal
    from torture.work import Job

_PATIENCE = 240.0
_TIMEOUT = (2, 25)
_COMES_AGAIN = {408, 429, 500, 502, 503, 504}


class GivenUpError(Exception):
    """A request was not answered, however often it was sent."""


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """The gateway said no."""


class Clients:
    """So many clients, each at one order at a time; the gate says how many orders may come.

    Args:
        urls: of the gateways, any of which will do.
    """

    def __init__(
        self, jobs: Iterable[Job], count: int, urls: Sequence[str], journal: Journal
    ) -> None:
        self._urls = urls
        self._journal = journal
        self._waiting = list(jobs)
        self._released: SimpleQueue[Job] = SimpleQueue()
        self._stopped = threading.Event()
        self._left = len(self._waiting)
        self._turn = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"client {number}")
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def release(self, orders: int) -> None:
        """Let so many more orders come."""
        now, self._waiting = self._waiting[:orders], self._waiting[orders:]
        for job in now:
            self._released.put(job)

    def release_rest(self) -> None:
        """Let all orders come that are left."""
        self.release(len(self._waiting))

    @property
    def left(self) -> int:
        """How many orders are not done."""
        return self._left

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the clients, each with what it is at."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def _work(self, number: int) -> None:
        client = _Client(number, self._urls, self._journal, self._stopped)
        while not self._stopped.is_set():
            try:
                job = self._released.get(timeout=0.2)
            except Empty:
                continue
            try:
                client.do(job)
            finally:
                with self._turn:
                    self._left -= 1


class _Client:
    def __init__(
        self, number: int, urls: Sequence[str], journal: Journal, stopped: threading.Event
    ) -> None:
        self._urls = urls
        self._next = number
        self._journal = journal
        self._stopped = stopped
        self._session = requests.Session()
        self._session.trust_env = False

    def do(self, job: Job) -> None:
        """Send an order until it is accepted, then do with it what the job says."""
        try:
            order = self._order(job)
            if job.again:
                self._order(job)
        except (Refused, GivenUpError) as error:
            self._journal.write(at=time.time(), refused=job.key, why=str(error))
            return
        try:
            self._follow(job, order)
        except Refused as error:  # the order went another way meanwhile
            self._journal.write(at=time.time(), declined=job.key, why=str(error))
        except GivenUpError as error:
            self._journal.write(at=time.time(), refused=f"{job.key} {job.follow}", why=str(error))

    def _order(self, job: Job) -> dict[str, Any]:
        begin = time.monotonic()
        order: dict[str, Any]
        order, tries = self._call("POST", job.kind.path, job.body, job.key)
        self._journal.write(
            at=time.time(),
            key=job.key,
            kind=job.kind.name,
            order=order["id"],
            tries=tries,
            seconds=round(time.monotonic() - begin, 4),
        )
        return order

    def _follow(self, job: Job, order: dict[str, Any]) -> None:
        path = f"{job.kind.path}/{order['id']}"
        match job.follow:
            case Follow.DESCRIBE:
                for turn in ("first", "second"):
                    self._change(path, order["id"], "description", f"{job.key} {turn}")
            case Follow.PROGRESS:
                self._progress(self._resource_order(job, order))
            case Follow.CANCEL:
                kind = "serviceOrder" if job.kind.is_service_order else "resourceOrder"
                task = f"cancel{kind[0].upper()}{kind[1:]}"
                door = TMF641 if job.kind.is_service_order else TMF652
                key = f"{job.key}-cancel"
                made = self._call("POST", f"{door}/{task}", {kind: {"id": order["id"]}}, key)[0]
                self._journal.write(at=time.time(), task=made["id"], of=order["id"])

    def _resource_order(self, job: Job, order: dict[str, Any]) -> dict[str, Any]:
        """Return the order that work begins with."""
        if not job.kind.is_service_order:
            return order
        path = f"{TMF652}/resourceOrder?initiatingRequest.id={order['id']}&sort=id"
        found: list[dict[str, Any]] = self._call("GET", path)[0]
        return found[0]

    def _progress(self, order: dict[str, Any]) -> None:
        path = f"{TMF652}/resourceOrder/{order['id']}"
        for state in ("inProgress", "completed"):
            items = [{**item, "state": state} for item in order["orderItem"]]
            self._change(path, order["id"], "orderItem", items, told=("state", state))

    def _change(
        self,
        path: str,
        order_id: str,
        name: str,
        value: Any,
        *,
        told: tuple[str, str] | None = None,
    ) -> None:
        self._call("PATCH", path, {name: value})
        what, is_now = told or (name, value)
        self._journal.write(at=time.time(), changed=order_id, what=what, value=is_now)

    def _call(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[Any, int]:
        """Return the answer's document, and after how many tries it came."""
        headers = {"Idempotency-Key": key} if key else {}
        tries, until, last = 0, time.monotonic() + _PATIENCE, ""
        while time.monotonic() < until and not self._stopped.is_set():
            tries += 1
            url = self._urls[self._next % len(self._urls)]
            with suppress(requests.RequestException, OSError):
                answer = self._session.request(
                    method, f"{url}{path}", json=body, headers=headers, timeout=_TIMEOUT
                )
                if answer.ok:
                    return answer.json(), tries
                last = f"{method} {path}: {answer.status_code} {answer.text[:300]}"
                again = answer.status_code in _COMES_AGAIN or "Retry-After" in answer.headers
                if not again:
                    raise Refused(last)
            self._next += 1
            time.sleep(min(0.05 * 2**tries, 0.5))
        raise GivenUpError(f"not answered in {tries} tries; {last or f'{method} {path}'}")
