from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fakes import Computed
from make import MOMENT, SMALL, example, example_rules, item, request, request_of, rule
from ordergate.model.common import Action, Specification
from ordergate.process.assess import assess, scope_of
from ordergate.process.assessment import Assessment, Outcome, outcome_of
from ordergate.process.rules import (
    VARIABLES,
    AppliesTo,
    CharacteristicRequirement,
    Feasibility,
    Literal,
    Requires,
    SpecialCondition,
)
from ordergate.schemas.json_schema import compile_schema

if TYPE_CHECKING:
    from ordergate.process.request import RequestedItem
    from ordergate.process.rules import Rule

OTHER = Specification("svc-other")
TRUE = Literal(value=True)
BROKEN = Computed("missing", lambda scope: scope["missing"])
NUMBER = CharacteristicRequirement("speed", compile_schema({"type": "integer"}))
NEEDS_SPEED = Requires(characteristic=(NUMBER,))


def assessed(*items: RequestedItem, rules: tuple[Rule, ...] = (rule(),)) -> list[Assessment]:
    return list(assess(request(*items), rules, MOMENT))


def only(one: RequestedItem, *rules: Rule) -> Assessment:
    (found,) = assessed(one, rules=rules)
    return found


def codes(assessment: Assessment) -> list[str]:
    return [reason.code for reason in assessment.reason]


def special(code: str, when: Any = TRUE) -> SpecialCondition:
    return SpecialCondition(code, when, f"Because of {code}.")


@pytest.mark.parametrize(
    ("name", "outcome", "reasons"),
    [
        ("fibre-standard", Outcome.STANDARD, []),
        ("trouble-recovery", Outcome.STANDARD, []),
        ("dark-fibre", Outcome.STANDARD, [("feasibilityFirst", "")]),
        ("fibre-special", Outcome.SPECIAL, [("longDrop", "")]),
        ("unknown-service", Outcome.SPECIAL, [("noRule", "")]),
        (
            "fibre-incomplete",
            Outcome.INFORMATION_REQUIRED,
            [
                ("missingCharacteristic", ".serviceCharacteristic[?(@.name=='technology')]"),
                ("missingPlace", ".place[?(@.role=='installationAddress')]"),
            ],
        ),
        (
            "fibre-incorrect",
            Outcome.REJECTED,
            [
                ("invalidCharacteristic", ".serviceCharacteristic[?(@.name=='bandwidth')]"),
                ("invalidCharacteristic", ".serviceCharacteristic[?(@.name=='technology')]"),
            ],
        ),
    ],
)
def test_example_has_the_outcome_and_reasons_that_its_name_promises(
    name: str, outcome: Outcome, reasons: list[tuple[str, str]]
) -> None:
    (found,) = assess(request_of(example(name)), example_rules(), MOMENT)
    start = found.item.path
    assert found.outcome is outcome
    assert [(why.code, why.path) for why in found.reason] == [
        (code, start + path) for code, path in reasons
    ]


def test_standard_item_says_which_conditions_were_looked_at() -> None:
    (found,) = assess(request_of(example("fibre-standard")), example_rules(), MOMENT)
    assert [(one.code, one.value) for one in found.condition] == [
        ("longDrop", False),
        ("bandwidthBeyondTechnology", False),
    ]
    assert found.rule is not None
    assert (found.rule.id, found.rule.version) == ("fibre-access", 1)


def test_item_without_a_rule_is_special() -> None:
    found = only(item(specification=OTHER), rule())
    assert (found.outcome, codes(found), found.rule) == (Outcome.SPECIAL, ["noRule"], None)


def test_item_without_a_specification_is_special() -> None:
    found = only(item(specification=None), rule())
    assert (found.outcome, codes(found)) == (Outcome.SPECIAL, ["noRule"])
    assert "no specification" in found.reason[0].message


def test_equally_specific_rules_make_it_special_and_are_named() -> None:
    found = only(item(), rule(id="a"), rule(id="b", version=3))
    assert codes(found) == ["ambiguousRules"]
    assert "a 1, b 3" in found.reason[0].message


def test_rule_whose_own_condition_has_no_value_makes_it_special() -> None:
    applies = AppliesTo(SMALL, when=BROKEN)
    found = only(item(), rule(applies_to=applies))
    assert (found.outcome, codes(found)) == (Outcome.SPECIAL, ["ruleFailed"])


def test_special_condition_without_a_value_makes_it_special() -> None:
    found = only(item(), rule(special=(special("a", BROKEN),)))
    assert (found.outcome, codes(found)) == (Outcome.SPECIAL, ["ruleFailed"])


def test_every_special_condition_that_holds_is_a_reason_and_each_is_explained() -> None:
    rules = rule(special=(special("a"), special("b", Literal(value=False)), special("c")))
    found = only(item(), rules)
    assert codes(found) == ["a", "c"]
    assert [(one.code, one.value) for one in found.condition] == [
        ("a", True),
        ("b", False),
        ("c", True),
    ]


