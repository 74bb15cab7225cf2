from __future__ import annotations

import pytest

from ordergate.cli.terminal import open_console, plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("two\nlines\x1b[31m\x7f", "two lines [31m "),
        (300.5, "300.5"),
        (None, "null"),
        ({"a": ["é", "\x9b"]}, '{"a": ["é", " "]}'),
        ("right\u202eto left", "right to left"),
    ],
)
def test_text_from_the_network_is_one_line_that_does_no_harm(value: object, text: str) -> None:
    assert plain(value) == text


def test_console_in_a_pipe_is_120_wide_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert open_console().width == 120
    monkeypatch.setenv("COLUMNS", "77")
    assert open_console().width == 77
