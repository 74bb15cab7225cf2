"""Signatures of notifications: what a real listener gets, checked by others' means and by ours."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
import uuid
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from api.client import TMF652, Client
from api.serving import listening, prepare, served
from delivery.listeners import listening as hearing
from make import resource_order
from ordergate.assembly.running import build
from ordergate.assembly.signing import wire_signer
from ordergate.assembly.stores import Stores
from ordergate.client.verification import NotVerifiedError, Verification
from ordergate.delivery.signing import SigningKey
from ordergate.errors import SetupError
from running import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from socket import socket

    from delivery.listeners import Notification
    from ordergate.settings import Settings

KEYS = "/.well-known/webhook-keys"
README = (Path(__file__).parents[2] / "README.md").read_text()


@dataclass(frozen=True)
class Told:
    """One notification as it came, and the gateway that sent it."""

    headers: Mapping[str, str]
    body: bytes
    url: str
    published: list[dict[str, Any]]


def sign_in(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the three headers, by the names that the standard gives them."""
    return {name.lower(): value for name, value in headers.items() if "webhook" in name.lower()}


@contextmanager
def gateway(settings: Settings, bound: socket, key_file: Path | None = None) -> Iterator[Client]:
    """Serve at the socket that is bound, and deliver, on the ring's MongoDB."""
    port = bound.getsockname()[1]
    own = replace(
        settings,
        port=port,
        deliver=True,
        signing_key_file=key_file,
        retry_schedule=(1.1,),
        retry_jitter=0.01,
    )
    asyncio.run(prepare(own))
    with served(build(own), bound.dup()):
        client = Client(own.base_url(), TMF652)
        yield client
        client.close()


def told_by(
    client: Client, reply: Callable[[Notification], tuple[int, Mapping[str, str]]], count: int = 1
) -> list[Told]:
    """Post an order, and return the first attempts to tell of it."""
    with hearing(reply) as listener:
        hub = client.post("/hub", {"callback": listener.callback}, expect=201)["id"]
        client.post("/resourceOrder", resource_order(), expect=201)
        eventually(lambda: len(listener.told) >= count)
        client.delete(f"/hub/{hub}")
    published = client.at("").get(KEYS).document["keys"]
    return [
        Told(sign_in(one.headers), one.raw, client.url, published) for one in listener.told[:count]
    ]


def taken(_: Notification) -> tuple[int, Mapping[str, str]]:
    return 201, {}


def of_its_own(settings: Settings) -> Settings:
    """Return settings with a database that nobody else delivers from, and signs by his keys."""
    return replace(settings, database=f"signed_{uuid.uuid4().hex}")


@pytest.fixture(scope="module")
def attempts(store_settings: Settings) -> Iterator[list[Told]]:
    """Two attempts at one event, from a gateway that made its key itself."""
    answers = iter([503])
    with listening() as bound, gateway(of_its_own(store_settings), bound) as client:
        yield told_by(client, lambda _: (next(answers, 201), {}), 2)


@pytest.fixture
def told(attempts: list[Told]) -> Told:
    return attempts[0]


def test_keys_are_a_set_that_may_be_cached_and_tells_no_secret(api: Client) -> None:
    answer = api.get(KEYS)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Content-Type"].startswith("application/json")
    (key,) = answer.document["keys"]
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg", "webhookKey"}
    assert api.post(KEYS, {}, expect=405).headers["Allow"] == "GET"


def test_notification_is_named_and_dated_by_its_event_and_its_attempt(told: Told) -> None:
    assert told.headers.keys() == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert f'"eventId":"{told.headers["webhook-id"]}"'.encode() in told.body
    assert abs(time.time() - int(told.headers["webhook-timestamp"])) < 60


def test_signature_is_verified_by_another_program(told: Told, tmp_path: Path) -> None:
    public = b64decode(told.published[0]["webhookKey"].removeprefix("whpk_"))
    # RFC 8410: what makes 32 bytes an ed25519 key in DER.
    (tmp_path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + public)
    version, _, signature = told.headers["webhook-signature"].partition(",")
    assert version == "v1a"
    (tmp_path / "signature").write_bytes(b64decode(signature))
    head = f"{told.headers['webhook-id']}.{told.headers['webhook-timestamp']}.".encode()
    (tmp_path / "message").write_bytes(head + told.body)
    command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in message"
    subprocess.run([*command.split(), "-sigfile", "signature"], cwd=tmp_path, check=True)


def test_listener_verifies_it_by_the_published_keys(told: Told) -> None:
    Verification(told.url + KEYS).check(told.headers, told.body)


