from __future__ import annotations

import pytest

from ordergate.api.accept import takes_json


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "*",
        "application/*",
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=iso-8859-1; version=4",
        "text/html, application/xhtml+xml, */*;q=0.8",
        "text/html,application/json;q=0.001",
        "text/html;q=0, */*",
        "*/*;q=0, application/json",
        "application/json;version=1;q=0, application/json",
        "text/html, image/gif, *; q=.2",
    ],
)
def test_json_is_taken(accept: str) -> None:
    assert takes_json(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/xml, text/*",
        "application/problem+json",
        "application/json;q=0",
        "application/json; Q=0.000",
        "application/json;q=0, */*",
        "application/*;q=0, */*",
        "*/*;q=0.0",
        "json",
        ",",
    ],
)
def test_json_is_not_taken(accept: str) -> None:
    assert not takes_json(accept)
