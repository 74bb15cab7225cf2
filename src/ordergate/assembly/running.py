"""Running: the processes of the gateway, from their first check to their last write."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn

from ordergate.api.app import build_app
from ordergate.api.operations import Operations
from ordergate.assembly.beside import running
from ordergate.assembly.contracts import Contracts
from ordergate.assembly.dispatch import wire_delivery
from ordergate.assembly.doors import wire_doors
from ordergate.assembly.figures import Figures
from ordergate.assembly.process import wire_process
from ordergate.assembly.signing import wire_signer
from ordergate.assembly.stores import Stores
from ordergate.catalog.load import load_rules
from ordergate.child_process import die_with_parent
from ordergate.errors import DuplicateError, SetupError, StoreUnavailableError
from ordergate.observability.log import configure_logging
from ordergate.observability.metrics import SHARED, Metrics
from ordergate.process.sweep import keep_sweeping
from ordergate.settings import Settings
from ordergate.storage.database import ping, within
from ordergate.storage.embedded import EmbeddedEngine, find_mongod
from ordergate.storage.primary_watch import PrimaryWatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.types import ASGIApp

    from ordergate.assembly.beside import Part
    from ordergate.process.sweep import Sweep

_log = logging.getLogger(__name__)

_FIRST_PING = 5.0
_READY_PING = 2.0
_GRACE = 8
"""Seconds that requests in flight have to end when the gateway is told to stop.

With `beside.GRACE` from the same moment, and the embedded MongoDB stopped thereafter, it has ended
15 s after it was told to.
"""
_CLOSING = 0.5
_NEW_OBJECTS = 20_000
"""Objects made until those that nobody needs are looked for; a request makes thousands."""


def serve(settings: Settings) -> None:
    """Serve requests until SIGINT or SIGTERM.

    Raises:
        SetupError: the gateway can't run as it is set up; nothing is left running.
        KeyboardInterrupt: it was stopped by SIGINT; everything is closed.
    """
    configure_logging(settings.log_level, settings.log_format)
    with ExitStack() as undo:
        undo.enter_context(_stopped_by_sigterm())
        listener = undo.enter_context(_listening(settings))
        port = listener.getsockname()[1]
        settings = undo.enter_context(_with_store(replace(settings, port=port)))
        asyncio.run(_prepare(settings))
        _run_server(settings, listener)


def deliver(settings: Settings) -> None:
    """Relay and deliver notifications until SIGINT or SIGTERM.

    Raises:
        SetupError: the gateway can't run as it is set up.
        KeyboardInterrupt: it was stopped by SIGINT.
    """
    configure_logging(settings.log_level, settings.log_format)
    with _stopped_by_sigterm(), _with_store(settings) as ready:
        asyncio.run(_prepare(ready))
        asyncio.run(_deliver(ready))


async def _deliver(settings: Settings) -> None:
    stores = Stores(settings, PrimaryWatch(lambda: None))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _log.info("delivering notifications")
    async with running({"delivery": wire_delivery(settings, stores).run}):
        await stop.wait()
    await _close(stores)


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an orderly end, so that the embedded engine is stopped too."""

    def stop(*_: object) -> NoReturn:
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Hold the address before anything else is started.

    Raises:
        SetupError: another program holds it, or it isn't ours to have.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named so that asyncio sends answers at once (TCP_NODELAY).
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(socket.SOMAXCONN)
        except OSError as error:
            raise SetupError(
                f"{settings.host}:{settings.port} can't be listened on ({error.strerror}): "
                "choose another with --host and --port, or end what uses it."
            ) from error
        listener.set_inheritable(True)
        yield listener


@contextmanager
def _with_store(settings: Settings) -> Iterator[Settings]:
    """Yield settings that name a MongoDB: the one that is set, or an embedded one of our own.

    Raises:
        SetupError: there is none, or it doesn't come up.
    """
    if settings.mongodb_uri:
        yield settings
        return
    with EmbeddedEngine.start(settings.data_dir, find_mongod(settings.mongod)) as engine:
        _log.info("embedded MongoDB started", extra={"data_dir": str(settings.data_dir)})
        yield replace(settings, mongodb_uri=engine.uri)


