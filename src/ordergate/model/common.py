"""Value types shared by the entities, and the shape of a document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

Document: TypeAlias = dict[str, Any]
"""A JSON object exactly as TM Forum writes it: camelCase, `@type`, extensions included."""


class Api(StrEnum):
    """The door that an entity, an event or a hub belongs to."""

    RESOURCE_ORDERING = "TMF652"
    SERVICE_ORDERING = "TMF641"


class Action(StrEnum):
    """What is asked to happen to a service or a resource (`OrderItemActionType`)."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"
    NO_CHANGE = "noChange"


@dataclass(frozen=True, slots=True)
class Specification:
    """A reference to a service or resource specification."""

    id: str
    name: str | None = None
    version: str | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to an entity: `id`, `href` and what kind it is (`@referredType`)."""

    id: str
    href: str | None = None
    referred_type: str | None = None


@lru_cache  # one moment stands in a dozen places of what is made at it
def timestamp(moment: datetime) -> str:
    """Return the moment as documents carry it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
