"""Hand-overs that are there: changed over the port."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ordergate.process.hand_over import amend_hand_over
from ordergate.process.revisions import write_over

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ordergate.model.common import Document
    from ordergate.process.entity import Entity
    from ordergate.process.ports import Clock, HandOverBook
    from ordergate.tmf630.patch import Change


class KeepHandOvers:
    """The queue of hand-overs, for those who work it.

    Args:
        check: raises where a document breaks the contract.
    """

    def __init__(
        self, *, hand_overs: HandOverBook, clock: Clock, check: Callable[[Document], None]
    ) -> None:
        self._hand_overs = hand_overs
        self._clock = clock
        self._check = check

    async def change(
        self, handling_id: str, change: Change, if_revision: Collection[int] | None = None
    ) -> Entity:
        """Amend a hand-over by a patch; see `amend_hand_over` for what is refused.

        Raises:
            NotFoundError: there is none.
            PreconditionFailedError, StaleRevisionError: see `write_over`.
        """

        async def amended(hand_over: Entity) -> Entity | None:
            return amend_hand_over(hand_over, change, self._clock.now(), self._check)

        read = partial(self._hand_overs.get, handling_id)
        return await write_over(read, amended, self._hand_overs.replace, if_revision)
