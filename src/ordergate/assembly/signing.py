"""What signs notifications, wired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.assembly.surroundings import SystemClock
from ordergate.delivery.signing import Signer, SigningKey, read_signing_keys
from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ordergate.assembly.stores import Stores
    from ordergate.settings import Settings


def wire_signer(settings: Settings, stores: Stores) -> Signer:
    """Return what signs: by the keys of the file that is set, else by one that the store keeps."""
    file = settings.signing_key_file

    async def keys() -> Sequence[SigningKey]:
        if file is not None:
            return _keys_in(file)
        return (SigningKey.read(await stores.signing_keys.first(SigningKey.generate().secret())),)

    return Signer(keys, SystemClock())


def _keys_in(file: Path) -> Sequence[SigningKey]:
    """Read a file of keys.

    Raises:
        SetupError: it isn't one; what it holds isn't told.
    """
    try:
        return read_signing_keys(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SetupError(
            f"ORDERGATE_SIGNING_KEY_FILE={str(file)!r} can't be read: {why}."
        ) from None
    except SetupError as error:
        raise SetupError(f"ORDERGATE_SIGNING_KEY_FILE={str(file)!r}: {error.reason}.") from None
