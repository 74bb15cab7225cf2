"""The server's own contract: published, and kept to under requests made from it.

Schemathesis makes the requests, from a fixed seed. The hub is left out: it would be given made-up
callbacks, and the server would call them.
"""

from __future__ import annotations

import tempfile
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ordergate.conformance import expect
from ordergate.conformance.check import AbsentError, Check, FindingError, ViolationError, check

if TYPE_CHECKING:
    from collections.abc import Callable

    import schemathesis

    from ordergate.conformance.door import Door

_SEED, _FEW = 652, 5
_PLACES = frozenset({"servers", "host", "basePath"})
_METHODS = ("get", "post", "patch", "delete")
_WHY = "Clients are generated from the contract; what it doesn't say breaks them."
_KEPT = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
INSTALL = "pip install 'ordergate[conformance]'"


@check(
    "contract.published",
    why=_WHY,
    clause="6.1",
)
def published(door: Door) -> None:
    """The server publishes an OpenAPI contract that can be read."""
    if door.contract is None:
        raise AbsentError("There is no openapi.json or swagger.json there; --contract names one.")
    paths = door.contract.get("paths")
    expect.that(isinstance(paths, dict) and paths, "The contract has no paths.")
    if find_spec("schemathesis") is None:
        raise AbsentError(f"Schemathesis, which makes requests from it, isn't here: {INSTALL}")


def checks(door: Door, examples: int) -> tuple[Check, ...]:
    """Return a check for each operation on orders and cancellations that the contract has."""
    if find_spec("schemathesis") is None:
        return (published,)
    return (
        published,
        *(
            Check(
                f"contract.{method}-{path.strip('/').replace('/', '-')}",
                f"{method.upper()} {path} keeps to the contract",
                _WHY,
                "the server's contract",
                partial(_keeps, method, path, examples),
            )
            for method, path in _operations(door)
        ),
    )


def _operations(door: Door) -> list[tuple[str, str]]:
    paths = (door.contract or {}).get("paths")
    ours = {door.profile.order, door.profile.task}
    return [
        (method, path)
        for path, operations in (paths if isinstance(paths, dict) else {}).items()
        if path.strip("/").split("/")[0] in ours and isinstance(operations, dict)
        for method in _METHODS
        if method in operations
    ]


def _keeps(method: str, path: str, examples: int, door: Door) -> None:
    """Expect every answer to be one that the contract describes."""
    known = _known(door, method, path)
    findings: list[FindingError] = []

    def look(case: schemathesis.Case[Any]) -> None:
        if findings:
            return
        try:
            _look(door, case)
        except FindingError as finding:
            findings.append(finding)

    if method == "post" and not _removable(door):
        examples = min(examples, _FEW)
    try:
        _run(_operation(door, method, path), known, look, examples)
    except Exception as error:  # noqa: BLE001 - whatever there is wrong with a stranger's contract
        raise ViolationError(
            f"No requests can be made from the contract: {_words(error)}"
        ) from None
    if findings:
        raise findings[0]


def _operation(door: Door, method: str, path: str) -> Any:
    """Return an operation of the contract, wherever that says the server is."""
    import schemathesis  # noqa: PLC0415 - an extra, slow to load

    contract = door.contract or {}
    placeless = {name: value for name, value in contract.items() if name not in _PLACES}
    return schemathesis.openapi.from_dict(placeless)[path][method.upper()]


def _removable(door: Door) -> bool:
    """Return whether the contract has a way to remove what requests make."""
    return any(method == "delete" for method, _ in _operations(door))


def _known(door: Door, method: str, path: str) -> dict[str, Any]:
    """Return path parameters that lead to an order that is there, or none."""
    name = path.strip("/").removeprefix(f"{door.profile.order}/")
    if method == "delete" or not (name.startswith("{") and name.endswith("}")):
        return {}
    return {"path_parameters": {name[1:-1]: door.order()["id"]}}


def _run(operation: Any, known: dict[str, Any], look: Callable[[Any], None], examples: int) -> None:
    """Let `look` see so many cases of an operation; the same ones each time."""
    import hypothesis  # noqa: PLC0415 - comes with schemathesis
    from hypothesis.configuration import set_hypothesis_home_dir  # noqa: PLC0415 - idem

    settings = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    @hypothesis.seed(_SEED)
    @settings
    @hypothesis.given(operation.as_strategy(**known))
    def drive(case: Any) -> None:
        look(case)

    with tempfile.TemporaryDirectory() as home:
        set_hypothesis_home_dir(home)  # else it writes into the present folder
        drive()


def _look(door: Door, case: schemathesis.Case[Any]) -> None:
    """Send a case, and expect the answer to be as the contract has it."""
    import schemathesis  # noqa: PLC0415 - an extra, slow to load
    from schemathesis.checks import CHECKS  # noqa: PLC0415 - idem
    from schemathesis.core.failures import FailureGroup  # noqa: PLC0415 - idem

    options = case.as_transport_kwargs(base_url=door.base)
    answer = door.session.send(options)
    if case.method.upper() == "POST":
        door.note_created(str(options["url"]), answer)
    response = schemathesis.Response(
        status_code=answer.status,
        headers={name.lower(): [value] for name, value in answer.headers.items()},
        content=answer.content,
        request=answer.request,
        elapsed=0.0,
        verify=True,
    )
    kept: list[Any] = CHECKS.get_by_names(list(_KEPT))
    try:
        case.validate_response(response, checks=kept)
    except FailureGroup as group:
        raise ViolationError(_words(group.exceptions[0])) from None


def _words(error: BaseException) -> str:
    """Return the first lines of a failure of schemathesis."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:6])[:500]
