"""Rehearsal: a rule's own tests, decided as the process would, beside the other rules."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ordergate.errors import InvalidDocumentError
from ordergate.model.addresses import Addresses
from ordergate.process.decide import decide
from ordergate.process.knowledge import Knowledge
from ordergate.schemas.resource_order_rule import Problem
from ordergate.schemas.rule_test import request_of_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ordergate.model.order import ResourceOrder, ResourceOrderItem
    from ordergate.process.decision import Decision
    from ordergate.process.request import InitiatingRequest
    from ordergate.process.rules import Rule
    from ordergate.schemas.resource_order_rule import RuleDocument

_ADDRESSES = Addresses("https://example.com")
_ANY_MOMENT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def rehearse(rule: Rule, document: RuleDocument, others: Iterable[Rule]) -> list[Problem]:
    """Return which tests of a rule fail, and how.

    Args:
        document: the rule as it was read.
        others: what would be in force beside it; of other ids.
    """
    rules, moment = (*others, rule), _moment(rule)
    found: list[Problem] = []
    for index, test in enumerate(document["tests"]):
        path = f"tests[{index}]"
        try:
            request = request_of_test(test["given"], document, _ADDRESSES, moment)
        except InvalidDocumentError as error:
            inner = f".{error.path}" if error.path else ""
            found.append(Problem(f"{path}.given{inner}", _about(test, error.reason)))
            continue
        decision = _decided(request, rules, moment)
        found += [
            Problem(f"{path}.expect.{step}", _about(test, message))
            for step, message in _differences(test["expect"], decision)
        ]
    return found


def _decided(request: InitiatingRequest, rules: Sequence[Rule], moment: datetime) -> Decision:
    """Return the real decision."""
    return decide(request, Knowledge(rules=rules), _ADDRESSES, moment)


def _moment(rule: Rule) -> datetime:
    """Return a moment at which the rule holds; always the same one."""
    if rule.valid_from is not None:
        return rule.valid_from
    if rule.valid_until is not None:
        return min(_ANY_MOMENT, rule.valid_until - timedelta(seconds=1))
    return _ANY_MOMENT


def _about(test: Mapping[str, Any], message: str) -> str:
    return f'test "{test["name"]}": {message}'


def _differences(expect: Mapping[str, Any], decision: Decision) -> Iterator[tuple[str, str]]:
    """Yield where what came is not what a test expects, and how."""
    reasons = [reason for one in decision.assessment for reason in one.reason]
    if expect["outcome"] is not decision.outcome:
        why = "".join(f"; {one.code}: {one.message}" for one in reasons)
        yield "outcome", f"expected {expect['outcome']}, got {decision.outcome}{why}"
        return
    codes = sorted({one.code for one in reasons})
    if expect["reason"] is not None and sorted(set(expect["reason"])) != codes:
        yield "reason", f"expected {_listed(expect['reason'])}, got {_listed(codes)}"
    if expect["items"] is not None:
        yield from _item_differences(expect["items"], list(_came(decision)))


@dataclass(frozen=True, slots=True)
class _Came:
    """An order item as a test speaks of it."""

    key: str
    requested_item: str
    action: str
    quantity: int
    domain: str
    order_type: str
    depends_on: tuple[str, ...]
    characteristic: Mapping[str, Any]


def _came(decision: Decision) -> Iterator[_Came]:
    lines = {
        one.item.id: frozenset(line.key for line in one.rule.order_item)
        for one in decision.assessment
        if one.rule is not None
    }
    items = [(order, item) for order in decision.resource_order for item in order.item]
    keys = {
        item.id: _key(item, lines.get(item.requested_item_id, frozenset())) for _, item in items
    }
    for order, item in items:
        yield _as_came(order, item, keys)


def _key(item: ResourceOrderItem, keys: frozenset[str]) -> str:
    """Return the line of the rule that an item is made from; its id ends with it, or a number."""
    name = item.id.removeprefix(f"{item.requested_item_id}-")
    return name if name in keys else re.sub(r"-\d+\Z", "", name)


def _as_came(order: ResourceOrder, item: ResourceOrderItem, keys: Mapping[str, str]) -> _Came:
    return _Came(
        key=keys[item.id],
        requested_item=item.requested_item_id,
        action=str(item.action),
        quantity=item.quantity,
        domain=order.domain,
        order_type=str(order.order_type),
        depends_on=tuple(keys.get(one.item_id, one.item_id) for one in item.depends_on),
        characteristic=item.resource.characteristic,
    )


def _item_differences(
    expected: Sequence[Mapping[str, Any]], came: list[_Came]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the items: each one expected is one that came, and no other came."""
    left = list(came)
    unmet = []
    for index, wanted in enumerate(expected):
        same = next((one for one in left if not list(_unlike(wanted, one))), None)
        if same is None:
            unmet.append((index, wanted))
        else:
            left.remove(same)
    for index, wanted in unmet:
        near = next((one for one in left if one.key == wanted["key"]), None)
        if near is None:
            there = _listed([one.key for one in came])
            yield f"items[{index}]", f"expected {wanted['key']}, but there is {there}"
            continue
        left.remove(near)
        for step, message in _unlike(wanted, near):
            yield f"items[{index}].{step}", message
    if left:
        yield "items", f"did not expect {_listed([one.key for one in left])}"


def _unlike(wanted: Mapping[str, Any], came: _Came) -> Iterator[tuple[str, str]]:
    """Yield in what an item differs from the one that is wanted."""
    for name, step in _STEPS.items():
        if name in wanted and wanted[name] != getattr(came, name):
            yield step, f"expected {wanted[name]}, got {getattr(came, name)}"
    if "depends_on" in wanted and set(wanted["depends_on"]) != set(came.depends_on):
        got = _listed(sorted(set(came.depends_on)))
        yield "dependsOn", f"expected {_listed(wanted['depends_on'])}, got {got}"
    for name, value in wanted.get("characteristic", {}).items():
        if name not in came.characteristic:
            yield f"characteristic.{name}", f"expected {_shown(value)}, got none"
        elif not _is_same(value, came.characteristic[name]):
            got = _shown(came.characteristic[name])
            yield f"characteristic.{name}", f"expected {_shown(value)}, got {got}"


_STEPS = {
    "key": "key",
    "requested_item": "requestedItem",
    "action": "action",
    "quantity": "quantity",
    "domain": "domain",
    "order_type": "orderType",
}


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal; Python takes true for 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
