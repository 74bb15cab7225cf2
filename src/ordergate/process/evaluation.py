"""Evaluation: the expressions of rules for one requested item, each once, and never without end.

An expression is bounded for itself; a rule may still ask for a heavy one for each of a thousand
elements. So a decision has one effort for all of its expressions: they say what they take before
they take it. No clock is asked, so the same request comes to the same on any machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordergate.process.rules import ExpressionError

if TYPE_CHECKING:
    from ordergate.process.rules import Expression, Scope

MOST_EFFORT = 10_000_000
"""Units of one decision, each some 0.1 µs: about a second. A request is decided twice at most."""


class Effort:
    """What the expressions of one decision may take in all.

    Args:
        most: in units of a number copied.
    """

    def __init__(self, most: int = MOST_EFFORT) -> None:
        self._left = most

    def take(self, units: int) -> None:
        """Take so much of it.

        Raises:
            ExpressionError: there isn't so much left; nor will there be for anything else.
        """
        if units > self._left:
            self._left = 0
            raise ExpressionError(
                "the expressions of this request would take too long altogether; "
                "send it in several, or let its rule look at less for each element"
            )
        self._left -= units


class Evaluator:
    """Evaluates expressions with what they may look at.

    What doesn't look at the element of a `forEach` is evaluated once for all elements.

    Args:
        effort: what is left for them; of their own where nobody shares it.
    """

    def __init__(
        self,
        scope: Scope,
        effort: Effort | None = None,
        outer: tuple[str, Evaluator] | None = None,
    ) -> None:
        self.scope = scope
        self._effort = effort or Effort()
        self._outer = outer
        self._known: dict[int, Any] = {}

    def with_element(self, name: str, element: Any) -> Evaluator:
        """Return one that knows an element by that name as well."""
        return Evaluator({**self.scope, name: element}, self._effort, (name, self))

    def value_of(self, expression: Expression) -> Any:
        """Return its value.

        Raises:
            ExpressionError: it has none, or there isn't enough left to find out.
        """
        if self._outer is not None and not expression.names(self._outer[0]):
            return self._outer[1].value_of(expression)
        if id(expression) not in self._known:
            self._known[id(expression)] = expression.evaluate(self.scope, self._effort)
        return self._known[id(expression)]
