"""A listener's check of who sent a notification (Standard Webhooks, `v1a`)."""

from __future__ import annotations

import time
from base64 import b64decode
from typing import TYPE_CHECKING

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ordergate.client.gateway import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TOLERANCE = 300.0
"""Seconds that a notification may be old, or ahead of this machine's clock."""

_VERSION, _PREFIX = "v1a", "whpk_"
_REST = 10.0
_WITHIN = 5.0
_MOST_SIGNATURES = 8


class NotVerifiedError(Exception):
    """Nothing says that the gateway sent it; the text says why."""


class Verification:
    """Checks notifications by the keys that a gateway publishes.

    They are fetched when there is none that fits, so a rotation needs nothing here.

    Args:
        rest: seconds between two looks at the keys, however many strangers send rubbish.
    """

    def __init__(
        self, keys_url: str, *, now: Callable[[], float] = time.time, rest: float = _REST
    ) -> None:
        self._url = keys_url
        self._now = now
        self._rest = rest
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(keys_url)
        self._keys: Sequence[Ed25519PublicKey] = ()
        self._looked_at = float("-inf")

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check a notification as it came.

        Args:
            headers: by their names in small letters.

        Raises:
            NotVerifiedError: it is refused.
        """
        message_id, timestamp, signatures = (
            headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
        )
        if not (message_id and timestamp and signatures):
            raise NotVerifiedError("it isn't signed")
        if not (timestamp.isascii() and timestamp.isdigit()):
            raise NotVerifiedError("its timestamp is no number")
        message = f"{message_id}.{timestamp}.".encode() + body
        ours = _signatures(signatures)
        if not self._is_signed(message, ours):
            self._fetch()
            if not self._is_signed(message, ours):
                raise NotVerifiedError("no signature fits")
        # Last: an hour that is wrong is told of to none but who can sign.
        late = self._now() - float(timestamp)
        if abs(late) > TOLERANCE:
            raise NotVerifiedError(f"it is {abs(late):.0f} s {'old' if late > 0 else 'ahead'}")

    def _is_signed(self, message: bytes, signatures: Sequence[bytes]) -> bool:
        return any(_fits(key, one, message) for key in self._keys for one in signatures)

    def _fetch(self) -> None:
        """Fetch the keys, unless that was just done.

        Raises:
            NotVerifiedError: they can't be had.
        """
        if time.monotonic() < self._looked_at + self._rest:
            return
        self._looked_at = time.monotonic()
        try:
            answer = self._session.get(self._url, timeout=_WITHIN, allow_redirects=False)
            answer.raise_for_status()
            self._keys = [_read(one["webhookKey"]) for one in answer.json()["keys"]]
        except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError):
            raise NotVerifiedError(f"there are no keys at {self._url}") from None


def _signatures(text: str) -> Sequence[bytes]:
    found = []
    for one in text.split()[:_MOST_SIGNATURES]:
        version, _, signature = one.partition(",")
        if version == _VERSION:
            try:
                found.append(b64decode(signature, validate=True))
            except ValueError:
                continue
    return found


def _fits(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _read(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(b64decode(text.removeprefix(_PREFIX), validate=True))