async def _prepare(settings: Settings) -> None:
    """Do once, before any worker starts, what all of them rely on.

    Raises:
        SetupError: MongoDB can't be reached, or a file of rules or keys is broken.
    """
    stores = Stores(replace(settings, mongodb_timeout=max(settings.mongodb_timeout, _FIRST_PING)))
    try:
        await ping(stores.database, deadline=_FIRST_PING)
        await stores.ensure_indexes()
        await wire_signer(settings, stores).load()
        await _load_catalog(settings, stores)
        if given_up := await stores.hand_over_to(settings.track_and_manage_url):
            _log.warning(
                "no ORDERGATE_TRACK_AND_MANAGE_URL is set: what waited for it is given up",
                extra={"orders": given_up},
            )
    except StoreUnavailableError as error:
        raise SetupError(
            f"MongoDB can't be used ({error.__cause__}): check ORDERGATE_MONGODB_URI, and that "
            "it is a replica set with a primary."
        ) from error
    finally:
        await stores.close()


async def _load_catalog(settings: Settings, stores: Stores) -> None:
    """Put the rules of the folder that is set; versions that are there already stay."""
    if settings.catalog is None:
        return
    rules, problems = load_rules(settings.catalog)
    if problems:
        raise SetupError("; ".join(str(problem) for problem in problems))
    for rule in rules:
        try:
            await stores.rules.put(rule.document)
        except DuplicateError as error:
            raise SetupError(f"{settings.catalog}: {error.reason}") from error


def _run_server(settings: Settings, listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415 - only the process that serves needs it

    options: dict[str, Any] = {
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": _GRACE,
    }
    if settings.workers == 1:
        uvicorn.Server(uvicorn.Config(build(settings), **options)).run(sockets=[listener])
        return
    from ordergate.assembly.workers import Workers  # noqa: PLC0415 - likewise

    config = uvicorn.Config(
        "ordergate.assembly.running:worker", factory=True, workers=settings.workers, **options
    )
    with TemporaryDirectory(prefix="ordergate-metrics-") as counted:
        # A worker is a new process: it reads its settings there.
        os.environ |= {**settings.as_environ(), SHARED: counted}
        Workers(config, sockets=[listener]).run()


def worker() -> ASGIApp:
    """Return the application of one of several worker processes."""
    die_with_parent()  # what it was at is safe: a crash at any point loses nothing
    settings = Settings.from_environ(os.environ)
    configure_logging(settings.log_level, settings.log_format)
    return build(settings)


def build(settings: Settings) -> ASGIApp:
    """Return the application of one process, with all that runs beside it."""
    metrics = Metrics()
    stores = Stores(settings, PrimaryWatch(metrics.primary_lost))
    delivery = wire_delivery(settings, stores)
    contracts = Contracts.load()
    process = wire_process(
        settings, stores, delivery.dispatcher, contracts=contracts, metrics=metrics
    )
    beside: dict[str, Part] = {
        "rules": process.rules.run,
        "settling": process.settling.run,
        "sweeper": _sweeper(settings, process.plans.sweep, settings.sweep_after),
        "feasibility": _sweeper(settings, process.feasibility.sweep, settings.sweep_after),
        "cancellations": _sweeper(settings, process.cancellations.sweep, 0.0),
        "roll-ups": _sweeper(settings, process.roll_ups.sweep, 0.0),
        "service cancellations": _sweeper(settings, process.service_cancellations.sweep, 0.0),
    }
    if settings.deliver:
        beside["delivery"] = delivery.run

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        await process.rules.refresh()
        await delivery.signer.load()
        gc.collect()
        gc.freeze()  # what is there now stays: no collection goes through it again
        gc.set_threshold(_NEW_OBJECTS)
        async with running(beside):
            _log.info("ready", extra={"url": settings.base_url()})
            yield
        with within(_CLOSING):
            await process.settling.finish()
        await _close(stores)

    operations = Operations(
        ping=partial(ping, stores.database, deadline=_READY_PING),
        figures=Figures(stores.hubs, stores.event_deliveries, metrics).exposition,
        keys=delivery.signer.published,
    )
    doors = wire_doors(settings, stores, process, contracts, delivery)
    return build_app(
        doors,
        operations,
        max_body=settings.max_body,
        body_time=settings.body_time,
        lifespan=lifespan,
    )


def _sweeper(settings: Settings, sweep: Sweep, older_than: float) -> Part:
    return partial(keep_sweeping, sweep, interval=settings.sweep_interval, older_than=older_than)


async def _close(stores: Stores) -> None:
    """Close the connections, but wait no longer for a driver that can't."""
    closing = asyncio.create_task(stores.close())
    await asyncio.wait([closing], timeout=_CLOSING)
