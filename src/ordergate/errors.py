"""What can go wrong, in the words of the domain; HTTP is `api.problems`' business.

    OrdergateError
    ├── NotFoundError            no such entity
    ├── InvalidDocumentError     a document that is malformed or breaks a rule of TM Forum's
    ├── DestinationNotAllowedError
    │                            a callback that leads to where nothing may be sent
    ├── TooLargeError            more than can be kept as one document
    ├── UnknownResourceOrderError, UnknownServiceOrderError
    │                            a cancellation of an order that there isn't
    ├── InvalidQueryError        a filter, `fields`, `sort`, `offset` or `limit` that can't be read
    ├── UnsupportedQueryError    a part of TMF630 that isn't offered (`filter=`)
    ├── NotAcceptableError       an answer is asked for in what isn't offered (`Accept`)
    ├── InvalidPatchError        a patch that touches what is immutable
    ├── PatchConflictError       a patch that doesn't fit the document as it is now
    ├── IllegalTransitionError   a state that can't follow the present one
    ├── DuplicateError           it exists already
    ├── TooManyListenersError    a hub has no room for another listener
    ├── IdempotencyConflictError the key was used with another body
    ├── InProgressError          the same request is being taken elsewhere, and isn't there to see
    ├── PreconditionFailedError  the entity isn't at the revision that the change is meant for
    ├── StaleRevisionError       somebody else changed it meanwhile, again and again
    ├── StoreUnavailableError    MongoDB didn't answer in time; the outcome may be unknown
    └── SetupError               the gateway can't start as it is set up (exit code 2)

Codes are part of the contract with clients: never change one, never reuse one, document each.
"""

from __future__ import annotations


class OrdergateError(Exception):
    """Root of the errors that Ordergate raises itself.

    Args:
        reason: one sentence a person can act on.
        path: the attribute concerned, as a path into the request (`orderItem[0].action`).
    """

    code = "ordergateError"

    def __init__(self, reason: str, *, path: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path


class NotFoundError(OrdergateError):
    """No entity of that kind has that id."""

    code = "notFound"


class InvalidDocumentError(OrdergateError):
    """A document is malformed, or breaks a rule that the contract states."""

    code = "invalidDocument"


class DestinationNotAllowedError(OrdergateError):
    """Nothing may be sent to where a callback leads; its reason tells nothing of the network."""

    code = "destinationNotAllowed"


class TooLargeError(OrdergateError):
    """What would be kept as one document is too large; nothing was."""

    code = "tooLarge"


class UnknownResourceOrderError(OrdergateError):
    """A cancel task names an order that there isn't; TMF652 knows no 404 there."""

    code = "unknownResourceOrder"


class UnknownServiceOrderError(OrdergateError):
    """A cancel task names an order that there isn't; TMF641 knows no 404 there."""

    code = "unknownServiceOrder"


class InvalidQueryError(OrdergateError):
    """A query parameter can't be read (TMF630 part 1, §4)."""

    code = "invalidQuery"


class UnsupportedQueryError(OrdergateError):
    """A query parameter of TMF630 that is not offered here."""

    code = "unsupportedQuery"


class NotAcceptableError(OrdergateError):
    """The client takes no JSON for an answer."""

    code = "notAcceptable"


class InvalidPatchError(OrdergateError):
    """A patch changes what can't be changed."""

    code = "invalidPatch"


class PatchConflictError(OrdergateError):
    """A `test` failed, or a path of the patch leads nowhere or to several places (W10, W11)."""

    code = "patchConflict"


class IllegalTransitionError(OrdergateError):
    """The state machine has no such transition (standards: S1 to S22)."""

    code = "illegalTransition"


class DuplicateError(OrdergateError):
    """The same thing is registered already."""

    code = "duplicate"


class TooManyListenersError(OrdergateError):
    """A hub has as many listeners as it may have."""

    code = "tooManyListeners"


class IdempotencyConflictError(OrdergateError):
    """An Idempotency-Key came back with another body."""

    code = "idempotencyConflict"


class InProgressError(OrdergateError):
    """The same request is being taken elsewhere; nobody can see yet what came of it. Repeat it."""

    code = "inProgress"


class PreconditionFailedError(OrdergateError):
    """The entity isn't at the revision that `If-Match` names; nothing was written."""

    code = "preconditionFailed"


class StaleRevisionError(OrdergateError):
    """The entity kept changing under a write; nothing was written."""

    code = "staleRevision"


class StoreUnavailableError(OrdergateError):
    """MongoDB did not answer in time. Whether the write happened is unknown: repeat it."""

    code = "storeUnavailable"


class SetupError(OrdergateError):
    """The gateway can't run as it is set up; the reason names the way out."""

    code = "setup"