def test_requester_may_ask_for_special_handling() -> None:
    found = only(item(needs_special_handling=True), rule(special=(special("a"),)))
    assert (found.outcome, codes(found)) == (Outcome.SPECIAL, ["a", "requested"])


def test_item_that_waits_for_another_order_is_handed_over() -> None:
    found = only(item(waits_for_order=("so-7",)), rule())
    assert (found.outcome, codes(found)) == (Outcome.SPECIAL, ["waitsForOtherOrder"])
    assert "so-7" in found.reason[0].message


def test_rule_that_wants_a_survey_first_says_so() -> None:
    found = only(item(), rule(feasibility=Feasibility.ALWAYS))
    assert (found.outcome, codes(found)) == (Outcome.STANDARD, ["feasibilityFirst"])


def test_no_change_needs_no_rule() -> None:
    found = only(item(specification=OTHER, action=Action.NO_CHANGE))
    assert (found.outcome, codes(found)) == (Outcome.STANDARD, ["noChange"])


@pytest.mark.parametrize("action", [Action.MODIFY, Action.DELETE])
def test_action_on_what_was_never_delivered_is_rejected(action: Action) -> None:
    assert codes(only(item(action=action), rule())) == ["neverDelivered"]
    unknown = only(item(action=action, service_id="service-1"), rule())
    assert (unknown.outcome, codes(unknown)) == (Outcome.REJECTED, ["neverDelivered"])
    assert "service-1" in unknown.reason[0].message
    named = item(action=action, supporting_resource=({"id": "port-1"},))
    assert only(named, rule()).outcome is Outcome.STANDARD


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Action.ADD, ["terminatedAdd"]),
        (Action.MODIFY, ["terminatedModify"]),
        (Action.NO_CHANGE, ["terminatedNoChange"]),
        (Action.DELETE, []),
    ],
)
def test_terminated_service_can_only_be_deleted(action: Action, expected: list[str]) -> None:
    named = ({"id": "port-1"},)
    asked = item(action=action, subject={"state": "terminated"}, supporting_resource=named)
    found = only(asked, rule())
    assert codes(found) == expected
    assert (found.outcome is Outcome.REJECTED) is bool(expected)
    assert [why.path for why in found.reason] == ["requestedItem[1].state"] * len(expected)


@pytest.mark.parametrize("state", ["designed", "feasibilityChecked"])
def test_service_that_is_only_designed_takes_nothing(state: str) -> None:
    found = only(item(subject={"state": state}), rule())
    assert (found.outcome, codes(found)) == (Outcome.STANDARD, ["notProvisioned"])
    assert found.takes_nothing


@pytest.mark.parametrize(
    ("kind", "enabled", "expected"),
    [
        ("requires", False, ["featureRequired"]),
        ("Requires", True, []),
        ("excludes", True, ["featureExcluded"]),
        ("EXCLUDES", False, []),
        ("bundles", False, []),
    ],
)
def test_features_that_contradict_each_other_are_rejected(
    kind: str,
    enabled: bool,  # noqa: FBT001 - a column of the table
    expected: list[str],
) -> None:
    features: dict[str, Any] = {"qos": {}, **({"voice": {}} if enabled else {})}
    asked = item(feature=features, feature_relationship=(("qos", kind, "voice"),))
    assert codes(only(asked, rule())) == expected


def test_service_that_two_items_are_about_can_not_be_changed() -> None:
    twice = [item(one, service_id="s", action=Action.DELETE) for one in "12"]
    assert ["sameService" in codes(one) for one in assessed(*twice)] == [True, True]
    adds = [item(one, service_id="s") for one in "12"]
    assert [codes(one) for one in assessed(*adds)] == [[], []]


def test_dependency_that_only_goes_in_a_circle_when_turned_round_is_rejected() -> None:
    def gone(item_id: str, *relies_on: str) -> RequestedItem:
        named = ({"id": item_id},)
        return item(item_id, action=Action.DELETE, relies_on=relies_on, supporting_resource=named)

    found = assessed(gone("a", "b", "c"), gone("b"), item("c", relies_on=("b",)))
    assert [codes(one) for one in found] == [["dependencyCycle"]] * 3
    assert [codes(one) for one in assessed(gone("a", "b"), gone("b"))] == [[], []]


@pytest.mark.parametrize("quantity", [0, -3])
def test_quantity_below_one_is_rejected(quantity: int) -> None:
    found = only(item(quantity=quantity), rule())
    assert (found.outcome, codes(found)) == (Outcome.REJECTED, ["invalidQuantity"])


def test_item_that_waits_for_an_unknown_one_is_rejected() -> None:
    found = only(item(relies_on=("7",)), rule())
    assert (found.outcome, codes(found)) == (Outcome.REJECTED, ["unknownItem"])
    assert "'7'" in found.reason[0].message


