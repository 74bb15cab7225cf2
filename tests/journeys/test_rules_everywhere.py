"""A rule is hot: in force for the next request, at whichever process, without a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from running import Gateway, eventually

if TYPE_CHECKING:
    from pathlib import Path

RULE = "/gateway/v1/resourceOrderRule/small"
ASSESSMENT = "/gateway/v1/assessment"
ENOUGH = 20
"""New connections that surely reach both of two workers."""


def rule(version: int) -> dict[str, Any]:
    return {
        "id": "small",
        "version": version,
        "name": "Small",
        "appliesTo": {"specification": {"id": "svc-small"}},
        "orderItem": [{"key": "port", "resourceSpecification": {"id": "rs-port"}}],
        "tests": [{"name": "one", "given": {}, "expect": {"items": ["port"]}}],
    }


def deciding(gateway: Gateway) -> set[int | None]:
    """Return which versions decide now, over many connections; None is no rule at all."""
    service = {"serviceSpecification": {"id": "svc-small"}}
    item = {"id": "1", "action": "add", "@type": "ServiceOrderItem", "service": service}
    body = {"serviceOrder": {"@type": "ServiceOrder", "serviceOrderItem": [item]}}
    found = set()
    for _ in range(ENOUGH):
        decided = gateway.call("POST", ASSESSMENT, expect=200, json=body)
        found.add(decided["assessment"]["item"][0].get("rule", {}).get("version"))
    return found


def test_change_of_a_rule_is_in_force_at_every_worker_when_it_is_answered(
    gateway: Gateway,
) -> None:
    gateway.start("--workers", "2")
    assert deciding(gateway) == {None}
    gateway.call("PUT", RULE, expect=201, json=rule(1))
    assert deciding(gateway) == {1}
    gateway.call("PUT", RULE, expect=201, json=rule(2))
    assert deciding(gateway) == {2}
    gateway.call("PUT", RULE, expect=201, json={**rule(3), "status": "draft"})
    assert deciding(gateway) == {2}
    gateway.call("DELETE", RULE, expect=204)
    assert deciding(gateway) == {None}


def test_change_of_a_rule_is_in_force_at_another_gateway(
    gateway: Gateway, tmp_path: Path, mongodb_uri: str
) -> None:
    shared = {"ORDERGATE_MONGODB_URI": mongodb_uri, "ORDERGATE_DATABASE": f"j{gateway.port}"}
    other = Gateway(tmp_path / "other")
    try:
        for one in (gateway, other):
            one.start(**shared)
        gateway.call("PUT", RULE, expect=201, json=rule(1))
        eventually(lambda: deciding(other) == {1}, within=1)
        other.call("DELETE", RULE, expect=204)
        assert deciding(gateway) == {None}
    finally:
        other.close()
