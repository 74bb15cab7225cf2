"""Several processes that serve requests, under one that looks after them."""

from __future__ import annotations

from uvicorn.supervisors import Multiprocess


class Workers(Multiprocess):
    """Ends them so that nobody who comes meanwhile waits for an answer."""

    def terminate_all(self) -> None:
        """Take no more connections here either, then tell the workers to end."""
        for listener in self.sockets:
            listener.close()  # else clients would still be connected, to a queue without a reader
        super().terminate_all()
