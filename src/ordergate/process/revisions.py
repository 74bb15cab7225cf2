"""Revisions: change what is kept so that no update is ever lost.

Everybody writes over the revision they read. Who comes second reads again and decides anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from ordergate.errors import PreconditionFailedError, StaleRevisionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

_TRIES = 8
"""How often a change is made again over one that came between."""


class Revised(Protocol):
    """What is kept with a revision, which grows by one with each change."""

    @property
    def revision(self) -> int:
        """The number of the last change."""


_Kept = TypeVar("_Kept", bound=Revised)


async def write_over(
    read: Callable[[], Awaitable[_Kept]],
    change: Callable[[_Kept], Awaitable[_Kept | None]],
    write: Callable[[_Kept], Awaitable[bool]],
    if_revision: Collection[int] | None = None,
) -> _Kept:
    """Return the entity as `change` leaves it, written over the very revision it was made from.

    Args:
        change: returns the next revision, or None where nothing changes.
        write: returns False if the entity changed meanwhile.
        if_revision: the revisions that the change is meant for; None is any.

    Raises:
        PreconditionFailedError: the entity has another revision than those.
        StaleRevisionError: it changed again each time.
    """
    for _ in range(_TRIES):
        entity = await read()
        if if_revision is not None and entity.revision not in if_revision:
            raise PreconditionFailedError(
                "It was changed since; read it again and decide anew.", path="If-Match"
            )
        changed = await change(entity)
        if changed is None:
            return entity
        if await write(changed):
            return changed
    raise StaleRevisionError("It keeps changing; read it and try again.")