@pytest.mark.parametrize(
    ("waits", "looped"),
    [
        ({"a": "a"}, "a"),
        ({"a": "b", "b": "a", "c": ""}, "ab"),
        ({"a": "b", "b": "c", "c": "a", "d": "a"}, "abc"),
        ({"a": "b", "b": "ac", "c": "b"}, "abc"),
        ({"a": "b", "b": "a", "m": "ac", "c": "d", "d": "c"}, "abcd"),
        ({"a": "bc", "b": "d", "c": "d", "d": ""}, ""),
    ],
)
def test_exactly_the_items_that_wait_for_themselves_are_in_a_cycle(
    waits: dict[str, str], looped: str
) -> None:
    items = [item(one, relies_on=tuple(targets)) for one, targets in waits.items()]
    found = {one.item.id for one in assessed(*items) if "dependencyCycle" in codes(one)}
    assert found == set(looped)


def test_items_that_can_start_before_one_another_are_in_no_cycle_however_long_the_chain() -> None:
    chain = [item(str(n), relies_on=(str(n + 1),)) for n in range(3000)]
    assert {one.outcome for one in assessed(*chain, item("3000"))} == {Outcome.STANDARD}


def test_wrong_value_comes_before_missing_ones() -> None:
    both = Requires(characteristic=(NUMBER,), place=("site",))
    found = only(item(characteristic={"speed": "fast"}), rule(requires=both))
    assert (found.outcome, codes(found)) == (Outcome.REJECTED, ["invalidCharacteristic"])


def test_missing_things_come_before_special_conditions() -> None:
    found = only(item(), rule(requires=NEEDS_SPEED, special=(special("a"),)))
    assert (found.outcome, codes(found)) == (
        Outcome.INFORMATION_REQUIRED,
        ["missingCharacteristic"],
    )
    assert found.reason[0].path == "requestedItem[1].characteristic[?(@.name=='speed')]"


def test_contradiction_comes_before_the_rules() -> None:
    found = only(item(subject={"state": "terminated"}, specification=OTHER), rule())
    assert found.outcome is Outcome.REJECTED


def test_missing_places_and_parties_are_named_by_role() -> None:
    requires = Requires(place=("a", "z"), related_party=("installer",))
    found = only(item(place={"a": {"id": "1"}}), rule(requires=requires))
    assert [(why.code, why.path) for why in found.reason] == [
        ("missingPlace", "requestedItem[1].place[?(@.role=='z')]"),
        ("missingParty", "requestedItem[1].relatedParty[?(@.role=='installer')]"),
    ]


def test_optional_characteristic_may_be_missing_but_not_wrong() -> None:
    requires = Requires(characteristic=(replace(NUMBER, optional=True),))
    assert only(item(), rule(requires=requires)).outcome is Outcome.STANDARD
    wrong = item(characteristic={"speed": "fast"})
    assert only(wrong, rule(requires=requires)).outcome is Outcome.REJECTED


def test_outcome_of_a_request_is_the_first_that_any_item_has() -> None:
    order = list(Outcome)
    assert [str(one) for one in order] == [
        "rejected",
        "informationRequired",
        "special",
        "standard",
    ]
    for position, outcome in enumerate(order):
        several = [Assessment(item(), one) for one in reversed(order[position:])]
        assert outcome_of(several) is outcome


def test_expressions_see_the_variables_that_are_promised_and_no_more() -> None:
    asked = item(
        characteristic={"speed": 5}, feature={"qos": {"class": "gold"}}, place={"a": {"id": "1"}}
    )
    scope = scope_of(request(asked, priority="2"), asked)
    assert tuple(scope) == VARIABLES
    assert scope["request"]["requestType"] == "partyRequest"
    assert scope["request"]["externalId"] == ""
    assert scope["item"]["specification"] == {"id": "svc-small", "version": ""}
    assert scope["feature"] == {"qos": {"class": "gold"}}


def test_item_is_asked_for_what_the_condition_of_its_rule_looks_at() -> None:
    fast = Computed("fast", lambda scope: scope["characteristic"]["speed"] > 1)
    conditional = rule(applies_to=AppliesTo(SMALL, when=fast), requires=NEEDS_SPEED)
    found = only(item(), conditional)
    assert (found.outcome, codes(found)) == (
        Outcome.INFORMATION_REQUIRED,
        ["missingCharacteristic"],
    )
    wrong = only(item(characteristic={"speed": "fast"}), conditional)
    assert (wrong.outcome, codes(wrong)) == (Outcome.REJECTED, ["invalidCharacteristic"])
    assert only(item(characteristic={"speed": 2}), conditional).outcome is Outcome.STANDARD
    assert codes(only(item(characteristic={"speed": 1}), conditional)) == ["noRule"]
