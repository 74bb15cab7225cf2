from __future__ import annotations

from pathlib import Path

import pytest

from ordergate.cli.request_file import is_service_order, read_request
from ordergate.errors import SetupError

EXAMPLES = Path(__file__).parents[3] / "examples" / "requests"


def test_kind_of_request_is_seen_from_its_content() -> None:
    assert is_service_order(read_request(EXAMPLES / "vpn-and-fibre.json"))
    assert not is_service_order(read_request(EXAMPLES / "trouble-recovery.json"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{\n,}", "request.json:2: this is no JSON"),
        ('{"serviceOrderItem": NaN}', "NaN is no value"),
        ("[" * 100_000, "this is no JSON"),
        ("[]", "holds no request"),
        ('{"orderItem": []}', "`serviceOrderItem`"),
        ("\x00", "this is no JSON"),
    ],
)
def test_file_that_holds_no_request_is_told_in_one_sentence(
    tmp_path: Path, content: str, says: str
) -> None:
    file = tmp_path / "request.json"
    file.write_text(content)

    with pytest.raises(SetupError, match=says):
        read_request(file)


def test_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SetupError, match="this is no JSON"):
        read_request(file)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="can't be read: No such file"):
        read_request(tmp_path / "none.json")
