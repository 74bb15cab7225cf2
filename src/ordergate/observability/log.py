"""Log lines: readable on a terminal, JSON elsewhere. Never bodies, never secrets."""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logging(level: str, form: str) -> None:
    """Send everything that is logged to standard error.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        form: json, text, or auto: text on a terminal.
    """
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([] if as_text else [structlog.processors.format_exc_info]),
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("connexion", "pymongo", "httpx"):
        # They tell of every request and heartbeat; Connexion of each PATCH with two media types.
        logging.getLogger(chatty).setLevel("ERROR")
    logging.getLogger("uvicorn.access").setLevel("WARNING")
