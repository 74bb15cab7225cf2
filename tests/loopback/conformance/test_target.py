from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loopback.conformance.answering import answering, session
from ordergate.conformance.profile import PROFILES
from ordergate.conformance.target import find_contract, find_doors, is_contract, read_file
from ordergate.errors import SetupError
from ordergate.model.common import Api
from wrong_server import BASE, serving

if TYPE_CHECKING:
    from pathlib import Path

TMF652 = PROFILES[Api.RESOURCE_ORDERING]


def test_door_is_found_by_its_base_and_by_the_root_of_the_server() -> None:
    with serving() as server, session(server.url) as made:
        root = server.url.removesuffix(BASE)
        for url in (server.url, f"{server.url}/", root, f"{root}/"):
            assert find_doors(made, url, [TMF652]) == [(TMF652, server.url)]


def test_doors_that_a_server_has_not_are_left_out() -> None:
    with serving() as server, session(server.url) as made:
        found = find_doors(made, server.url.removesuffix(BASE), PROFILES.values())

    assert [profile.api for profile, _ in found] == [Api.RESOURCE_ORDERING]


@pytest.mark.parametrize("url", ["vendor.example", "ftp://vendor.example", "http://", ""])
def test_url_that_is_none_is_named(url: str) -> None:
    with session("http://127.0.0.1") as made, pytest.raises(SetupError, match="no URL of a server"):
        find_doors(made, url, [TMF652])


def test_contract_of_another_api_is_not_taken() -> None:
    contract = b'{"paths": {"/serviceOrder": {}}}'
    with answering(contract) as url, session(url) as made:
        assert find_contract(made, url, TMF652) is None
        assert find_contract(made, url, PROFILES[Api.SERVICE_ORDERING]) is not None


@pytest.mark.parametrize("document", [{}, {"paths": None}, {"paths": []}])
def test_document_without_orders_is_no_contract(document: dict[str, object]) -> None:
    assert not is_contract(document, TMF652)


def test_file_may_be_yaml_or_json(tmp_path: Path) -> None:
    file = tmp_path / "contract"
    for text in ("openapi: 3.0.3", '{"openapi": "3.0.3"}'):
        file.write_text(text)
        assert read_file(file) == {"openapi": "3.0.3"}


@pytest.mark.parametrize("text", ["- a list", "{", ""])
def test_file_that_holds_no_object_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "order.json"
    file.write_text(text)

    with pytest.raises(SetupError, match=r"order\.json holds no JSON or YAML object"):
        read_file(file)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"none\.json can't be read"):
        read_file(tmp_path / "none.json")
