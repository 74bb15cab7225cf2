"""Ids that follow from a name: what is made twice is the same, so it is there once."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

_VARIANT = "89ab"


def id_of(namespace: UUID, name: str) -> str:
    """Return the UUID of a name as text (RFC 9562, §5.5: version 5), always the same one.

    Ten of them are made for a small service order. `uuid.uuid5` takes three times as long, most of
    it for an object that nobody looks at.
    """
    digest = sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    text, variant = digest.hex(), _VARIANT[digest[8] >> 4 & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
