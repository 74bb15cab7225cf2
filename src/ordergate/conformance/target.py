"""Where the server under test has its doors, and its contract."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

from ordergate.conformance.door import NOT_OFFERED
from ordergate.conformance.session import UnreachableError
from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ordergate.conformance.profile import Profile
    from ordergate.conformance.session import Session
    from ordergate.model.common import Document

_CONTRACTS = ("openapi.json", "swagger.json")
_CLOSED = frozenset({401, 403})


def find_doors(
    session: Session, url: str, profiles: Iterable[Profile]
) -> list[tuple[Profile, str]]:
    """Return the doors that the server has, each with its base URL.

    Args:
        url: the root of the server, or the base of a door.

    Raises:
        SetupError: nothing answers, or nothing that is a door, or it lets nobody in.
    """
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise SetupError(f"{url} is no URL of a server, such as http://127.0.0.1:8652.")
    found, wanted = [], list(profiles)
    try:
        for profile in wanted:
            base = _base(session, url, profile)
            if base is not None:
                found.append((profile, base))
    except UnreachableError as error:
        raise SetupError(f"The server can't be reached: {error}") from None
    if not found:
        names = " or ".join(str(one.api) for one in wanted)
        raise SetupError(f"There is no {names} at {url}: give the base path of the API with --url.")
    return found


def _base(session: Session, url: str, profile: Profile) -> str | None:
    for path in ("", *profile.paths):
        base = url.rstrip("/") + path
        answer = session.call("GET", f"{base}/{profile.order}?limit=1")
        if answer.status in _CLOSED:
            raise SetupError(f"{answer}: give credentials with --header 'Authorization: …'.")
        if answer.status not in NOT_OFFERED:
            return base
    return None


def find_contract(session: Session, base: str, profile: Profile) -> Document | None:
    """Return the contract that the server publishes for a door, or at its root; None if none."""
    parts = urlsplit(base)
    for place in (base, f"{parts.scheme}://{parts.netloc}"):
        for name in _CONTRACTS:
            document = session.call("GET", f"{place}/{name}").document
            if isinstance(document, dict) and is_contract(document, profile):
                return document
    return None


def is_contract(document: Document, profile: Profile) -> bool:
    """Return whether a document is an OpenAPI contract with the orders of a profile."""
    paths = document.get("paths")
    return isinstance(paths, dict) and f"/{profile.order}" in paths


def read_file(file: Path) -> Document:
    """Return the JSON or YAML object in a file.

    Raises:
        SetupError: there is none.
    """
    try:
        document = yaml.safe_load(file.read_bytes())
    except OSError as error:
        raise SetupError(f"{file} can't be read: {error.strerror or error}.") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise SetupError(f"{file} holds no JSON or YAML object.")
    return document
