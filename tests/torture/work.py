"""The mix of work: which orders come, and what their clients do with them; all from the seed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
TMF652 = "/tmf-api/resourceOrderingManagement/v4"
TMF641 = "/tmf-api/serviceOrdering/v4"

_PORT = {
    "id": "1",
    "action": "add",
    "resource": {"name": "Port", "@type": "LogicalResource"},
    "resourceSpecification": {"id": "rs-olt-port"},
}
_PLUG = {
    "id": "2",
    "action": "add",
    "resource": {"name": "Plug", "@type": "PhysicalResource"},
    "orderItemRelationship": [{"relationshipType": "dependency", "orderItem": {"itemId": "1"}}],
}
_PLAIN = {"orderItem": [_PORT, _PLUG]}


class Follow(StrEnum):
    """What a client does with its order once it is accepted."""

    NOTHING = "nothing"
    DESCRIBE = "describe"
    PROGRESS = "progress"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of order, and how often it comes beside the others."""

    name: str
    path: str
    body: dict[str, Any]
    weight: int

    @property
    def is_service_order(self) -> bool:
        """Whether resource orders are issued for it."""
        return self.path.endswith("serviceOrder")


def _example(name: str, weight: int) -> Kind:
    body = json.loads((EXAMPLES / "requests" / f"{name}.json").read_text())
    return Kind(name, f"{TMF641}/serviceOrder", body, weight)


KINDS = (
    _example("fibre-standard", 30),
    _example("vpn-and-fibre", 8),
    _example("fibre-special", 12),
    Kind("plain", f"{TMF652}/resourceOrder", _PLAIN, 50),
)
_FOLLOWS = {Follow.NOTHING: 45, Follow.DESCRIBE: 25, Follow.PROGRESS: 18, Follow.CANCEL: 12}


@dataclass(frozen=True, slots=True)
class Job:
    """One order.

    Args:
        key: its `Idempotency-Key`, which it carries as `externalId` too.
        again: whether its client sends it once more though it was answered.
    """

    key: str
    kind: Kind
    follow: Follow
    again: bool

    @property
    def body(self) -> dict[str, Any]:
        """What is POSTed."""
        return {**self.kind.body, "externalId": self.key}


def jobs(name: str, orders: int) -> Iterator[Job]:
    """Yield the orders of a run; the first are one of each kind."""
    random = Random(name)  # noqa: S311 - dice, not secrets
    for number in range(orders):
        chosen = random.choices(KINDS, [kind.weight for kind in KINDS])[0]
        kind = KINDS[number] if number < len(KINDS) else chosen
        follow = random.choices(list(_FOLLOWS), list(_FOLLOWS.values()))[0]
        yield Job(f"{name} {number}", kind, follow, random.random() < 0.05)
