from __future__ import annotations

from datetime import UTC, datetime

from fakes_catalog import example_rule, small_rule
from ordergate.catalog.compile import compile_rule
from ordergate.model.common import Specification
from ordergate.process.evaluation import Effort
from ordergate.process.request import RequestType
from ordergate.process.rules import Feasibility, Literal


def test_every_part_of_an_example_rule_is_compiled() -> None:
    rule, _ = compile_rule(example_rule())
    assert rule is not None
    assert rule.applies_to.specification == Specification("svc-fibre-access")
    assert rule.requires.place == ("installationAddress",)
    assert [one.name for one in rule.requires.characteristic if one.optional] == [
        "dropLength",
        "wifi",
    ]
    assert rule.requires.characteristic[0].schema.problems(5) == [
        "5 is less than the minimum of 10"
    ]
    assert [one.code for one in rule.special] == ["longDrop", "bandwidthBeyondTechnology"]
    assert [line.key for line in rule.order_item] == ["port", "ont", "wifi", "vlan"]
    port, ont, wifi, _ = rule.order_item
    scope = {"characteristic": {"technology": "GPON", "bandwidth": 100, "wifi": True}}
    assert port.characteristic["profile"].evaluate(scope, Effort()) == "GPON-100"
    assert port.resource["name"] == Literal("OLT port")
    assert (ont.place, ont.appointment, ont.depends_on) == ("installationAddress", True, ("port",))
    assert ont.point_of_no_return == "inProgress"
    assert wifi.when is not None
    assert wifi.when.evaluate(scope, Effort()) is True


def test_lists_quantities_and_kinds_of_request_are_compiled() -> None:
    vpn, _ = compile_rule(example_rule("business-vpn"))
    fibre, _ = compile_rule(example_rule("dark-fibre"))
    assert vpn is not None
    assert fibre is not None
    assert vpn.applies_to.request_type == frozenset(
        {RequestType.SERVICE_ORDER, RequestType.PARTY_REQUEST}
    )
    tail = vpn.order_item[1]
    assert tail.for_each is not None
    assert tail.for_each.name == "site"
    assert tail.resource["name"].evaluate({"site": {"name": "Bern"}}, Effort()) == "Tail Bern"
    cable = fibre.order_item[0]
    assert cable.bulk
    assert cable.quantity.evaluate({"characteristic": {"length": 12.9}}, Effort()) == 12
    assert fibre.feasibility is Feasibility.ALWAYS


def test_what_a_rule_leaves_out_has_its_default() -> None:
    rule, _ = compile_rule(small_rule())
    assert rule is not None
    line = rule.order_item[0]
    assert (rule.version, rule.feasibility) == (1, Feasibility.IF_SPECIAL)
    assert rule.applies_to.request_type is None
    assert (line.domain, line.quantity, line.bulk) == ("default", Literal(1), False)


def test_validity_is_compiled_as_moments_in_utc() -> None:
    period = {"startDateTime": "2026-01-01", "endDateTime": "2026-02-01T00:00:00+01:00"}
    rule, _ = compile_rule(small_rule(validFor=period))
    assert rule is not None
    assert rule.is_valid_at(datetime(2026, 1, 1, tzinfo=UTC))
    assert not rule.is_valid_at(datetime(2026, 1, 31, 23, tzinfo=UTC))
