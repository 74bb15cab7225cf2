"""The harness runs: each case in its smallest form, whose figures say nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.cases import CASES, PEERS
from benchmarks.figures import Effort, Figure, SkippedError
from benchmarks.readme import renew
from benchmarks.results import keep, latest, measured

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUICK = Effort(rounds=1, seconds=0.1, quick=True)
_README = Path(__file__).parents[2] / "benchmarks" / "README.md"
_FIGURE = Figure(
    case="create",
    what="create: requests",
    values=(50.0, 60.0, 70.0),
    unit="1/s",
    against="floor",
    reference=(100.0, 100.0, 100.0),
    at_least=0.6,
    curve="create",
    at=10,
    axis="orders",
)


@pytest.mark.parametrize("name", ["get", "issue"])
def test_case_yields_what_it_measured_beside_its_reference(name: str) -> None:
    rate, *others = CASES[name](_QUICK)

    assert rate.unit == "1/s"
    assert rate.values[0] > 0
    assert rate.reference[0] > 0
    assert {"ms", "MiB"} <= {one.unit for one in others}


def test_growth_yields_a_point_of_each_curve() -> None:
    points = list(CASES["growth"](_QUICK))

    assert {"GET by id", "create", "PATCH"} <= {one.curve for one in points}
    assert all(one.at == 50 and one.values[0] > 0 for one in points)


def test_each_case_has_its_place_in_the_readme() -> None:
    places = re.findall("<!-- begin of (.*) -->", _README.read_text(encoding="utf-8"))

    assert sorted(places) == sorted(CASES)
    assert set(PEERS) < set(CASES)


def test_figure_is_kept_if_its_median_ratio_is_what_was_promised() -> None:
    assert _FIGURE.ratios() == (0.5, 0.6, 0.7)
    assert _FIGURE.is_kept() is True


def test_results_are_shown_in_the_readme_with_date_machine_and_plots(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# A\n<!-- begin of create -->\nold\n<!-- end of create -->\nB\n", "utf-8")
    (tmp_path / "results").mkdir()

    found = measured(lambda _: iter([_FIGURE]), _QUICK)
    keep("create", found, tmp_path / "results")
    renew("create", latest(tmp_path / "results")["cases"]["create"], readme)

    said = readme.read_text(encoding="utf-8")
    assert said.startswith("# A\n")
    assert said.endswith("<!-- end of create -->\nB\n")
    assert "old" not in said
    assert found["date"] in said
    assert found["machine"]["cpu"] in said
    assert (
        "| create: requests | 60 [55 to 65] 1/s | floor: 100 1/s | 0.6 [0.55 to 0.65] | ≥ 0.6 ✓"
        in said
    )
    plots = re.findall(r"\((results/.*\.svg)\)", said)
    assert len(plots) == 2
    assert all("</svg>" in (tmp_path / plot).read_text(encoding="utf-8") for plot in plots)


def test_case_that_fails_says_why_and_keeps_what_it_had() -> None:
    def broken(_: Effort) -> Iterator[Figure]:
        yield _FIGURE
        raise RuntimeError("no more")

    found = measured(broken, _QUICK)

    assert found["failed"] == "RuntimeError: no more"
    assert len(found["figures"]) == 1


def test_case_that_cannot_be_had_here_is_no_failure() -> None:
    def absent(_: Effort) -> Iterator[Figure]:
        raise SkippedError("no registry")

    found = measured(absent, _QUICK)

    assert found["skipped"] == "no registry"
    assert "failed" not in found


def test_results_are_written_as_json_by_case(tmp_path: Path) -> None:
    keep("create", measured(lambda _: iter([_FIGURE]), _QUICK), tmp_path)
    keep("get", measured(lambda _: iter(()), _QUICK), tmp_path)

    (path,) = tmp_path.glob("*.json")
    assert list(json.loads(path.read_text(encoding="utf-8"))["cases"]) == ["create", "get"]
