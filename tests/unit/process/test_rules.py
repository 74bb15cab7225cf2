from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes import Computed
from make import MOMENT, SMALL, item, rule
from ordergate.model.common import Specification
from ordergate.process.evaluation import Effort, Evaluator
from ordergate.process.request import RequestType
from ordergate.process.rules import (
    AppliesTo,
    CharacteristicRequirement,
    ExpressionError,
    Literal,
    Requires,
    matching,
)

if TYPE_CHECKING:
    from ordergate.process.request import RequestedItem
    from ordergate.process.rules import Rule

ALWAYS, NEVER = Literal(value=True), Literal(value=False)
VERSIONED = Specification("svc-small", version="2")


def found(item: RequestedItem, *rules: Rule) -> list[str]:
    known = Evaluator({})
    return [one.id for one in matching(rules, item, RequestType.PARTY_REQUEST, known, MOMENT)]


def applying(rule_id: str, specification: Specification = SMALL, **applies: Any) -> Rule:
    return rule(id=rule_id, applies_to=AppliesTo(specification, **applies))


def test_rule_is_for_its_specification_alone() -> None:
    assert found(item(), applying("a"), applying("b", Specification("svc-other"))) == ["a"]


def test_item_without_a_specification_has_no_rule() -> None:
    assert found(item(specification=None), applying("a")) == []


@pytest.mark.parametrize(("version", "expected"), [("2", ["a"]), ("1", []), (None, [])])
def test_rule_that_names_a_version_wants_that_one(version: str | None, expected: list[str]) -> None:
    asked = item(specification=Specification("svc-small", version=version))
    assert found(asked, applying("a", VERSIONED)) == expected


def test_rule_may_be_for_some_request_types_only() -> None:
    parties = frozenset({RequestType.PARTY_REQUEST})
    orders = frozenset({RequestType.SERVICE_ORDER})
    rules = applying("a", request_type=parties), applying("b", request_type=orders)
    assert found(item(), *rules) == ["a"]


def test_condition_that_is_not_true_rules_the_rule_out() -> None:
    assert found(item(), applying("a", when=NEVER), applying("b", when=Literal("yes"))) == []
    assert found(item(), applying("a", when=ALWAYS)) == ["a"]


def test_condition_without_a_value_is_an_error() -> None:
    broken = Computed("missing", lambda scope: scope["missing"])
    with pytest.raises(ExpressionError):
        found(item(), applying("a", when=broken))


def test_most_specific_rule_wins_by_version_then_condition_then_request_type() -> None:
    asked = item(specification=VERSIONED)
    parties = frozenset({RequestType.PARTY_REQUEST})
    plain = applying("plain")
    typed = applying("typed", request_type=parties)
    conditional = applying("conditional", when=ALWAYS)
    versioned = applying("versioned", VERSIONED)
    assert found(asked, plain, typed) == ["typed"]
    assert found(asked, plain, typed, conditional) == ["conditional"]
    assert found(asked, plain, versioned, typed, conditional) == ["versioned"]
    both = applying("both", when=ALWAYS, request_type=parties)
    assert found(asked, both, versioned) == ["versioned"]


def test_equally_specific_rules_are_all_returned() -> None:
    assert found(item(), applying("a"), applying("b")) == ["a", "b"]


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "expected"),
    [
        (None, None, ["small"]),
        (MOMENT, None, ["small"]),
        (MOMENT + timedelta(milliseconds=1), None, []),
        (None, MOMENT, []),
        (None, MOMENT + timedelta(milliseconds=1), ["small"]),
    ],
)
def test_rule_holds_from_its_start_until_before_its_end(
    valid_from: Any, valid_until: Any, expected: list[str]
) -> None:
    one = rule(valid_from=valid_from, valid_until=valid_until)
    assert found(item(), one) == expected


def test_literal_is_its_own_source() -> None:
    assert (Literal("GPON").source, Literal("GPON").evaluate({}, Effort())) == ("'GPON'", "GPON")


class TestConditionOverWhatIsMissing:
    """`appliesTo.when` over a characteristic that the rule itself requires."""

    def test_only_candidate_is_told_to_the_requester(self) -> None:
        assert found(item(), wanting("a", "speed")) == ["a"]

    def test_rule_that_applies_for_certain_goes_before(self) -> None:
        assert found(item(), wanting("a", "speed"), applying("plain")) == ["plain"]

    def test_of_several_the_first_of_the_most_specific_asks_for_it(self) -> None:
        versioned = wanting("b", "speed", VERSIONED)
        asked = item(specification=VERSIONED)
        assert found(asked, wanting("a", "speed"), versioned, wanting("c", "speed")) == ["b"]

    def test_rule_that_only_misses_something_goes_before_one_that_refuses_a_value(self) -> None:
        asked = item(characteristic={"kind": "x"})
        refusing = wanting("a", "speed", also=CharacteristicRequirement("kind", Refusing()))
        assert found(asked, refusing, wanting("b", "speed")) == ["b"]
        assert found(asked, refusing) == ["a"]

    def test_wrong_value_is_refused_rather_than_a_failure_of_the_rule(self) -> None:
        asked = item(characteristic={"speed": "fast"})
        assert found(asked, wanting("a", "speed", schema=Refusing())) == ["a"]

    def test_condition_without_a_value_though_all_is_there_is_an_error(self) -> None:
        with pytest.raises(ExpressionError):
            found(item(characteristic={"speed": 1}), wanting("a", "speed"))

    @pytest.mark.parametrize(
        "requires", [Requires(place=("site",)), Requires(related_party=("x",))]
    )
    def test_missing_place_or_party_counts_too(self, requires: Requires) -> None:
        broken = Computed("missing", lambda scope: scope["missing"])
        one = rule(id="a", applies_to=AppliesTo(SMALL, when=broken), requires=requires)
        assert found(item(), one) == ["a"]


class Refusing:
    """A schema that no value fits."""

    def problems(self, value: Any) -> list[str]:
        return [f"{value} is wrong"]


class Fitting:
    """A schema that every value fits."""

    def problems(self, value: Any) -> list[str]:  # noqa: ARG002 - it looks at nothing
        return []


def wanting(
    rule_id: str,
    name: str,
    specification: Specification = SMALL,
    *,
    schema: Refusing | Fitting | None = None,
    also: CharacteristicRequirement | None = None,
) -> Rule:
    """Return a rule that requires `name`, with a condition that fails."""
    broken = Computed("missing", lambda scope: scope["missing"])
    wanted = [CharacteristicRequirement(name, schema or Fitting()), *([also] if also else [])]
    return rule(
        id=rule_id,
        applies_to=AppliesTo(specification, when=broken),
        requires=Requires(characteristic=tuple(wanted)),
    )
