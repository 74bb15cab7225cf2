"""Brings one event to one listener, or one order to Track & Manage, over HTTP."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
import requests
from urllib3.exceptions import HTTPError

from ordergate import __version__
from ordergate.delivery.connection import Deadline, DeadlineAdapter, connect_tcp
from ordergate.delivery.ports import Attempt, Outcome
from ordergate.delivery.retry import read_date, read_retry_after
from ordergate.errors import DestinationNotAllowedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ordergate.delivery.callback import CallbackGuard
    from ordergate.delivery.connection import Connector
    from ordergate.model.events import OwedEvent

_LARGEST_REPLY = 16_384
_NO_ANSWER = (
    requests.RequestException,
    HTTPError,
    OSError,
    ValueError,  # a bad URL
)
_NOT_ALLOWED = Attempt(Outcome.UNREACHABLE, error=DestinationNotAllowedError.__name__)


class HttpSender:
    """POSTs events to callbacks (TMF630 part 1, §10), signed; threads may share it.

    It uses the adapter without a session, for a session adds what a notification must not have:
    redirects, cookies, and the environment's proxies and passwords.

    Args:
        callbacks: says where events may go.
        track_and_manage: says where orders may go. They have connections of their own, so that no
            listener is reached by one that it would be refused.
        signed: returns the headers that sign an event, by its id and the body.
        attempt_deadline: seconds for a whole attempt, however slowly the listener answers.
        longest_deadline: the most that a listener gets which wants to have longer.
        connect_timeout: seconds to look a name up and connect, of those.
        pool_size: connections kept open per listener; as many as threads.
        ca_file: authorities that may vouch for https; None takes the usual ones.
    """

    def __init__(
        self,
        callbacks: CallbackGuard,
        track_and_manage: CallbackGuard,
        signed: Callable[[str, bytes], Mapping[str, str]],
        *,
        attempt_deadline: float,
        longest_deadline: float = 30.0,
        connect_timeout: float,
        pool_size: int,
        ca_file: Path | None = None,
        connect: Connector = connect_tcp,
    ) -> None:
        self._callbacks = callbacks
        self._signed = signed
        self._deadline = Deadline()
        self._to_listeners, self._to_track_and_manage = (
            DeadlineAdapter(self._deadline, guard.addresses, connect, pool_size=pool_size)
            for guard in (callbacks, track_and_manage)
        )
        self._attempt_deadline = attempt_deadline
        self._longest_deadline = longest_deadline
        self._connect_timeout = connect_timeout
        self._verify = True if ca_file is None else str(ca_file)

    def send(self, callback: str, event: OwedEvent, *, deadline: float | None = None) -> Attempt:
        """Make one attempt; every failure is an outcome, not an error."""
        within = min(deadline or self._attempt_deadline, self._longest_deadline)
        try:
            self._callbacks.check_url(callback)
        except DestinationNotAllowedError:
            return _NOT_ALLOWED
        event_id, body = str(event.document.get("eventId", "")), orjson.dumps(event.document)
        headers = {
            "X-Order-Event-Seq": str(event.sequence),
            "X-Order-Event-Id": event_id,
            **self._signed(event_id, body),
        }
        return self._attempt(self._to_listeners, callback, body, headers, within)

    def hand_over(self, url: str, event: OwedEvent) -> Attempt:
        """Make one attempt at POSTing the order that the event tells of (TMF652).

        An order that is there already (409) has been delivered.
        """
        order = orjson.dumps(event.document["event"]["resourceOrder"])
        headers = {"Idempotency-Key": event.entity_id}
        within = self._attempt_deadline
        attempt = self._attempt(self._to_track_and_manage, url, order, headers, within)
        if attempt.outcome is Outcome.REFUSED and attempt.status == HTTPStatus.CONFLICT:
            return replace(attempt, outcome=Outcome.DELIVERED)
        return attempt

    def close(self) -> None:
        """Close the connections kept open."""
        self._to_listeners.close()
        self._to_track_and_manage.close()

    def _attempt(
        self,
        adapter: DeadlineAdapter,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        within: float,
    ) -> Attempt:
        begin = time.monotonic()
        attempt = self._attempted(adapter, url, body, headers, within)
        return replace(attempt, seconds=time.monotonic() - begin)

    def _attempted(
        self,
        adapter: DeadlineAdapter,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        within: float,
    ) -> Attempt:
        self._deadline.start(within)
        try:
            response = self._post(adapter, url, body, headers)
        except DestinationNotAllowedError:
            return _NOT_ALLOWED
        except _NO_ANSWER as error:
            outcome = Outcome.TIMED_OUT if self._deadline.passed else Outcome.UNREACHABLE
            return Attempt(outcome, error=_root(error))
        if self._deadline.passed:
            return Attempt(Outcome.TIMED_OUT, response.status_code, error="TimeoutError")
        # A date is by the listener's clock, so it is compared with that if it's known.
        now = read_date(response.headers.get("Date")) or datetime.now(UTC)
        retry_after = read_retry_after(response.headers.get("Retry-After"), now)
        delivered = 200 <= response.status_code < 300  # noqa: PLR2004 - the 2xx of HTTP
        outcome = Outcome.DELIVERED if delivered else Outcome.REFUSED
        return Attempt(outcome, response.status_code, retry_after)

    def _post(
        self, adapter: DeadlineAdapter, url: str, body: bytes, headers: Mapping[str, str]
    ) -> requests.Response:
        """Return the reply, read as far as it is ever read, with its connection given back."""
        request = requests.Request(
            "POST",
            url,
            data=body,
            headers={
                "Content-Type": "application/json;charset=utf-8",
                "Accept-Encoding": "identity",
                "User-Agent": f"ordergate/{__version__}",
                **headers,
            },
        ).prepare()
        timeouts = (self._connect_timeout, self._deadline.left())
        answering = adapter.send(request, stream=True, timeout=timeouts, verify=self._verify)
        with answering as response:
            # Undecoded: a few bytes of gzip can be gigabytes of reply. Up to its end: only there
            # does a reply that was cut off show.
            unread = _LARGEST_REPLY
            while unread > 0 and (part := response.raw.read(unread, decode_content=False)):
                unread -= len(part)
        return response


def _root(error: BaseException) -> str:
    """Return the class of what first went wrong."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return type(error).__name__