def test_what_was_tampered_with_is_refused(told: Told) -> None:
    verification = Verification(told.url + KEYS)
    later = str(int(told.headers["webhook-timestamp"]) + 1)
    for changed in ({"webhook-id": str(uuid.uuid4())}, {"webhook-timestamp": later}):
        with pytest.raises(NotVerifiedError, match="no signature fits"):
            verification.check({**told.headers, **changed}, told.body)
    with pytest.raises(NotVerifiedError, match="no signature fits"):
        verification.check(told.headers, told.body.replace(b"acknowledged", b"inProgress"))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"webhook-id": ""}, "it isn't signed"),
        ({"webhook-signature": ""}, "it isn't signed"),
        ({"webhook-timestamp": "soon"}, "its timestamp is no number"),
        ({"webhook-timestamp": "-1"}, "its timestamp is no number"),
        ({"webhook-timestamp": "9" * 400}, "no signature fits"),
        ({"webhook-signature": "v1a,AAAA"}, "no signature fits"),
        ({"webhook-signature": "v1a,*** v1a v1,x ,"}, "no signature fits"),
    ],
)
def test_what_is_not_signed_as_it_should_is_refused(
    told: Told, changed: dict[str, str], why: str
) -> None:
    with pytest.raises(NotVerifiedError, match=why):
        Verification(told.url + KEYS).check({**told.headers, **changed}, told.body)


@pytest.mark.parametrize(("seconds", "why"), [(302, "30. s old"), (-302, "30. s ahead")])
def test_what_is_older_than_five_minutes_or_ahead_is_refused(
    told: Told, seconds: int, why: str
) -> None:
    at = int(told.headers["webhook-timestamp"])
    Verification(told.url + KEYS, now=lambda: at + seconds * 0.99).check(told.headers, told.body)
    with pytest.raises(NotVerifiedError, match=why):
        Verification(told.url + KEYS, now=lambda: at + seconds).check(told.headers, told.body)


@pytest.mark.parametrize("path", ["/nothing", "/livez", "/readyz?x", "/metrics"])
def test_without_keys_nothing_is_verified(told: Told, path: str) -> None:
    with pytest.raises(NotVerifiedError, match="there are no keys at"):
        Verification(told.url + path).check(told.headers, told.body)


def test_the_lines_of_the_readme_verify_it(told: Told) -> None:
    (lines,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert "http://127.0.0.1:8652/" in lines
    names: dict[str, Any] = {}
    exec(lines.replace("http://127.0.0.1:8652", told.url), names)  # noqa: S102 - our own README
    assert names["is_from_ordergate"](told.headers, told.body)
    assert not names["is_from_ordergate"](told.headers, told.body + b" ")
    stale = {**told.headers, "webhook-timestamp": "1614265330"}
    assert not names["is_from_ordergate"](stale, told.body)


def test_attempts_at_one_event_have_one_id_and_a_signature_each(attempts: list[Told]) -> None:
    first, second = (one.headers for one in attempts)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(first["webhook-timestamp"]) < int(second["webhook-timestamp"])
    assert first["webhook-signature"] != second["webhook-signature"]
    Verification(attempts[1].url + KEYS).check(second, attempts[1].body)


def test_both_keys_are_good_during_a_rotation_and_the_old_one_not_after_it(
    store_settings: Settings, tmp_path: Path
) -> None:
    settings, file = of_its_own(store_settings), tmp_path / "keys"
    old, new = SigningKey.generate(), SigningKey.generate()
    with listening() as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}{KEYS}"
        follows = Verification(url, rest=0.0)

        def signed_by(*keys: SigningKey) -> tuple[Told, Verification]:
            """Return a notification, and a listener that knows the keys of then and no others."""
            file.write_text("\n".join(key.secret() for key in keys))
            with gateway(settings, bound, file) as client:
                (made,) = told_by(client, taken)
                assert [one["x"] for one in made.published] == [
                    one.published()["x"] for one in keys
                ]
                knows_these = Verification(url, rest=3600.0)
                for verification in (follows, knows_these):
                    verification.check(made.headers, made.body)
                return made, knows_these

        before, knows_old = signed_by(old)
        during, _ = signed_by(old, new)
        after, knows_new = signed_by(new)
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    for verification in (knows_old, knows_new):
        verification.check(during.headers, during.body)
    for verification, unknown in ((knows_old, after), (knows_new, before)):
        with pytest.raises(NotVerifiedError, match="no signature fits"):
            verification.check(unknown.headers, unknown.body)


def test_file_that_holds_no_key_stops_the_start(store_settings: Settings, tmp_path: Path) -> None:
    hidden = "c2VjcmV0LXRoYXQtaXMtdG9vLXNob3J0"
    file = tmp_path / "keys"

    async def load() -> None:
        own = replace(store_settings, signing_key_file=file)
        stores = Stores(own)
        try:
            await wire_signer(own, stores).load()
        finally:
            await stores.close()

    for write in (
        lambda: None,
        lambda: file.write_text(f"whsk_{hidden}"),
        lambda: file.write_bytes(b"\xff"),
    ):
        write()
        with pytest.raises(SetupError, match="ORDERGATE_SIGNING_KEY_FILE=") as refused:
            asyncio.run(load())
        assert hidden not in refused.value.reason
