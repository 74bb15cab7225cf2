"""Clients that send service orders and repeat them until they are taken, and what they noted."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from make import service_order
from running import TMF641

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 120.0


@dataclass
class Sent:
    """One order, as its client saw it.

    Args:
        began: when it was first sent, by `time.monotonic()`.
        outcomes: of each try: a status, or what broke.
        lost_at_once: whether it was not to be read right after it was taken.
    """

    key: str
    began: float
    outcomes: list[int | str] = field(default_factory=list)
    taken_at: float | None = None
    order_id: str | None = None
    lost_at_once: bool = False


class Intake:
    """So many clients, each on its own connection, with a pause after each order."""

    def __init__(self, url: str, clients: int, pause: float) -> None:
        self._url = f"{url}{TMF641}/serviceOrder"
        self._pause = pause
        self._is_over = threading.Event()
        self.sent: list[Sent] = []
        self._clients = [threading.Thread(target=self._client) for _ in range(clients)]

    @property
    def taken(self) -> list[Sent]:
        """Those that were acknowledged."""
        return [one for one in self.sent if one.order_id is not None]

    def start(self) -> None:
        """Begin to send."""
        for client in self._clients:
            client.start()

    def stop(self) -> None:
        """Begin nothing new, and wait until all that was begun is taken."""
        self._is_over.set()
        for client in self._clients:
            client.join()

    def _client(self) -> None:
        with requests.Session() as session:
            while not self._is_over.is_set():
                sent = Sent(uuid.uuid4().hex, time.monotonic())
                self.sent.append(sent)
                while sent.order_id is None and time.monotonic() < sent.began + _LONGEST:
                    time.sleep(self._try(session, sent))
                self._is_over.wait(self._pause)

    def _try(self, session: requests.Session, sent: Sent) -> float:
        """Try once; return how long to wait before the next try."""
        headers = {"Idempotency-Key": sent.key}
        try:
            answer = session.post(self._url, json=service_order(), headers=headers, timeout=40)
        except requests.RequestException as error:
            sent.outcomes.append(type(error).__name__)
            return 0.5
        sent.outcomes.append(answer.status_code)
        if answer.status_code == 201:
            sent.taken_at = time.monotonic()
            sent.order_id = answer.json()["id"]
            read = session.get(f"{self._url}/{sent.order_id}", timeout=40)
            sent.lost_at_once = read.status_code == 404
            return 0.0
        return float(answer.headers.get("Retry-After", "1"))


@contextmanager
def intake(url: str, *, clients: int = 8, pause: float = 0.1) -> Iterator[Intake]:
    """Send orders for as long as the block runs."""
    running = Intake(url, clients, pause)
    running.start()
    try:
        yield running
    finally:
        running.stop()
