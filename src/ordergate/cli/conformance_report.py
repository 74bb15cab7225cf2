"""A conformance run on a terminal, and its report there and in files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from ordergate.cli.terminal import open_console, plain, print_json, styled
from ordergate.conformance import Asked, Verdict, prepare
from ordergate.conformance.reports import document, exchange_text, grouped, junit, page, summary
from ordergate.conformance.target import read_file
from ordergate.errors import SetupError
from ordergate.model.common import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.text import Text

    from ordergate.conformance import Result, Run

_STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.ABSENT: "yellow",
    Verdict.BLOCKED: "yellow",
}
_UNTOLD = (Verdict.ABSENT, Verdict.BLOCKED)
_MOST_LEFT, _LONGEST = 10, 500


def run_conformance(
    *,
    url: str,
    api: str | None,
    contract: Path | None,
    order: Path | None,
    header: Sequence[str],
    files: tuple[Path | None, Path | None],
    as_json: bool,
    **asked: Any,
) -> bool:
    """Check a server, report, and return whether nothing failed.

    Args:
        files: where the JUnit XML and the HTML page go.

    Raises:
        SetupError: the server can't be reached, or a file can't be read or written.
    """
    for file in files:
        if file is not None and not file.absolute().parent.is_dir():
            raise SetupError(f"There is no folder {file.parent} for {file.name}.")
    run_asked = Asked(
        url,
        apis=frozenset({Api(f"TMF{api}")}) if api else frozenset(),
        contract=None if contract is None else read_file(contract),
        order=None if order is None else read_file(order),
        headers=dict(_header(one) for one in header),
        **asked,
    )
    with prepare(run_asked) as run:
        _show_progress(run)
    _write(files[0], lambda: junit(run))
    _write(files[1], lambda: page(run).encode())
    if as_json:
        print_json(document(run))
    else:
        _print_report(open_console(), run)
    return not run.count(Verdict.FAILED)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and name.strip() and text.isprintable()):
        raise SetupError(f"--header takes 'Name: value', not {name!r}.")
    return name.strip(), value.strip()


def _show_progress(run: Run) -> None:
    """Make the checks under a progress bar, on standard error and only on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("starting", total=run.total)
        for result in run.results():
            bar.update(task, advance=1, description=f"{result.api} {result.check.id:32.32}")


def _write(file: Path | None, make: Callable[[], bytes]) -> None:
    if file is None:
        return
    try:
        file.write_bytes(make())
    except OSError as error:
        raise SetupError(f"{file} can't be written: {error.strerror or error}.") from None


def _print_report(console: Console, run: Run) -> None:
    """Print what was found: a table, what can't be told, the failures in full, what stayed."""
    console.print(_table(run))
    for result in run.done:
        if result.verdict in _UNTOLD:
            console.print(_line(result), plain(result.message), sep="\n  ")
    for result in run.done:
        if result.verdict is Verdict.FAILED:
            _print_failure(console, result)
    if run.left:
        console.print(f"\nLeft behind, for the server did not remove it ({len(run.left)}):")
        for url in run.left[:_MOST_LEFT]:
            console.print(f"  {plain(url)}")
        if len(run.left) > _MOST_LEFT:
            console.print("  … (--json and --html name them all)")
    console.print(f"\n{summary(run)}")


def _table(run: Run) -> Table:
    """Return a line for each group of checks."""
    table = Table("checks", *(str(verdict) for verdict in Verdict), box=box.SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for (api, group), results in grouped(run.done).items():
        counts = Counter(result.verdict for result in results)
        cells = (
            styled((str(counts[verdict]), _STYLES[verdict])) if counts[verdict] else ""
            for verdict in Verdict
        )
        table.add_row(f"{api} {group}", *cells)
    return table


def _line(result: Result) -> Text:
    """Return the verdict and what it is about."""
    verdict, one = result.verdict, result.check
    return styled((f"{verdict} ", _STYLES[verdict]), f"{result.api} {one.id}: {one.title}")


def _print_failure(console: Console, result: Result) -> None:
    check = result.check
    console.print()
    console.print(_line(result))
    console.print(f"  {plain(result.message)}")
    console.print(f"  Why it matters: {check.why}")
    console.print(f"  Statements: {check.clause}")
    for exchange in result.exchanges:
        for line in exchange_text(exchange).splitlines():
            console.print(f"    {_cut(plain(line))}", style="dim")


def _cut(line: str) -> str:
    """Return a line as long as one can read; --json and --html have more of it."""
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
