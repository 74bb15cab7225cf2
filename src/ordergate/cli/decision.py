"""A decision as a person reads it: what was asked, what became of it, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.tree import Tree

from ordergate.cli.terminal import plain, styled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.text import Text

    from ordergate.model.common import Document

_STYLES = {
    "standard": "bold green",
    "special": "bold yellow",
    "informationRequired": "bold magenta",
    "rejected": "bold red",
}


def decision_tree(record: Document, orders: Sequence[Document], *, why: bool = False) -> Tree:
    """Return the decision on a request as a tree.

    Args:
        record: the `initiatingRequest`, or the answer of an assessment.
        orders: its resource orders (TMF652), whole.
        why: show the conditions that were looked at, and the timeline.
    """
    tree = Tree(_request_line(record))
    for item in items_of(record):
        _add_item(tree, item, orders, why=why)
    for order in orders:
        _add_order(tree, order)
    if why and record.get("timeline"):
        timeline = tree.add(styled("timeline"))
        for entry in record["timeline"]:
            timeline.add(styled(_spaced(entry.get("date"), entry.get("event"), _detail(entry))))
    return tree


def items_of(record: Document) -> list[Document]:
    """Return the assessed items of a record."""
    found: list[Document] = record.get("assessment", {}).get("item", [])
    return found


def outcome_of(record: Document) -> str:
    """Return the request's own outcome."""
    return plain(record.get("assessment", {}).get("outcome", "unknown"))


def is_rejected(record: Document) -> bool:
    """Return whether nothing will come of the request."""
    return "rejected" in (record.get("state"), outcome_of(record))


def outcome_style(outcome: str) -> str:
    """Return the colour of an outcome."""
    return _STYLES.get(outcome, "bold")


def rule_of(item: Document) -> str:
    """Return the rule behind an item's outcome, or nothing."""
    rule = item.get("rule")
    return f"rule {plain(rule.get('id', '?'))} version {plain(rule.get('version'))}" if rule else ""


def waits_of(order_item: Document) -> list[str]:
    """Return the ids of the order items that one waits for."""
    targets = (related.get("orderItem", {}) for related in order_item.get(_RELATIONSHIP, []))
    return [plain(target["itemId"]) for target in targets if "itemId" in target]


_RELATIONSHIP = "orderItemRelationship"


def _request_line(record: Document) -> Text:
    name = plain(record.get("requestType", "request"))
    outcome = outcome_of(record)
    known = _spaced(record.get("externalId"), record.get("id"), record.get("state"))
    return styled((f"{name} ", "bold"), f"{known} ", (outcome, outcome_style(outcome)))


def _add_item(tree: Tree, item: Document, orders: Sequence[Document], *, why: bool) -> None:
    outcome = plain(item.get("outcome", "unknown"))
    branch = tree.add(
        styled(
            (f"item {plain(item.get('id', '?'))} ", "bold"),
            (outcome, outcome_style(outcome)),
            f" {rule_of(item)}",
        )
    )
    for line in _item_lines(item, orders, why=why):
        branch.add(line)


def _item_lines(item: Document, orders: Sequence[Document], *, why: bool) -> Iterator[Text]:
    """Yield what there is to say about an item: reasons, conditions, orders, hand-over."""
    for reason in item.get("reason", []):
        yield styled(_reason(reason, with_path=True))
    for condition in item.get("condition", []) if why else []:
        yield styled(
            f"condition {plain(condition.get('code'))}: {plain(condition.get('expression'))} is ",
            (plain(condition.get("value")), "bold"),
            (_given(condition), "dim"),
        )
    for one in item.get("lookedUp", []):
        found = plain(one.get("feasibilityAssessment", {}).get("id"))
        used = "used" if one.get("used") else f"not used ({plain(one.get('why'))})"
        yield styled(f"feasibility assessment {found} {used}: {plain(one.get('message'))}")
    domains = {order.get("id"): order.get("domain") for order in orders}
    for made in item.get("resourceOrderItem", []):
        order_id = made.get("resourceOrderId")
        where = _spaced(domains.get(order_id), "order", order_id)
        line = f" from line {plain(made['line'])}" if why and made.get("line") else ""
        yield styled((f"{plain(made.get('itemId'))} ", "cyan"), f"in {where}", (line, "dim"))
    if handed := item.get("specialHandling"):
        yield styled(f"handed over for special handling: {plain(handed.get('id'))}")


def _given(condition: Document) -> str:
    """Return the values that a condition looked at."""
    given = condition.get("given", [])
    values = (f"{plain(one.get('name'))} = {plain(one.get('value'))}" for one in given)
    return f", with {', '.join(values)}" if given else ""


def reasons_of(items: Iterable[Document]) -> list[str]:
    """Return the reasons of several items, each once, without their paths."""
    reasons = (_reason(reason) for item in items for reason in item.get("reason", []))
    return list(dict.fromkeys(reasons))


def _reason(reason: Document, *, with_path: bool = False) -> str:
    text = f"{plain(reason.get('code', 'reason'))}: {plain(reason.get('message', ''))}"
    return f"{text} ({plain(reason['path'])})" if with_path and reason.get("path") else text


def _add_order(tree: Tree, order: Document) -> None:
    heading = _spaced(order.get("domain"), order.get("orderType"), order.get("id"))
    special = " special handling" if is_special(order) else ""
    branch = tree.add(
        styled(
            ("resource order ", "bold"),
            _spaced(heading, order.get("state")),
            (special, outcome_style("special")),
        )
    )
    for item in order.get("orderItem", []):
        waits = waits_of(item)
        branch.add(
            styled(
                (f"{plain(item.get('id'))} ", "cyan"),
                _spaced(item.get("action"), _resource(item), _quantity(item)),
                (f" waits for {', '.join(waits)}" if waits else "", "dim"),
            )
        )


def is_special(order: Document) -> bool:
    """Return whether a resource order requires special handling (eTOM 1.5.6.7)."""
    return bool(order.get("specialHandling", {}).get("required"))


def _resource(item: Document) -> str:
    name = item.get("resource", {}).get("name")
    return plain(name or item.get("resourceSpecification", {}).get("id", "resource"))


def _quantity(item: Document) -> str | None:
    quantity = item.get("quantity", 1)
    return None if quantity == 1 else f"({quantity} of them)"


def _detail(entry: Document) -> Any:
    return entry.get("detail") or None


def _spaced(*parts: Any) -> str:
    """Return the parts that are there, as one line."""
    return " ".join(plain(part) for part in parts if part is not None)
