"""What went wrong and what the client is told: one table, and nothing of the inside."""

from __future__ import annotations

import asyncio
import json
import logging
from http import HTTPStatus
from typing import Any

import connexion
import httpx
import pytest

from ordergate import errors
from ordergate.api.problems import STATUS, Problems, error_body

SECRET = "mongodb://user:word@inside"  # noqa: S105 - what must not get out
CONTRACT = {
    "openapi": "3.0.3",
    "info": {"title": "Failing", "version": "1"},
    "paths": {"/fail": {"get": {"operationId": "fail", "responses": {"200": {"description": ""}}}}},
}


def family() -> set[type[errors.OrdergateError]]:
    """Return the errors that `ordergate.errors` lists, the root apart."""
    listed = {one for one in vars(errors).values() if isinstance(one, type)}
    return {one for one in listed if one.__base__ is errors.OrdergateError}


def answer_to(error: Exception) -> httpx.Response:
    """Return what a real application answers when a handler raises."""

    async def fail() -> None:
        raise error

    app = connexion.AsyncApp("failing")
    app.add_api(CONTRACT, base_path="/door", resolver=connexion.Resolver(lambda _: fail))
    Problems({"/door/fail": ("GET",)}).register(app.middleware)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.get("/door/fail")

    return asyncio.run(ask())


def test_every_error_of_ours_has_a_status() -> None:
    assert set(STATUS) == family() - {errors.SetupError}


@pytest.mark.parametrize(("kind", "status"), STATUS.items())
def test_error_of_ours_is_told_by_code_reason_and_place(
    kind: type[errors.OrdergateError], status: HTTPStatus
) -> None:
    answer = answer_to(kind("Do it otherwise.", path="orderItem[0]"))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.json() == {
        "@type": "Error",
        "code": kind.code,
        "reason": "Do it otherwise.",
        "message": "orderItem[0]",
        "status": str(int(status)),
    }
    passing = {errors.StoreUnavailableError, errors.InProgressError}
    assert ("retry-after" in answer.headers) == (kind in passing)


@pytest.mark.parametrize("error", [RuntimeError(SECRET), KeyError(SECRET), ValueError(SECRET)])
def test_defect_is_logged_whole_and_told_without_its_inside(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = answer_to(error)
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.json()["code"] == "internalError"
    for inside in (SECRET, type(error).__name__, "Traceback", ".py"):
        assert inside not in answer.text
    assert SECRET in caplog.text


def test_every_value_of_an_error_is_a_text() -> None:
    body: dict[str, Any] = json.loads(json.dumps(error_body(400, "badRequest", "No.")))
    assert body == {"@type": "Error", "code": "badRequest", "reason": "No.", "status": "400"}
