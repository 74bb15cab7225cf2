"""Requirements: see whether a requested item brings what its rule needs of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordergate.model.order import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.process.request import RequestedItem
    from ordergate.process.rules import Rule


def wrong_values(item: RequestedItem, rule: Rule) -> Iterable[Reason]:
    """Yield values that fail the rule's schema: nothing that could be brought later mends them."""
    for requirement in rule.requires.characteristic:
        if requirement.name in item.characteristic:
            value = item.characteristic[requirement.name]
            for problem in requirement.schema.problems(value):
                path = characteristic_path(item, requirement.name)
                yield Reason("invalidCharacteristic", f"{requirement.name}: {problem}", path)


def missing(item: RequestedItem, rule: Rule) -> Iterable[Reason]:
    """Yield what the rule needs and the item doesn't bring: a PATCH can."""
    requires = rule.requires
    for requirement in requires.characteristic:
        if not requirement.optional and requirement.name not in item.characteristic:
            path = characteristic_path(item, requirement.name)
            yield Reason(
                "missingCharacteristic", f"The characteristic {requirement.name} is missing.", path
            )
    for role in requires.place:
        if role not in item.place:
            path = f"{item.path}.place[?(@.role=='{role}')]"
            yield Reason("missingPlace", f"The place with the role {role} is missing.", path)
    for role in requires.related_party:
        if role not in item.party:
            path = f"{item.path}.relatedParty[?(@.role=='{role}')]"
            yield Reason("missingParty", f"The party with the role {role} is missing.", path)


def characteristic_path(item: RequestedItem, name: str) -> str:
    """Return where the characteristic stands, or would, in the request's document."""
    attribute = "serviceCharacteristic" if item.path.startswith("service") else "characteristic"
    return f"{item.path}.{attribute}[?(@.name=='{name}')]"
