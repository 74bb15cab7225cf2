"""Requests that mean harm: each has its exact status, none is a 5xx, none leaves a trace."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from api.client import GATEWAY, TMF641, TMF652, check_error, strict_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.client import Client

ORDER = f"{TMF652}/resourceOrder"
HUB = f"{TMF652}/hub"
JSON = [("Content-Type", "application/json")]
ITEM = b'{"action":"add","resourceSpecification":{"id":"x"}}'
LIMIT = 1_048_576


def order(extra: bytes) -> bytes:
    return b'{"category":"hostile","orderItem":[%s],%s}' % (ITEM, extra)


def item(extra: bytes) -> bytes:
    return b'{"category":"hostile","orderItem":[{"action":"add",%s}]}' % extra


def asked(**changes: bytes) -> bytes:
    """Return a service order of which one part is wrong."""
    service = changes.get("service", b'{"serviceSpecification":{"id":"x"}}')
    rest, inner = changes.get("rest", b""), changes.get("item", b"")
    wanted = b'{"id":"1","action":"add","service":%s%s}' % (service, inner)
    return b'{"category":"hostile","serviceOrderItem":[%s]%s}' % (wanted, rest)


def exchange(
    client: Client,
    method: str,
    path: str,
    body: bytes | Iterator[bytes] | None,
    headers: list[tuple[str, str]],
) -> tuple[int, dict[str, str], bytes]:
    """Send a request as it stands: no library puts it right on its way."""
    connection = http.client.HTTPConnection(urlsplit(client.url).netloc, timeout=20)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if isinstance(body, bytes):
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
        elif body is not None:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(body, encode_chunked=True)
        else:
            connection.endheaders()
        answer = connection.getresponse()
        told = {name.title(): value for name, value in answer.getheaders()}
        return answer.status, told, answer.read()
    finally:
        connection.close()


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "blanks": (b" \n\t ", 400),
    "null": (b"null", 400),
    "array": (b"[]", 400),
    "text": (b'"order"', 400),
    "number": (b"1", 400),
    "key with $": (order(b'"$where":"sleep(1000)"'), 400),
    "key with $ inside": (order(b'"x":{"$gt":""}'), 400),
    "reference of the store's": (order(b'"x":{"$ref":"hub","$id":1}'), 400),
    "key with a dot": (order(b'"a.b":{"c.d":1}'), 400),
    "prototype": (order(b'"x":{"__proto__":{"admin":true}}'), 400),
    "key twice": (order(b'"x":1,"x":2'), 400),
    "key twice, once escaped": (order(b'"x":1,"\\u0078":2'), 400),
    "key twice inside": (item(b'"resource":{"name":"a","name":"b"}'), 400),
    "cut short": (order(b'"x":1')[:-5], 400),
    "more after the end": (order(b'"x":1') + b"{}", 400),
    "no number": (order(b'"x":NaN'), 400),
    "infinity": (order(b'"x":-Infinity'), 400),
    "infinity by its power": (order(b'"x":1e999'), 400),
    "5000 digits": (order(b'"x":' + b"9" * 5000), 400),
    "beyond 63 bits": (order(b'"x":9223372036854775808'), 400),
    "quantity beyond 63 bits": (item(b'"quantity":18446744073709551615,"resource":{}'), 400),
    "lone surrogate": (order(b'"x":"\\ud800"'), 400),
    "lone surrogate in a key": (order(b'"\\udfff":1'), 400),
    "NUL in a value": (order(b'"description":"a\\u0000b"'), 400),
    "NUL in a key": (order(b'"a\\u0000b":1'), 400),
    "NUL in an id": (item(b'"id":"\\u0000","resource":{}'), 400),
    "raw control character": (order(b'"x":"\x01"'), 400),
    "no UTF-8": (order(b'"x":"\xe9"'), 400),
    "overlong UTF-8": (order(b'"x":"\xc0\xaf"'), 400),
    "UTF-16": (order(b'"x":1').decode().encode("utf-16"), 400),
    "byte order mark": (b"\xef\xbb\xbf" + order(b'"x":1'), 400),
    "33 levels": (order(b'"x":' + b"[" * 32 + b"]" * 32), 400),
    "1000 levels": (order(b'"x":' + b'{"a":' * 1000 + b"1" + b"}" * 1000), 400),
    "100000 levels": (order(b'"x":' + b"[" * 100_000 + b"]" * 100_000), 400),
    "100000 levels, never closed": (b"[" * 100_000, 400),
    "items as an object": (b'{"category":"hostile","orderItem":{}}', 400),
    "item as a text": (b'{"category":"hostile","orderItem":["x"]}', 400),
    "item as null": (b'{"category":"hostile","orderItem":[null]}', 400),
    "resource as an array": (item(b'"resource":[]'), 400),
    "resource id as an object": (item(b'"resource":{"id":{"$gt":""}}'), 400),
    "resource id as a number": (item(b'"resource":{"id":7}'), 400),
    "item id as an array": (item(b'"id":["1"],"resource":{}'), 400),
    "relationship as a text": (item(b'"resource":{},"orderItemRelationship":"1"'), 400),
    "relationship to itself": (
        item(
            b'"id":"1","resource":{},"orderItemRelationship":'
            b'[{"relationshipType":"reliesOn","orderItem":{"itemId":"1"}}]'
        ),
        400,
    ),
    "priority as a text": (order(b'"priority":"1"'), 400),
    "priority as a fraction": (order(b'"priority":1.0'), 400),
    "description as null": (order(b'"description":null'), 400),
    "date as a number": (order(b'"requestedStartDate":1'), 400),
    "date that is none": (order(b'"requestedStartDate":"31/31/2020"'), 400),
    "day that is none": (order(b'"requestedStartDate":"2021-02-30T00:00:00Z"'), 400),
    "day that is none, in the other spelling": (
        order(b'"requestedStartDate":"2021-02-30T00:00:00+0000"'),
        400,
    ),
    "form": (b"orderItem=1", 400),
    "XML": (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", 400),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_hostile_body_is_refused(tmf652: Client, body: bytes, status: int) -> None:
    got, headers, answer = exchange(tmf652, "POST", ORDER, body, JSON)
    assert got == status
    check_error(got, headers, answer)


@pytest.mark.parametrize(
    "extra",
    [
        b'"constructor":{"prototype":1}',
        b'"_id":"mine","revision":99,"outbox":[],"deleted":true',
        b'"x":1e300',
        b'"x":"' + b"y" * 900_000 + b'"',
        b'"x":' + b"[" * 31 + b"]" * 31,
    ],
    ids=["constructor", "inside", "double", "long", "deep"],
)
def test_odd_extension_is_data_and_nothing_else(tmf652: Client, extra: bytes) -> None:
    body = b'{"category":"odd","orderItem":[%s],%s}' % (ITEM, extra)
    got, headers, answer = exchange(tmf652, "POST", ORDER, body, JSON)
    assert got == 201
    kept = strict_json(answer)
    sent = strict_json(body)
    assert {name: kept[name] for name in sent if name != "orderItem"} == {
        name: value for name, value in sent.items() if name != "orderItem"
    }
    got, _, answer = exchange(tmf652, "GET", headers["Location"].removeprefix(tmf652.url), None, [])
    assert (got, strict_json(answer)) == (200, kept)
    tmf652.delete(f"/resourceOrder/{kept['id']}")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{TMF641}/serviceOrder", asked(service=b"5")),
        (f"{TMF641}/serviceOrder", asked(service=b"{}")),
        (f"{TMF641}/serviceOrder", asked(service=b'{"serviceSpecification":"x"}')),
        (f"{TMF641}/serviceOrder", asked(service=b'{"id":"1","serviceCharacteristic":[{}]}')),
        (f"{TMF641}/serviceOrder", asked(service=b'{"id":"1","supportingService":[5]}')),
        (f"{TMF641}/serviceOrder", asked(service=b'{"id":"1","feature":[{"isEnabled":1}]}')),
        (f"{TMF641}/serviceOrder", asked(item=b',"specialHandling":5')),
        (f"{TMF641}/serviceOrder", asked(item=b',"quantity":"many"')),
        (f"{TMF641}/serviceOrder", asked(item=b',"serviceOrderItemRelationship":{}')),
        (f"{TMF641}/serviceOrder", asked(rest=b',"priority":1')),
        (f"{TMF641}/serviceOrder", asked(rest=b',"externalReference":[1]')),
        (f"{GATEWAY}/assessment", b'{"serviceOrder":{"serviceOrderItem":[null]}}'),
        (f"{GATEWAY}/assessment", b'{"serviceOrder":%s}' % asked(item=b',"id":1')),
        (f"{GATEWAY}/initiatingRequest", b'{"requestType":{},"requestedItem":[{}]}'),
        (HUB, b'{"callback":1}'),
        (HUB, b'{"callback":"http://127.0.0.1/","query":{}}'),
    ],
)
def test_wrong_type_is_refused_at_every_door(api: Client, path: str, body: bytes) -> None:
    got, headers, answer = exchange(api, "POST", path, body, JSON)
    assert got == 400
    check_error(got, headers, answer)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ORDER}/{'x' * 10_000}", 414),
        (f"{ORDER}/..%2f..%2f..%2fetc%2fpasswd", 404),
        (f"{ORDER}/../../../etc/passwd", 404),
        (f"{ORDER}/%2e%2e", 404),
        (f"{ORDER}/%00", 404),
        (f"{ORDER}/%ff", 404),
        (f"{ORDER}/%0d%0aX-Evil:%201", 404),
        (f"{ORDER}/$where", 404),
        (f"{ORDER}/%7B%22$gt%22:%22%22%7D", 404),
        (f"{ORDER}?state[$ne]=x", 200),
        (f"{ORDER}?$where=1", 400),
        (f"{ORDER}?x=" + "y" * 9_000, 414),
        (f"{ORDER}?x.$gt=1", 400),
        (f"{ORDER}?a%00=1", 400),
        (f"{ORDER}?a=%00", 200),
        (f"{ORDER}?a=%ff", 400),
        (f"{ORDER}?%ff=1", 400),
        (f"{ORDER}?fields=$where", 400),
        (f"{ORDER}?sort=$natural", 400),
        (f"{ORDER}?state.regex=(a%2B)%2B%24", 200),
        (f"{ORDER}?state*=x", 200),
        (f"{ORDER}?limit=1&limit=2", 400),
        (f"{ORDER}?offset=9e99", 400),
        (f"{ORDER}?offset={'9' * 400}", 400),
        (f"{ORDER}?offset={'9' * 18}", 206),
        (f"{ORDER}?{'a.' * 20}b=1", 400),
        (f"{ORDER}?{'&'.join(f'a{n}=1' for n in range(51))}", 400),
        (f"{ORDER}?a={'1,' * 200}", 400),
        (f"{ORDER}?priority.gt=1e400", 200),
        (f"{ORDER}?unknown=1&unknown=2", 200),
        (f"{ORDER}?a={'x' * 20_000}", 414),
    ],
)
def test_hostile_address_has_its_status(tmf652: Client, path: str, status: int) -> None:
    tmf652.post("/resourceOrder", strict_json(b'{"orderItem":[%s]}' % ITEM), expect=201)
    got, headers, answer = exchange(tmf652, "GET", path, None, [])
    assert got == status
    assert "X-Evil" not in headers
    if status >= 400:
        check_error(got, headers, answer)
    else:
        assert isinstance(strict_json(answer), list)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Content-Type", "text/plain")], 415),
        ([("Content-Type", "")], 415),
        ([("Content-Type", ";;;")], 415),
        ([("Content-Type", "application/vnd.x+json")], 415),
        ([("Content-Type", "multipart/form-data")], 415),
        ([("Content-Type", "text/plain"), ("Content-Type", "application/json")], 415),
        ([*JSON, ("Idempotency-Key", "")], 400),
        ([*JSON, ("Idempotency-Key", "k" * 256)], 400),
        ([*JSON, ("Content-Encoding", "gzip")], 415),
        ([*JSON, ("Content-Encoding", "br")], 415),
        ([("Content-Type", "application/json; charset=utf-16")], 415),
        ([("Content-Type", "application/json; charset=latin-1")], 415),
        ([("Content-Type", "Application/JSON; Charset=\xe9")], 415),
        ([*JSON, ("X-Long", "x" * 17_000)], 431),
    ],
)
def test_hostile_header_has_its_status(
    tmf652: Client, headers: list[tuple[str, str]], status: int
) -> None:
    body = b"\x1f\x8b\x08" if ("Content-Encoding", "gzip") in headers else order(b'"x":1')
    got, told, answer = exchange(tmf652, "POST", ORDER, body, headers)
    assert got == status
    check_error(got, told, answer)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "application/json"), ("Content-Type", "text/plain")],
        [("Content-Type", "Application/JSON; Charset=UTF-8")],
        [*JSON, ("Content-Encoding", "identity")],
        [*JSON, ("Idempotency-Key", "\xe9\xff")],
    ],
)
def test_odd_header_does_no_harm(tmf652: Client, headers: list[tuple[str, str]]) -> None:
    body = b'{"category":"odd","orderItem":[%s]}' % ITEM
    got, _, answer = exchange(tmf652, "POST", ORDER, body, headers)
    assert got == 201
    tmf652.delete(f"/resourceOrder/{strict_json(answer)['id']}")


def test_announced_body_beyond_the_limit_is_refused(tmf652: Client) -> None:
    body = order(b'"x":"' + b"y" * LIMIT + b'"')
    got, headers, answer = exchange(tmf652, "POST", ORDER, body, JSON)
    assert got == 413
    assert check_error(got, headers, answer)["code"] == "bodyTooLarge"


def test_streamed_body_beyond_the_limit_is_refused(tmf652: Client) -> None:
    chunks = (b" " * 65_536 for _ in range(2 * LIMIT // 65_536))
    got, headers, answer = exchange(tmf652, "POST", ORDER, chunks, JSON)
    assert got == 413
    assert check_error(got, headers, answer)["code"] == "bodyTooLarge"


def test_streamed_body_within_the_limit_is_taken(tmf652: Client) -> None:
    body = b'{"category":"odd","orderItem":[%s]}' % ITEM
    got, _, answer = exchange(tmf652, "POST", ORDER, iter([body[:9], body[9:]]), JSON)
    assert got == 201
    tmf652.delete(f"/resourceOrder/{strict_json(answer)['id']}")


def test_nothing_that_was_refused_is_kept(tmf652: Client, tmf641: Client) -> None:
    for body, _ in BODIES.values():
        exchange(tmf652, "POST", ORDER, body, JSON)
    assert tmf652.get("/resourceOrder?category=hostile").document == []
    assert tmf641.get("/serviceOrder?category=hostile").document == []
