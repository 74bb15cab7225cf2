"""One door of the server under test, and the orders that checks make and remove there."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote
from uuid import uuid4

from ordergate.conformance import expect
from ordergate.conformance.check import AbsentError, BlockedError, FindingError, ViolationError

if TYPE_CHECKING:
    from ordergate.conformance.listener import Listener
    from ordergate.conformance.profile import Profile
    from ordergate.conformance.session import Answer, Session
    from ordergate.model.common import Document

_REMOVED = frozenset({200, 202, 204, 404})
_CONFLICT, _MOMENT = 409, 0.5
NOT_OFFERED = frozenset({404, 405, 501})
"""Statuses of an operation that a server doesn't have, on something that it has."""


class Door:
    """Speaks with one API of the server.

    Args:
        base: its URL, up to the collections.
        contract: its OpenAPI document, where it has one.
        template: the body of the orders to make, instead of the profile's own.
        patience: how many seconds events and cancellations may take.
    """

    def __init__(
        self,
        session: Session,
        profile: Profile,
        base: str,
        *,
        listener: Listener,
        contract: Document | None = None,
        template: Document | None = None,
        patience: float = 15.0,
    ) -> None:
        self.session = session
        self.profile = profile
        self.base = base
        self.listener = listener
        self.patience = patience
        self.quiet = patience / 10
        """Seconds in which what ought not to come would have come."""
        self.contract = contract
        self._template = template
        self._created: dict[str, None] = {}
        self._samples: tuple[Document, Document] | None = None
        self.memory: dict[str, Any] = {}
        """What one check found out and others look at."""

    @property
    def orders(self) -> str:
        """URL of the orders."""
        return f"{self.base}/{self.profile.order}"

    @property
    def tasks(self) -> str:
        """URL of the cancellations."""
        return f"{self.base}/{self.profile.task}"

    @property
    def hub(self) -> str:
        """URL of the hub."""
        return f"{self.base}/hub"

    def new_order(self, **changes: Any) -> Document:
        """Return a body for POST, unlike any other; a change to None takes an attribute away."""
        external_id = f"conformance-{uuid4()}"
        own = self.profile.new_order(external_id)
        body = own if self._template is None else copy.deepcopy(self._template)
        body = {**body, "externalId": external_id, "category": own["category"], **changes}
        return {name: value for name, value in body.items() if value is not None}

    def post(self, url: str, body: Any, **options: Any) -> Answer:
        """POST, and keep in mind what came of it, to remove it at the end."""
        answer = self.session.call("POST", url, body=body, **options)
        self.note_created(url, answer)
        return answer

    def note_created(self, url: str, answer: Answer) -> None:
        """Keep in mind what a POST to `url` made."""
        document = answer.document
        if answer.status == expect.CREATED and isinstance(document, dict) and document.get("id"):
            self._created[f"{url}/{segment(document['id'])}"] = None

    def get(self, url: str, query: str = "") -> Answer:
        """GET with a raw query."""
        return self.session.call("GET", f"{url}?{query}" if query else url)

    def patch(self, order: Document, change: Any, **options: Any) -> Answer:
        """PATCH an order that is there."""
        answer = self.session.call("PATCH", self.url_of(order), body=change, **options)
        return self._offered(answer, "PATCH")

    def delete(self, order: Document) -> Answer:
        """DELETE an order that is there."""
        url = self.url_of(order)
        answer = self._offered(self.session.call("DELETE", url), "DELETE")
        if answer.status < expect.BAD:
            self._created.pop(url, None)
        return answer

    def url_of(self, order: Document) -> str:
        """Return the URL of an order by its id, whatever its `href` says."""
        return f"{self.orders}/{segment(order['id'])}"

    def task(self, body: Document) -> Answer:
        """POST a cancellation."""
        answer = self.session.call("POST", self.tasks, body=body)
        # A 404 is one way to say that the order isn't there.
        return answer if answer.status == expect.NOT_FOUND else self._offered(answer, "cancel")

    def order(self, **changes: Any) -> Document:
        """Make an order for a check to work on.

        Raises:
            BlockedError: the server makes none; `orders.create` says why.
        """
        answer = self.post(self.orders, self.new_order(**changes))
        try:
            made = expect.entity(answer, expect.CREATED)
            expect.that(isinstance(made.get("id"), str), f"{answer} without an id.")
        except ViolationError as error:
            raise BlockedError(f"There is no order to work on. {error}") from None
        return made

    def samples(self) -> tuple[Document, Document]:
        """Return two orders that nothing changes, made when first asked for."""
        if self._samples is None:
            self._samples = (self.order(), self.order())
        return self._samples

    def remove_created(self) -> list[str]:
        """Remove what was made, newest first; return the URLs of what stays behind."""
        return [url for url in reversed(list(self._created)) if not self._remove(url)]

    def _remove(self, url: str) -> bool:
        """Remove one thing; an order that is under way is cancelled first."""
        try:
            status = self.session.call("DELETE", url).status
            if status == _CONFLICT:
                order = {"id": unquote(url.rpartition("/")[2])}
                self.session.call("POST", self.tasks, body={self.profile.order: order})
                time.sleep(_MOMENT)
                status = self.session.call("DELETE", url).status
        except FindingError:
            return False
        return status in _REMOVED

    def _offered(self, answer: Answer, operation: str) -> Answer:
        """Say so where an operation on something that is there isn't offered at all."""
        if answer.status in NOT_OFFERED:
            if operation not in self.profile.operations:
                raise AbsentError(f"{answer}: it isn't offered.")
            raise ViolationError(f"{answer}: the profile makes it mandatory.")
        return answer


def segment(text: Any) -> str:
    """Return an id as one segment of a path."""
    return quote(str(text), safe="")
