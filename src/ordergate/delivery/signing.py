"""Signs notifications, so that listeners know who sent them (Standard Webhooks, `v1a`).

A signature is ed25519 over `<webhook-id>.<webhook-timestamp>.<body>`, made anew at each attempt.
TM Forum's hub has no place for a secret that only one listener shares; a public key needs none.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from ordergate.model.common import Document
    from ordergate.process.ports import Clock

MOST_KEYS = 2
"""One, and during a rotation the next one."""

_PRIVATE, _PUBLIC = "whsk_", "whpk_"
_PEM = r"-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]*-----END PRIVATE KEY-----"
_KEY = re.compile(rf"{_PEM}|^{_PRIVATE}\S*$", re.MULTILINE)
_SEED = 32


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An ed25519 key: the private half signs, the public one is for everybody.

    Args:
        public: 32 bytes.
    """

    private: Ed25519PrivateKey = field(repr=False)
    public: bytes

    @classmethod
    def generate(cls) -> SigningKey:
        """Return a new one."""
        return cls._of(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, text: str) -> SigningKey:
        """Read a PEM block (PKCS #8), or `whsk_` and 32 or 64 bytes in base64.

        Raises:
            ValueError: it is neither; what it is isn't told.
        """
        if not text.startswith(_PRIVATE):
            try:
                key = load_pem_private_key(text.encode(), None)
            except (ValueError, UnsupportedAlgorithm):
                key = None
            if not isinstance(key, Ed25519PrivateKey):
                raise ValueError("no ed25519 key")
            return cls._of(key)
        both = b64decode(text.removeprefix(_PRIVATE), validate=True)
        read = cls._of(Ed25519PrivateKey.from_private_bytes(both[:_SEED]))
        if both[_SEED:] not in {b"", read.public}:
            raise ValueError("its public half is another key's")
        return read

    @classmethod
    def _of(cls, private: Ed25519PrivateKey) -> SigningKey:
        return cls(private, private.public_key().public_bytes_raw())

    def secret(self) -> str:
        """Return the private half as `whsk_`: never to be logged or shown."""
        return _PRIVATE + b64encode(self.private.private_bytes_raw()).decode()

    def signature(self, message: bytes) -> str:
        """Return the signature, with its version."""
        return "v1a," + b64encode(self.private.sign(message)).decode()

    def published(self) -> Document:
        """Return the public half as a JWK (RFC 8037), and as Standard Webhooks spells it."""
        jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(self.public)}
        # Its thumbprint (RFC 7638): the members in this order, without blanks.
        thumbprint = sha256(json.dumps(jwk, separators=(",", ":")).encode()).digest()
        return {
            **jwk,
            "kid": _base64url(thumbprint),
            "use": "sig",
            "alg": "EdDSA",
            "webhookKey": _PUBLIC + b64encode(self.public).decode(),
        }


class Signer:
    """Signs with every key that is in force; threads may share it, once the keys are loaded.

    Args:
        keys: fetches them, the one that is to stay first.
    """

    def __init__(self, keys: Callable[[], Awaitable[Sequence[SigningKey]]], clock: Clock) -> None:
        self._fetch = keys
        self._clock = clock
        self._keys: Sequence[SigningKey] = ()

    async def load(self) -> None:
        """Fetch the keys, before anything is signed.

        Raises:
            SetupError: the ones that are set can't be read.
            StoreUnavailableError: the store has them, and doesn't answer.
        """
        if not self._keys:
            self._keys = await self._fetch()

    def headers(self, message_id: str, body: bytes) -> Mapping[str, str]:
        """Return the three headers of an attempt that begins now.

        Raises:
            RuntimeError: there is no key yet.
        """
        if not self._keys:
            raise RuntimeError("the keys have to be loaded before anything is signed")
        timestamp = str(int(self._clock.now().timestamp()))
        message = f"{message_id}.{timestamp}.".encode() + body
        return {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(key.signature(message) for key in self._keys),
        }

    def published(self) -> Document:
        """Return the public keys as a JWK set (RFC 7517)."""
        return {"keys": [key.published() for key in self._keys]}


def read_signing_keys(text: str) -> tuple[SigningKey, ...]:
    """Read one or two keys, one after the other.

    Raises:
        SetupError: there are none, too many, or something else beside them.
    """
    found = _KEY.findall(text)
    try:
        keys = tuple(map(SigningKey.read, found))
    except ValueError:
        raise SetupError("a key in it is no ed25519 private key (PEM or whsk_)") from None
    if not keys or _KEY.sub("", text).strip():
        raise SetupError("it holds something else than ed25519 private keys (PEM or whsk_)")
    if len(keys) > MOST_KEYS or len({key.public for key in keys}) < len(keys):
        raise SetupError("it holds one key, or two different ones during a rotation")
    return keys


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
