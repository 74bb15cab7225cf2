"""The connection to MongoDB: write concern, deadlines, and its errors in our words."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import pymongo
from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.errors import (
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)

from ordergate.errors import InvalidDocumentError, SetupError, StoreUnavailableError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

    from ordergate.storage.primary_watch import PrimaryWatch

Stored: TypeAlias = "dict[str, Any]"
Database: TypeAlias = "AsyncDatabase[Stored]"
Collection: TypeAlias = "AsyncCollection[Stored]"

_log = logging.getLogger(__name__)

_REPEAT = "whether a write happened is unknown. Repeat the request with the same Idempotency-Key."


def open_client(
    uri: str, *, timeout: float, watch: PrimaryWatch | None = None
) -> AsyncMongoClient[Stored]:
    """Return a client whose acknowledged writes are journaled on a majority.

    Reads go to the primary, and see what a majority has: so nothing that is read is rolled back,
    and what a client was told is there after the next election, too.

    Args:
        timeout: deadline in seconds of each operation, retries included.

    Raises:
        SetupError: the URI can't be read.
    """
    try:
        return AsyncMongoClient(
            uri,
            appname="ordergate",
            w="majority",
            journal=True,
            readConcernLevel="majority",
            readPreference="primary",
            timeoutMS=round(timeout * 1000),
            serverSelectionTimeoutMS=round(timeout * 1000),
            socketTimeoutMS=round(timeout * 1000),
            tz_aware=True,
            event_listeners=[] if watch is None else [watch],
        )
    except (InvalidURI, PyMongoError, ValueError) as error:
        raise SetupError(f"ORDERGATE_MONGODB_URI can't be used: {error}.") from error


def deadline_of(collection: Collection) -> float:
    """Return the seconds that each operation on it may take, retries included.

    Raises:
        SetupError: its client isn't of `open_client`, and may wait for ever.
    """
    seconds = collection.database.client.options.timeout
    if seconds is None:
        raise SetupError("A client of MongoDB needs a deadline.")
    return seconds


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turn the driver's errors into ours.

    Raises:
        StoreUnavailableError: no answer in time, no primary, or a fault of the server.
        TooLargeError: the document is larger than MongoDB takes.
        InvalidDocumentError: it can't be stored: a number beyond 64 bits.
    """
    try:
        yield
    except (ConnectionFailure, ExecutionTimeout) as error:
        raise StoreUnavailableError(f"The store did not answer in time; {_REPEAT}") from error
    except DocumentTooLarge as error:
        raise TooLargeError("The document is larger than the store can keep.") from error
    except OperationFailure as error:
        # Its details may hold addresses, and documents of clients: nothing to tell, nor to log.
        _log.warning("MongoDB refused", extra={"code": error.code, "error": type(error).__name__})
        raise StoreUnavailableError(f"The store could not do it; {_REPEAT}") from error
    except (BSONError, OverflowError, UnicodeEncodeError) as error:
        raise InvalidDocumentError(f"The document can't be stored: {error}.") from error


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let what the block asks of the store take no longer: the driver itself gives up then.

    Whoever cancelled the driver instead could leave a lock of its taken for ever.
    """
    with pymongo.timeout(seconds):
        yield


async def ping(database: Database, *, deadline: float) -> None:
    """Ask the server for a sign of life.

    Raises:
        StoreUnavailableError: none came in that many seconds.
    """
    with in_our_words(), within(deadline):
        await database.client.admin.command("ping")
