"""The bundled load generator reads answers as they come, in whatever parts."""

from __future__ import annotations

import pytest

from benchmarks.client import Load, status_of_whole

_JOB = {
    "method": "POST",
    "paths": ["/a", "/b"],
    "body": '{"id": "########"}',
    "media_type": "application/json",
    "host": "127.0.0.1",
    "port": 1,
    "seconds": 5,
    "limit": None,
    "once": True,
    "first": 7,
}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", None),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 200 OK\r\nContent-Le", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 200),
    ],
)
def test_answer_counts_when_all_of_it_is_there(answer: bytes, status: int | None) -> None:
    assert status_of_whole(bytearray(answer)) == status


def test_each_request_has_its_own_number_and_path() -> None:
    load = Load(_JOB)

    first, second, third = load.next(), load.next(), load.next()

    assert first is not None
    assert first.startswith(b"POST /a HTTP/1.1\r\nHost: 127.0.0.1:1\r\n")
    assert first.endswith(b'\r\nContent-Length: 18\r\n\r\n{"id": "00000007"}')
    assert second is not None
    assert second.startswith(b"POST /b ")
    assert b"00000008" in second
    assert third is None
