from __future__ import annotations

import time

import pytest

from ordergate.schemas.patterns import compile_pattern


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("B", "abc", False),
        ("(?i)É", "é", True),
        ("a$", "a\n", False),
        (".", "\n", False),
        ("", "", True),
        (r"\pL{2}", "1éß", True),
    ],
)
def test_expression_is_searched_for_and_minds_case(
    expression: str, value: str, expected: object
) -> None:
    assert compile_pattern(expression).found_in(value) is expected


@pytest.mark.parametrize(
    "expression", ["(", "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", "(?>a)", "a++", "((a{99}){99}){99}"]
)
def test_what_needs_more_than_linear_time_is_refused_and_says_why(
    expression: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        compile_pattern(expression)
    assert capfd.readouterr().err == ""


def test_expression_that_stalls_others_takes_linear_time_here() -> None:
    bomb, value = compile_pattern("^(a+)+$"), "a" * 50_000 + "!"
    start = time.perf_counter()
    assert not bomb.found_in(value)
    assert time.perf_counter() - start < 1
