from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes import Computed
from make import (
    ADDRESSES,
    MOMENT,
    example,
    example_rules,
    item,
    line,
    request,
    request_of,
    rule,
    service_item,
)
from ordergate.model.common import Action, Api, Specification, timestamp
from ordergate.model.order import OrderType
from ordergate.model.states import OrderState
from ordergate.process.assessment import Outcome
from ordergate.process.decide import decide
from ordergate.process.draft import MOST_ITEMS
from ordergate.process.entity import Idempotency
from ordergate.process.issue import issue
from ordergate.process.knowledge import Knowledge
from ordergate.process.rules import (
    AppliesTo,
    Feasibility,
    ForEach,
    Literal,
    Requires,
    SpecialCondition,
)
from ordergate.schemas.record import StandardDocuments
from ordergate.schemas.service_order_kept import write_service_order

if TYPE_CHECKING:
    from ordergate.process.decision import Decision
    from ordergate.process.entity import RecordedRequest
    from ordergate.process.request import RequestedItem
    from ordergate.process.rules import Rule

LATER = Specification("svc-later")
FAR = SpecialCondition("far", Computed("far", lambda scope: scope["characteristic"]["far"]), "Far.")
SPECIAL_IF_FAR = {"special": (FAR,)}


def decided(name: str) -> Decision:
    return decide(request_of(example(name)), Knowledge(rules=example_rules()), ADDRESSES, MOMENT)


def decision(*items: RequestedItem, rules: tuple[Rule, ...] = (rule(),)) -> Decision:
    return decide(request(*items), Knowledge(rules=rules), ADDRESSES, MOMENT)


def orders(found: Decision) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Return (order type, domain) to item to what it waits for; `@` before another order's."""
    return {
        (str(one.order_type), one.domain): {
            inner.id: [
                ("@" if to.resource_order_id else "") + to.item_id for to in inner.depends_on
            ]
            for inner in one.item
        }
        for one in found.all_orders
    }


def outcomes(found: Decision) -> dict[str, tuple[str, list[str]]]:
    return {
        one.item.id: (str(one.outcome), [reason.code for reason in one.reason])
        for one in found.assessment
    }


def plain(item_id: str, *relies_on: str, far: bool = False, **changes: Any) -> RequestedItem:
    return item(item_id, relies_on=relies_on, characteristic={"far": far}, **changes)


class TestExamples:
    def test_fibre_access_takes_an_access_and_a_core_order(self) -> None:
        found = decided("fibre-standard")
        assert (found.outcome, found.state) == (Outcome.STANDARD, OrderState.ACKNOWLEDGED)
        assert orders(found) == {
            ("provision", "access"): {"1-port": [], "1-ont": ["1-port"], "1-wifi": ["1-ont"]},
            ("provision", "core"): {"1-vlan": ["@1-port"]},
        }
        access, core = found.resource_order
        (there,) = core.item[0].depends_on
        assert (there.resource_order_id, there.resource_order_href) == (access.id, access.href)
        assert access.item[0].resource.characteristic == {"profile": "XGSPON-1000"}
        assert (
            access.item[1].resource.place
            == example("fibre-standard")["serviceOrderItem"][0]["service"]["place"][0]
        )

    def test_vpn_and_internet_share_two_orders_and_the_port_waits_for_every_site(self) -> None:
        found = decided("vpn-and-fibre")
        assert outcomes(found) == {"vpn": ("standard", []), "internet": ("standard", [])}
        assert orders(found) == {
            ("provision", "core"): {"vpn-vrf": [], "internet-vlan": ["@internet-port"]},
            ("provision", "access"): {
                "vpn-tail-1": ["@vpn-vrf"],
                "vpn-tail-2": ["@vpn-vrf"],
                "vpn-cpe-1": ["vpn-tail-1"],
                "vpn-cpe-2": ["vpn-tail-2"],
                "internet-port": ["vpn-cpe-1", "vpn-cpe-2"],
                "internet-ont": ["internet-port"],
            },
        }

    def test_dark_fibre_is_surveyed_first_in_one_bulk_item(self) -> None:
        found = decided("dark-fibre")
        assert orders(found) == {("feasibility", "outsidePlant"): {"1-cable": []}}
        assert found.resource_order[0].item[0].quantity == 7000
        assert found.outcome is Outcome.STANDARD

    def test_port_replacement_answers_a_trouble(self) -> None:
        found = decided("trouble-recovery")
        assert orders(found) == {("provision", "access"): {"1-replacement": []}}

    @pytest.mark.parametrize("name", ["fibre-special", "unknown-service"])
    def test_special_request_is_handed_over(self, name: str) -> None:
        found = decided(name)
        assert (found.outcome, found.state) == (Outcome.SPECIAL, OrderState.ACKNOWLEDGED)
        assert found.resource_order == ()
        assert orders(found) == {("feasibility", "specialHandling"): {"1": []}}
        assert found.hand_over[0].reason == found.assessment[0].reason

    @pytest.mark.parametrize(
        ("name", "state"), [("fibre-incorrect", "rejected"), ("fibre-incomplete", "pending")]
    )
    def test_request_that_is_not_right_or_not_complete_takes_nothing(
        self, name: str, state: str
    ) -> None:
        found = decided(name)
        assert found.all_orders == ()
        assert found.state == state

    def test_same_request_comes_to_the_same_decision(self) -> None:
        assert decided("vpn-and-fibre") == decided("vpn-and-fibre")


