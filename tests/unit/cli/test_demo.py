from __future__ import annotations

from ordergate.cli.demo import find_examples
from ordergate.cli.request_file import is_service_order, read_request


def test_examples_are_found_with_rules_and_requests() -> None:
    examples = find_examples()

    assert list((examples / "catalog").glob("*.yaml"))
    assert is_service_order(read_request(examples / "requests" / "vpn-and-fibre.json"))
