"""What a run found, as files: JSON for programs, JUnit XML for build servers, a page for people."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from ordergate.conformance.check import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ordergate.conformance.check import Exchange, Result
    from ordergate.conformance.suite import Run
    from ordergate.model.common import Document

# What XML 1.0 has no way to write: a server may answer with it all the same.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c2430; background: #fff }
table { border-collapse: collapse; width: 100% } h2 { margin-top: 2rem }
td { padding: .35rem .5rem; border-top: 1px solid #e3e7ec; vertical-align: top }
td:first-child { width: 5rem; font-weight: 600 }
.passed { color: #1a7f37 } .failed { color: #b42318 } .absent, .blocked { color: #8a6100 }
small { color: #5b6675 } summary { cursor: pointer }
pre { background: #f5f7f9; padding: .6rem; overflow: auto; white-space: pre-wrap;
      overflow-wrap: anywhere }
"""


def summary(run: Run) -> str:
    """Return the line that says it all."""
    parts = [f"{run.count(verdict)} {verdict}" for verdict in Verdict]
    if not run.count(Verdict.BLOCKED):
        parts.pop()
    return ", ".join(parts)


def document(run: Run) -> Document:
    """Return the run for programs."""
    return {
        "url": run.url,
        "summary": {str(verdict): run.count(verdict) for verdict in Verdict},
        "result": [_entry(result) for result in run.done],
        "leftBehind": run.left,
    }


def _entry(result: Result) -> dict[str, Any]:
    check = result.check
    return {
        "api": result.api,
        "id": check.id,
        "title": check.title,
        "why": check.why,
        "clause": check.clause,
        "verdict": str(result.verdict),
        "message": result.message,
        "seconds": round(result.seconds, 3),
        "exchange": [one.document() for one in result.exchanges],
    }


def junit(run: Run) -> bytes:
    """Return the run as JUnit XML: a suite for each API and group; what isn't told is skipped."""
    root = ET.Element("testsuites", name="ordergate conformance")
    for (api, group), results in grouped(run.done).items():
        suite = ET.SubElement(
            root,
            "testsuite",
            name=f"{api}.{group}",
            tests=str(len(results)),
            failures=str(sum(one.verdict is Verdict.FAILED for one in results)),
            skipped=str(sum(one.verdict in _UNTOLD for one in results)),
            errors="0",
            time=f"{sum(one.seconds for one in results):.3f}",
        )
        for result in results:
            _case(suite, result)
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


_UNTOLD = (Verdict.ABSENT, Verdict.BLOCKED)


def _case(suite: ET.Element, result: Result) -> None:
    check = result.check
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"{result.api}.{check.group}",
        name=f"{check.id}: {check.title}",
        time=f"{result.seconds:.3f}",
    )
    message = _xml(result.message)
    if result.verdict is Verdict.FAILED:
        failure = ET.SubElement(case, "failure", message=message, type=check.clause)
        told = [f"Why it matters: {check.why}", *map(exchange_text, result.exchanges)]
        failure.text = _xml("\n\n".join(told))
    elif result.verdict in _UNTOLD:
        ET.SubElement(case, "skipped", message=f"{result.verdict}: {message}")


def _xml(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def page(run: Run) -> str:
    """Return the run as one HTML page that needs nothing else."""
    groups = "".join(
        f"<h2>{escape(api)} · {escape(group)}</h2><table>{''.join(map(_row, results))}</table>"
        for (api, group), results in grouped(run.done).items()
    )
    left = "".join(f"<li>{escape(url)}</li>" for url in run.left)
    behind = f"<h2>Left behind</h2><p>The server did not remove:</p><ul>{left}</ul>" if left else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Conformance of {escape(run.url)}</title><style>{_STYLE}</style>"
        f"<h1>Conformance of {escape(run.url)}</h1><p>{escape(summary(run))}</p>"
        f"{groups}{behind}</html>\n"
    )


def _row(result: Result) -> str:
    check, verdict = result.check, result.verdict
    told = f"<p>{escape(result.message)}</p>" if result.message else ""
    if verdict is Verdict.FAILED:
        told += f"<p><b>Why it matters:</b> {escape(check.why)}</p>"
    shown = "".join(f"<pre>{escape(exchange_text(one))}</pre>" for one in result.exchanges)
    opened = " open" if verdict is Verdict.FAILED else ""
    last = f"<details{opened}><summary>requests and responses</summary>{shown}</details>"
    return (
        f'<tr><td class="{verdict}">{verdict}</td><td>{escape(check.title)} '
        f"<small>{escape(check.id)} · {escape(check.clause)}</small>{told}"
        f"{last if shown else ''}</td></tr>"
    )


def exchange_text(exchange: Exchange) -> str:
    """Return a request and its response as lines."""
    lines = [f"> {exchange.method} {exchange.url}"]
    if exchange.body:
        lines.append(f"> {exchange.body}")
    lines.append(f"< {exchange.status or 'no answer'}")
    lines.extend(f"< {name}: {value}" for name, value in exchange.headers.items())
    if exchange.answer:
        lines.append(f"< {exchange.answer}")
    return "\n".join(lines)


def grouped(results: Iterable[Result]) -> dict[tuple[str, str], list[Result]]:
    """Return the results by API and group, as they came."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.api, result.check.group), []).append(result)
    return groups
