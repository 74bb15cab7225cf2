from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fakes import FixedClock
from ordergate.delivery.signing import Signer, SigningKey, read_signing_keys
from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The vector that implementations of Standard Webhooks share for v1a.
KEY = (
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
)
SEED = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
SIGNATURE = (
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
)

PEM = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIHK0KdTb4cHFEEzEGTiAqpNmvaRgqAjpvhM60RKOvOCP
-----END PRIVATE KEY-----
"""
RSA_LIKE = """-----BEGIN RSA PRIVATE KEY-----
MIIB
-----END RSA PRIVATE KEY-----
"""


MOMENT = datetime.fromtimestamp(1_614_265_330.9, UTC)


def signer_of(*keys: SigningKey) -> Signer:
    async def fetched() -> Sequence[SigningKey]:
        return keys

    signer = Signer(fetched, FixedClock(MOMENT))
    asyncio.run(signer.load())
    return signer


@pytest.mark.parametrize("text", [KEY, SEED])
def test_signature_is_the_one_that_others_make(text: str) -> None:
    signer = signer_of(SigningKey.read(text))
    assert signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}') == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }
    assert signer.published()["keys"][0]["webhookKey"] == PUBLIC


def test_two_keys_make_two_signatures_in_their_order() -> None:
    both = [SigningKey.read(KEY), SigningKey.generate()]
    signed = signer_of(*both).headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    first, second = signed["webhook-signature"].split(" ")
    assert first == SIGNATURE
    message = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    assert second == both[1].signature(message)


def test_published_key_is_that_of_the_rfc() -> None:
    # RFC 8037, appendices A.1 to A.3: the key, and its thumbprint.
    seed = b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = SigningKey.read("whsk_" + b64encode(seed).decode())
    assert key.published() == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "use": "sig",
        "alg": "EdDSA",
        "webhookKey": "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    }


def test_secret_is_read_as_it_was_written() -> None:
    key = SigningKey.generate()
    assert SigningKey.read(key.secret()).public == key.public


def test_secret_does_not_show() -> None:
    key = SigningKey.generate()
    assert key.secret().removeprefix("whsk_") not in repr(key)
    assert "private" not in repr(key)


def test_nothing_is_signed_before_there_is_a_key() -> None:
    async def none() -> Sequence[SigningKey]:
        return ()

    with pytest.raises(RuntimeError):
        Signer(none, FixedClock(MOMENT)).headers("id", b"{}")


@pytest.mark.parametrize("text", [KEY, PEM, f"\n{SEED}\n\n", PEM + KEY, f"{KEY}\n{PEM}"])
def test_file_holds_one_key_or_two_in_either_form(text: str) -> None:
    keys = read_signing_keys(text)
    assert len(keys) == ("BEGIN" in text) + ("whsk_" in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "whsk_",
        "whsk_AAAA",
        "whsk_" + "*" * 44,
        KEY[:-6] + "AAAA==",
        PUBLIC,
        RSA_LIKE,
        PEM.replace("PRIVATE", "PUBLIC"),
        PEM.replace("K2VwB", "K2VuB"),
        PEM.replace("KwZ", "AAA").replace("MC4C", "AAAA"),
        PEM + RSA_LIKE,
        KEY + "\nand a note",
        f"{KEY}\n{SEED}",
        f"{KEY}\n{PEM}{SigningKey.generate().secret()}",
    ],
)
def test_any_other_file_is_refused_without_telling_what_it_holds(text: str) -> None:
    with pytest.raises(SetupError) as refused:
        read_signing_keys(text)
    assert not any(line in refused.value.reason for line in text.split() if len(line) > 8)
