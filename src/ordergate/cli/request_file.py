"""Files that hold a request for resources: a TMF641 service order, or a request of another kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ordergate.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from ordergate.model.common import Document


def read_request(path: Path) -> Document:
    """Return the request in a JSON file.

    Raises:
        SetupError: the file can't be read, is no JSON object, or asks for nothing we know.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise SetupError(f"{path} can't be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        raise SetupError(f"{path}:{error.lineno}: this is no JSON: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise SetupError(f"{path}: this is no JSON: {error}.") from error
    if not isinstance(document, dict) or not {"requestType", "serviceOrderItem"} & document.keys():
        raise SetupError(
            f"{path} holds no request: a service order has `serviceOrderItem`, "
            "a request of another kind has `requestType`."
        )
    return document


def is_service_order(request: Document) -> bool:
    """Return whether a request comes by the TMF641 door."""
    return "requestType" not in request


def _refuse_constant(name: str) -> None:
    """Refuse what Python reads but JSON doesn't know."""
    raise ValueError(f"{name} is no value")
