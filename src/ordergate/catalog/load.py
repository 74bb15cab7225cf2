"""Load: rules from YAML files, with every problem at its line.

YAML here is JSON with comfort: a date stays a text, `yes` and `on` are texts too, and a key that
stands twice in a map is refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import yaml

from ordergate.catalog.check import check_rules
from ordergate.schemas.resource_order_rule import Problem

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator
    from pathlib import Path

    from ordergate.model.common import Document

_LONGEST_TEXT = 200_000
"""Bytes of a text in which lines are looked for: that takes longer than all else."""


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule's document, and where it stands."""

    document: Document
    file: str
    line: int


class _JsonLoader(yaml.SafeLoader):
    """Makes only what JSON has, and reads plain words as JSON does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                problem = f"the key {key.value!r} is there already"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _speak_json(loader: type[yaml.SafeLoader]) -> None:
    """Leave out dates, sets, octal numbers, `yes` and `on`."""
    words = {
        "null": (r"(?:null|~|)\Z", ["n", "~", ""]),
        "bool": (r"(?:true|false)\Z", "tf"),
        "int": (r"-?(?:0|[1-9][0-9]*)\Z", "-0123456789"),
        "float": (r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z", "-0123456789"),
    }
    loader.yaml_implicit_resolvers = {}
    for kind, (form, first) in words.items():
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(form), list(first))
    kept = {f"tag:yaml.org,2002:{kind}" for kind in (*words, "str", "seq", "map")}
    loader.yaml_constructors = {
        tag: make for tag, make in loader.yaml_constructors.items() if tag is None or tag in kept
    }


_speak_json(_JsonLoader)


def load_rules(*paths: Path) -> tuple[list[LoadedRule], list[Problem]]:
    """Return the rules in YAML files, or in the `*.yaml` and `*.yml` of folders.

    A file may hold several documents. The rules are checked, each and beside one another; load
    none of them while there are problems.
    """
    files: list[Path] = []
    problems: list[Problem] = []
    for path in paths:
        files += (here := _files(path))
        if not here:
            problems.append(Problem("", "there are no *.yaml files in this folder", str(path), 1))
    loaded: list[tuple[LoadedRule, yaml.Node]] = []
    for file in files:
        try:
            loaded += _read(file)
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            problems.append(_unreadable(file, error))
    found = check_rules([rule.document for rule, _ in loaded])
    for (rule, node), about in zip(loaded, found, strict=True):
        problems += [_placed(one, node, rule.file) for one in about]
    return [rule for rule, _ in loaded], problems


def placed(problems: Iterable[Problem], text: bytes) -> list[Problem]:
    """Return the problems of a rule with line and column in the JSON that it was read from."""
    found = list(problems)
    if not found or len(text) > _LONGEST_TEXT:
        return found
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # JSON is YAML, but for a few escapes
    try:
        node = yaml.compose(text, Loader=loader)
    except (ValueError, yaml.YAMLError):
        return found
    return [_placed(one, node) for one in found] if node else found


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for ending in ("*.yaml", "*.yml") for file in path.glob(ending))


def _read(file: Path) -> Iterator[tuple[LoadedRule, yaml.Node]]:
    """Yield each document of a file, with the nodes that know its lines."""
    loader = _JsonLoader(file.read_bytes())
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None and not _is_empty(node):
                document = loader.construct_document(node)
                json.dumps(document)  # an alias may hold itself; nothing after this expects that
                yield LoadedRule(document, str(file), _line(node)), node
    finally:
        loader.dispose()


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == ""


def _unreadable(file: Path, error: Exception) -> Problem:
    """Return why a file can't be read, and where it stops making sense."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "it is no YAML"
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, None)
        return Problem("", f"can't be read: {reason}", str(file), line, column)
    if isinstance(error, OSError):
        return Problem("", f"can't be read: {error.strerror}", str(file), 1)
    reason = str(error).partition("\n")[0]
    return Problem("", f"can't be read: {reason}", str(file), 1)


def _placed(problem: Problem, node: yaml.Node, file: str | None = None) -> Problem:
    """Return the problem with the place of the deepest part of its path that is there."""
    path, at = problem.path, node
    while path:
        steps = [
            (step, key, inner)
            for step, key, inner in _steps(node)
            if path == step or path.startswith((f"{step}.", f"{step}["))
        ]
        if not steps:
            break
        # A name may hold a dot itself: the longest that fits is meant.
        step, at, node = max(steps, key=lambda found: len(found[0]))
        path = path[len(step) :].removeprefix(".")
    mark = at.start_mark
    return replace(problem, file=file, line=mark.line + 1, column=mark.column + 1)


def _steps(node: yaml.Node) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Yield the next steps of a path: as they are written, where they stand, what is there."""
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), key, inner) for key, inner in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from ((f"[{index}]", inner, inner) for index, inner in enumerate(node.value))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