class TestDecide:
    def test_one_item_that_stops_stops_all(self) -> None:
        wants = rule(requires=Requires(place=("site",)), applies_to=AppliesTo(LATER))
        found = decision(item("1"), item("2", LATER), rules=(rule(), wants))
        assert outcomes(found) == {
            "1": ("standard", []),
            "2": ("informationRequired", ["missingPlace"]),
        }
        assert (found.state, found.all_orders) == (OrderState.PENDING, ())

    def test_rejected_comes_before_pending(self) -> None:
        wants = rule(requires=Requires(place=("site",)))
        found = decision(item("1"), item("2", quantity=0), rules=(wants,))
        assert (found.outcome, found.state) == (Outcome.REJECTED, OrderState.REJECTED)

    def test_special_item_holds_back_what_waits_for_it_and_nothing_else(self) -> None:
        items = plain("a", far=True), plain("b", "a"), plain("c", "b"), plain("d")
        found = decision(*items, plain("e", "d"), rules=(rule(special=(FAR,)),))
        assert outcomes(found) == {
            "a": ("special", ["far"]),
            "b": ("standard", ["waitsForUnissued"]),
            "c": ("standard", ["waitsForUnissued"]),
            "d": ("standard", []),
            "e": ("standard", []),
        }
        assert orders(found)["provision", "access"] == {"d-port": [], "e-port": ["d-port"]}
        assert [one.requested_item_id for one in found.hand_over] == ["a"]
        assert found.deferred == {"b", "c"}
        assert found.outcome is Outcome.SPECIAL

    def test_long_chain_behind_a_special_item_is_deferred_whole(self) -> None:
        chain = [plain(str(n), str(n + 1)) for n in range(300)]
        found = decision(*chain, plain("300", far=True), rules=(rule(special=(FAR,)),))
        assert (len(found.hand_over), len(found.deferred)) == (1, 300)

    def test_item_that_waits_for_a_survey_is_held_back(self) -> None:
        survey = rule(applies_to=AppliesTo(LATER), feasibility=Feasibility.ALWAYS)
        found = decision(item("1", LATER), item("2", relies_on=("1",)), rules=(rule(), survey))
        assert outcomes(found) == {
            "1": ("standard", ["feasibilityFirst"]),
            "2": ("standard", ["waitsForUnissued"]),
        }
        assert list(orders(found)) == [("feasibility", "access")]

    def test_no_change_takes_nothing_and_holds_nothing_back(self) -> None:
        unchanged = item("1", action=Action.NO_CHANGE)
        found = decision(unchanged, item("2", relies_on=("1",)))
        assert found.outcome is Outcome.STANDARD
        assert orders(found) == {("provision", "access"): {"2-port": []}}

    def test_no_change_alone_is_a_decision_without_orders(self) -> None:
        found = decision(item(action=Action.NO_CHANGE))
        assert (found.outcome, found.all_orders) == (Outcome.STANDARD, ())

    @pytest.mark.parametrize(
        ("broken", "code"),
        [
            (rule(line("a", when=Literal(value=False))), "incompleteDetermination"),
            (rule(line("a", for_each=ForEach(Literal([]), "x"))), "incompleteDetermination"),
            (rule(line("a", "b"), line("b", "a")), "incompleteDetermination"),
            (rule(line("a", "a")), "incompleteDetermination"),
            (rule(line("a"), line("a")), "incompleteDetermination"),
            (
                rule(line("a", quantity=Literal(2)), line("a-1")),
                "incompleteDetermination",
            ),
            (
                rule(line("a", quantity=Literal(200)), line("b", "a", quantity=Literal(200))),
                "incompleteDetermination",
            ),
            (rule(line("a", quantity=Literal(0))), "ruleFailed"),
            (rule(line("a", quantity=Literal(MOST_ITEMS + 1))), "ruleFailed"),
        ],
    )
    def test_defect_of_a_rule_hands_over_its_item_and_no_other(
        self, broken: Rule, code: str
    ) -> None:
        sound = rule(line("port"), applies_to=AppliesTo(LATER))
        found = decision(item("1"), item("2", LATER), rules=(broken, sound))
        assert outcomes(found) == {"1": ("special", [code]), "2": ("standard", [])}
        assert orders(found)["provision", "access"] == {"2-port": []}

    def test_defect_holds_back_what_waits_for_the_item(self) -> None:
        nothing = rule(line("a", when=Literal(value=False)), applies_to=AppliesTo(LATER))
        found = decision(item("1", LATER), item("2", relies_on=("1",)), rules=(rule(), nothing))
        assert outcomes(found)["2"] == ("standard", ["waitsForUnissued"])

    def test_request_takes_no_more_order_items_than_its_record_can_hold(self) -> None:
        by = rule(line("port", quantity=Literal(MOST_ITEMS * 3 // 5)))
        found = decision(item("1"), item("2"), item("3"), rules=(by,))
        assert [outcome for outcome, _ in outcomes(found).values()] == [
            "standard",
            "special",
            "special",
        ]


class TestIssue:
    def test_record_is_kept_with_the_key_and_a_plan_of_every_order(self) -> None:
        found, mark = decided("fibre-standard"), Idempotency("key", "body")
        record = issue(found, StandardDocuments(), None, mark)
        assert record.entity.idempotency == mark
        assert record.entity.document["resourceOrder"] == [
            {"id": one.id, "href": one.href, "orderType": "provision", "domain": one.domain}
            for one in found.resource_order
        ]
        assert [one.id for one in record.plan.resource_order] == [
            one.id for one in found.resource_order
        ]
        assert record.plan.special_handling == ()
        assert (record.entity.owed, record.service_order) == ((), None)

    def test_every_issued_order_owes_its_create_event(self) -> None:
        for planned in _recorded("fibre-standard").plan.resource_order:
            (event,) = planned.owed
            assert (planned.sequence, event.sequence) == (1, 1)
            assert event.document["eventType"] == "ResourceOrderCreateEvent"
            assert event.document["description"] == "Issued for provisioning."
            assert event.document["event"] == {"resourceOrder": planned.document}

    def test_special_order_also_asks_for_information(self) -> None:
        record = _recorded("fibre-special")
        (planned,) = record.plan.resource_order
        assert [event.document["eventType"] for event in planned.owed] == [
            "ResourceOrderCreateEvent",
            "ResourceOrderInformationRequiredEvent",
        ]
        assert planned.owed[0].document["description"] == "Issued for feasibility assessment."
        asks = planned.owed[1].document
        assert asks["fieldPath"] == "specialHandling"
        assert asks["description"] == "A drop cable longer than 300 m needs a survey."
        assert (planned.sequence, planned.owed[1].sequence) == (2, 2)
        (hand_over,) = record.plan.special_handling
        assert hand_over.document["resourceOrder"]["id"] == planned.id

    def test_accepted_service_order_owes_its_create_event(self) -> None:
        record = _recorded("fibre-standard")
        (event,) = record.entity.owed
        assert (event.api, event.entity_id, event.sequence) == (Api.SERVICE_ORDERING, "req-1", 1)
        assert event.document["eventType"] == "ServiceOrderCreateEvent"
        assert event.document["event"] == {"serviceOrder": record.service_order}

    def test_rejected_service_order_is_told_as_received_and_then_as_rejected(self) -> None:
        record = _recorded("fibre-incorrect")
        created, changed = (event.document for event in record.entity.owed)
        assert [created["eventType"], changed["eventType"]] == [
            "ServiceOrderCreateEvent",
            "ServiceOrderStateChangeEvent",
        ]
        received = created["event"]["serviceOrder"]
        assert received["state"] == received["serviceOrderItem"][0]["state"] == "acknowledged"
        assert "errorMessage" not in str(received)
        assert changed["event"] == {"serviceOrder": record.service_order}
        assert changed["description"] == "acknowledged -> rejected"
        assert not record.plan
        assert record.entity.sequence == 2

    def test_incomplete_service_order_asks_for_what_is_missing_and_nothing_else(self) -> None:
        document = example("fibre-incomplete")
        document["serviceOrderItem"] += [
            service_item("2", serviceSpecification={"id": "svc-unknown"}),
            {**service_item("3"), "action": "noChange"},
        ]
        record = _recorded_of(document)
        created, asks = (event.document for event in record.entity.owed)
        assert created["event"]["serviceOrder"]["state"] == "pending"
        assert asks["eventType"] == "ServiceOrderInformationRequiredEvent"
        start = "serviceOrderItem[0].service"
        assert asks["fieldPath"] == (
            f"{start}.serviceCharacteristic[?(@.name=='technology')],"
            f"{start}.place[?(@.role=='installationAddress')]"
        )
        assert asks["description"] == (
            "The characteristic technology is missing.; "
            "The place with the role installationAddress is missing."
        )
        assert not record.plan

    def test_issued_documents_are_complete(self) -> None:
        document = example("fibre-standard")
        document |= {"note": [{"text": "Mind the dog"}], "requestedStartDate": ""}
        for planned in _recorded_of(document).plan.resource_order:
            assert planned.document["note"][0]["id"] == "1"
            assert planned.document["note"][0]["date"] == timestamp(MOMENT)
            assert "requestedStartDate" not in planned.document


def _recorded(name: str) -> RecordedRequest:
    return _recorded_of(example(name))


def _recorded_of(document: dict[str, Any]) -> RecordedRequest:
    found = decide(request_of(document), Knowledge(rules=example_rules()), ADDRESSES, MOMENT)
    order = write_service_order(document, found, ADDRESSES)
    return issue(found, StandardDocuments(), order, None)


def test_feasibility_orders_are_told_as_such() -> None:
    (planned,) = _recorded("dark-fibre").plan.resource_order
    assert planned.document["orderType"] == str(OrderType.FEASIBILITY)
    assert planned.owed[0].document["description"] == "Issued for feasibility assessment."
