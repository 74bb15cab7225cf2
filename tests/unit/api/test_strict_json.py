"""Bodies are read by the letter of JSON, and hold only what a store can keep."""

from __future__ import annotations

import pytest

from ordergate.api.strict_json import DEEPEST, parse
from ordergate.errors import InvalidDocumentError


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"x":[1,2.5,-0.0,true,null,"\\ud83d\\ude00"]}',
        b'{"x":9223372036854775807,"y":-9223372036854775808}',
        b"[" * DEEPEST + b"]" * DEEPEST,
        b'{"a:b":"c:d \\" e:f","g":[{"h":1},{"h":2}],"constructor":{}}',
        b'{"x":"$where"}',
        b'{"x\\u003ay":"\\u003A"}',
        b'"text"',
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
        (b'{"$where":1}', r"\$where"),
        (b'{"x":[{"a.b":1}]}', "no dot"),
        (b'{"__proto__":1}', "__proto__"),
        (b'{"x":1,"x":2}', "'x' twice"),
        (b'{"x":1,"\\u0078":2}', "'x' twice"),
        (b'{"y":[{"x":{"z":1,"z":1}}]}', "'z' twice"),
        (b'{"x":1,"x":"\\u003a"}', "'x' twice"),
        (b'{"x":":","x":"\\u003A\\u003a"}', "'x' twice"),
    ],
)
def test_what_no_store_can_keep_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(InvalidDocumentError, match=said):
        parse(body)


def test_keys_of_a_schema_pass_where_they_are_expected() -> None:
    assert parse(b'{"$ref":1,"a.b":{"$id":2}}', any_key=True) == {"$ref": 1, "a.b": {"$id": 2}}
    with pytest.raises(InvalidDocumentError, match="__proto__"):
        parse(b'{"__proto__":1}', any_key=True)
