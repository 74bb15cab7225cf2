from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from ordergate.conformance.check import Check, Exchange, Result, Verdict
from ordergate.conformance.reports import document, exchange_text, junit, page, summary

if TYPE_CHECKING:
    from ordergate.conformance.door import Door

EVIL = "<script>alert('x')</script>\x00\x1b"


def nothing(_: Door) -> None:
    """Check nothing."""


@dataclass
class Ended:
    """A run that has ended, as the reports read it."""

    url: str
    done: list[Result]
    left: list[str] = field(default_factory=list)

    def count(self, verdict: Verdict) -> int:
        """Return how many results have this verdict."""
        return [one.verdict for one in self.done].count(verdict)


def result(verdict: Verdict, message: str = "", *exchanges: Exchange) -> Result:
    check = Check("lists.total", "The total is right", "Pages end too late.", "P4", nothing)
    return Result("TMF652", check, verdict, message, 0.25, exchanges)


def ended(*results: Result, **changes: Any) -> Any:
    return Ended(**{"url": "http://vendor.example", "done": list(results), **changes})


EXCHANGE = Exchange("GET", "http://v/x?a=<b>", "", 200, {"X-Total-Count": "3"}, EVIL)


def test_summary_counts_the_verdicts() -> None:
    passed, failed = result(Verdict.PASSED), result(Verdict.FAILED)

    assert summary(ended(passed, passed, failed)) == "2 passed, 1 failed, 0 absent"


def test_summary_names_what_is_blocked_only_where_something_is() -> None:
    assert summary(ended(result(Verdict.BLOCKED))) == "0 passed, 0 failed, 0 absent, 1 blocked"


def test_junit_counts_and_explains() -> None:
    failed = result(Verdict.FAILED, "It is 3.", EXCHANGE)
    run = ended(result(Verdict.PASSED), failed, result(Verdict.ABSENT, "There is no hub."))

    suite = ET.fromstring(junit(run))[0]  # noqa: S314 - we have just written it

    assert suite.attrib | {"time": ""} == {
        "name": "TMF652.lists",
        "tests": "3",
        "failures": "1",
        "skipped": "1",
        "errors": "0",
        "time": "",
    }
    failure = suite[1][0]
    assert failure.get("message") == "It is 3."
    assert "Pages end too late." in (failure.text or "")
    assert "> GET http://v/x?a=<b>" in (failure.text or "")
    assert suite[2][0].get("message") == "absent: There is no hub."


def test_junit_can_be_read_whatever_the_server_says() -> None:
    run = ended(result(Verdict.FAILED, EVIL, EXCHANGE))

    failure = ET.fromstring(junit(run))[0][0][0]  # noqa: S314 - we have just written it

    assert failure.get("message") == "<script>alert('x')</script>\ufffd\ufffd"


def test_page_runs_nothing_that_the_server_says() -> None:
    run = ended(result(Verdict.FAILED, EVIL, EXCHANGE), left=[EVIL], url=EVIL)

    text = page(run)

    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "Pages end too late." in text


def test_page_needs_nothing_else() -> None:
    text = page(ended(result(Verdict.PASSED, "", EXCHANGE)))

    assert "src=" not in text
    assert "href=" not in text
    assert "<details>" in text


def test_page_opens_what_failed() -> None:
    assert "<details open>" in page(ended(result(Verdict.FAILED, "It is 3.", EXCHANGE)))


def test_document_has_the_whole_result() -> None:
    run = ended(result(Verdict.FAILED, "It is 3.", EXCHANGE), left=["http://v/1"])

    told = document(run)

    assert told["summary"] == {"passed": 0, "failed": 1, "absent": 0, "blocked": 0}
    assert told["leftBehind"] == ["http://v/1"]
    (entry,) = told["result"]
    assert (entry["id"], entry["verdict"], entry["message"]) == (
        "lists.total",
        "failed",
        "It is 3.",
    )
    assert entry["exchange"][0]["response"]["headers"] == {"X-Total-Count": "3"}


def test_exchange_without_an_answer_says_so() -> None:
    silent = Exchange("POST", "http://v/hub", "{}", None, {}, "the connection failed")

    assert exchange_text(silent).splitlines() == [
        "> POST http://v/hub",
        "> {}",
        "< no answer",
        "< the connection failed",
    ]
