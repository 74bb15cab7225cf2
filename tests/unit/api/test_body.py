"""Bodies are read by the letter of JSON, and hold only what a store can keep."""

from __future__ import annotations

import pytest

from ordergate.api.body import DEEPEST, parse
from ordergate.errors import InvalidDocumentError


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"x":[1,2.5,-0.0,true,null,"\\ud83d\\ude00"]}',
        b'{"x":9223372036854775807,"y":-9223372036854775808}',
        b"[" * DEEPEST + b"]" * DEEPEST,
    ],
)
def test_json_is_read(body: bytes) -> None:
    parse(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no body"),
        (b"\n", "no body"),
        (b"{", "not JSON"),
        (b'{"x":NaN}', "not JSON"),
        (b'{"x":1e999}', "not JSON"),
        (b'{"x":"\\ud800"}', "not JSON"),
        (b'{"x":"\xff"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"x":["\\u0000"]}', "NUL"),
        (b'{"\\u0000":1}', "NUL"),
        (b'{"x":9223372036854775808}', "64 bits"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "deeper than 32"),
        (b"[" * 500_000, "not JSON"),
    ],
)
def test_what_no_store_can_keep_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(InvalidDocumentError, match=said):
        parse(body)
