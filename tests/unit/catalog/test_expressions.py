from __future__ import annotations

import time
from typing import Any

import pytest

from ordergate.catalog.expressions import LONGEST_SOURCE, compile_expression
from ordergate.catalog.work import LONGEST_LIST, MOST_LOOKED_AT
from ordergate.errors import InvalidDocumentError
from ordergate.process.evaluation import Effort
from ordergate.process.rules import VARIABLES, ExpressionError


def value_of(source: str, **characteristic: Any) -> Any:
    return compile_expression(source, VARIABLES).evaluate(
        {"characteristic": characteristic}, Effort()
    )


def refusal_of(source: str) -> str:
    with pytest.raises(InvalidDocumentError) as refused:
        compile_expression(source, VARIABLES)
    assert "\n" not in refused.value.reason
    return refused.value.reason


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("characteristic.bandwidth > 10 && characteristic.name == 'x'", True),
        ("has(characteristic.wifi)", False),
        ("has(characteristic.wifi) && characteristic.wifi", False),
        ("has(characteristic.wifi) ? characteristic.wifi : true", True),
        ("characteristic.name + '-' + string(characteristic.bandwidth)", "x-100"),
        ("characteristic.sites.filter(s, s.size > 1).map(s, s.name)", ["b"]),
        ("size(characteristic.sites)", 2),
        ("{'a': [1, 2.5, null]}", {"a": [1, 2.5, None]}),
        ("'a.map(x, b.map(y, y))'", "a.map(x, b.map(y, y))"),
    ],
)
def test_expression_has_its_value(source: str, value: Any) -> None:
    sites = [{"name": "a", "size": 1}, {"name": "b", "size": 2}]
    assert value_of(source, bandwidth=100, name="x", sites=sites) == value


def test_expression_tells_its_source() -> None:
    assert compile_expression("1 + 1", VARIABLES).source == "1 + 1"


def test_expression_tells_the_values_that_it_looks_at() -> None:
    found = compile_expression("characteristic.far && size(characteristic.sites) > 1", VARIABLES)
    given = {"far": True, "sites": ["a", "b"], "other": 1}
    assert found.looked_at({"characteristic": given}) == {
        "characteristic.far": True,
        "characteristic.sites": "2 elements",
    }
    assert found.looked_at({"characteristic": {"far": False}}) == {"characteristic.far": False}


def test_expression_may_name_the_element_of_its_line() -> None:
    expression = compile_expression("site.name", (*VARIABLES, "site"))
    assert expression.evaluate({"site": {"name": "a"}}, Effort()) == "a"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1 +", "column 4"),
        ("", "column 1"),
        ("true &&\n  (", "line 2"),
        ("(" * 300 + "1" + ")" * 300, "can't be read"),
        ("bandwidth > 10", "no variable 'bandwidth'"),
        ("math.abs(1)", "no variable 'math'"),
        ("lower(characteristic.name)", "no function 'lower'"),
        ("[1].transformList(request, 1)", "no function 'transformList'"),
        ("'x' + " * 2000 + "'x'", "too long"),
    ],
)
def test_expression_that_makes_no_sense_is_refused(source: str, words: str) -> None:
    assert words in refusal_of(source)


def test_expression_of_ten_thousand_characters_is_refused_at_once() -> None:
    started = time.monotonic()
    assert str(LONGEST_SOURCE) in refusal_of("!" * 10_000 + "true")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "source",
    [
        "characteristic.a.map(x, characteristic.b.map(y, y))",
        "characteristic.a.exists(x, characteristic.b.all(y, y == x))",
        "characteristic.a.filter(x, size(x.filter(y, y)) > 1)",
        "characteristic.a . map ( x , [ ( x . exists_one ( y , y ) ) ] )",
        "characteristic.a.map(x, // ')'\n characteristic.b.existsOne(y, y))",
        "characteristic.a.map(x, ')' == r'\\' || x.all(y, y))",
        "characteristic.a.map(x, \"\\\")\" == '''')''' || x.all(y, y))",
    ],
)
def test_nested_comprehension_is_refused(source: str) -> None:
    assert "comprehension" in refusal_of(source)


def test_list_beyond_the_bound_is_refused() -> None:
    source = "size(characteristic.sites)"
    assert value_of(source, sites=[0] * LONGEST_LIST) == LONGEST_LIST
    with pytest.raises(ExpressionError, match="too long"):
        value_of(source, sites=[0] * (LONGEST_LIST + 1))


def test_long_list_deep_in_a_variable_is_refused() -> None:
    with pytest.raises(ExpressionError, match="too long"):
        value_of("has(characteristic.a)", a={"b": [{"c": [0] * (LONGEST_LIST + 1)}]})


def test_list_that_the_expression_does_not_look_at_is_no_matter() -> None:
    expression = compile_expression("item.id", VARIABLES)
    scope = {"item": {"id": "1"}, "characteristic": {"sites": [0] * (LONGEST_LIST + 1)}}
    assert expression.evaluate(scope, Effort()) == "1"


def test_more_values_than_the_bound_are_refused() -> None:
    many = {str(name): 0 for name in range(MOST_LOOKED_AT)}
    with pytest.raises(ExpressionError, match="more in what"):
        value_of("size(characteristic.many)", many=many)


@pytest.mark.parametrize(
    "source",
    [
        "characteristic.list.map(x, characteristic.other)",
        "(characteristic.list + characteristic.list).map(x, x)",
        "characteristic.list.map(x, x).map(x, x).map(x, x)",
        "characteristic.list.map(x, characteristic.text)",
        "characteristic.list.map(x, {'a': characteristic.other})",
        "characteristic.list.map(x, [x, x, x, x, x, x])",
        "characteristic.list.map(x, size(characteristic.other + characteristic.other) > 0)",
        "characteristic.list.exists(x, characteristic.list == characteristic.other)",
        "characteristic.list.all(x, !characteristic.text.matches('(a?){50}c'))",
        "[characteristic.text]" + ".map(x, x + x)" * 30,
        "[1]" + ".map(x, [x, x])" * 30,
        "+".join(["characteristic.list"] * 40) + " == []",
    ],
)
def test_work_without_bound_is_refused(source: str) -> None:
    row = list(range(4))
    expression = compile_expression(source, VARIABLES)
    scope = {"list": [row] * LONGEST_LIST, "other": [row] * LONGEST_LIST, "text": "x" * 50_000}
    with pytest.raises(ExpressionError, match=r"too long|larger than|more in what"):
        expression.evaluate({"characteristic": scope}, Effort())


@pytest.mark.parametrize(
    "source",
    [
        "characteristic.sites.filter(s, s.hub == 'Bern').map(s, s.name)",
        "characteristic.sites.map(s, {'name': s.name, 'target': characteristic.target})",
        "characteristic.sites.all(s, s.hub in characteristic.hubs)",
        "characteristic.sites.exists_one(s, s.name.matches('^site-[0-9]+$') && s.bandwidth == 7)",
        "size(characteristic.sites.map(s, characteristic.hubs))",
    ],
)
def test_ordinary_work_on_five_hundred_sites_is_done(source: str) -> None:
    sites = [{"name": f"site-{index}", "hub": "Bern", "bandwidth": index} for index in range(500)]
    assert value_of(source, sites=sites, hubs=["Bern", "Basel"], target="65000:1") is not None


def test_value_that_is_too_large_is_refused_though_it_is_quick() -> None:
    source = "+".join(["characteristic.text"] * 45)
    with pytest.raises(ExpressionError, match="its own value"):
        value_of(source, text="x" * 30_000)


def test_only_what_an_expression_looks_at_counts() -> None:
    much = {"text": "x" * 1_000_000, "list": [0] * 2 * LONGEST_LIST}
    assert value_of("characteristic.wanted + 1", wanted=1, **much) == 2
    assert value_of("has(characteristic.other) ? 1 : 2", **much) == 2
    with pytest.raises(ExpressionError):
        value_of("characteristic == {}", **much)
    with pytest.raises(ExpressionError):
        value_of("characteristic['te' + 'xt'] == ''", **much)


def test_element_may_have_the_name_of_a_variable() -> None:
    source = "characteristic.list.map(characteristic, characteristic.a)"
    assert value_of(source, list=[{"a": 1}, {"a": 2}]) == [1, 2]


def test_long_text_counts_as_many_values() -> None:
    with pytest.raises(ExpressionError, match="more in what"):
        value_of("characteristic.text == ''", text="x" * 1_000_000)


def test_pattern_is_linear_whatever_it_says() -> None:
    assert not value_of("characteristic.text.matches('^(a+)+$')", text="a" * 2_000 + "b")


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (r"characteristic.text.matches('^\\d+$')", True),
        (r"characteristic.text.matches(r'^\d+$')", True),
        ("matches(characteristic.text, '2')", True),
        ("'a'.matches(\"^b\")", False),
        ("['1', 'b'].filter(x, x.matches('[0-9]')).map(x, x)", ["1"]),
    ],
)
def test_pattern_is_found_in_a_text(source: str, value: Any) -> None:
    assert value_of(source, text="123") == value


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("characteristic.text.matches('(')", "no regular expression"),
        ("characteristic.text.matches('(?=a)')", "no regular expression"),
        ("characteristic.text.matches(characteristic.pattern)", "between quotes"),
        ("characteristic.text.matches('a' + 'b')", "between quotes"),
        ("characteristic.text.matches(b'a')", "between quotes"),
        ("matches('a')", "between quotes"),
        ("Thing{a: 1}", "no '{'"),
        ("characteristic" + ".a" * 40, "steps"),
        ("(" * 40 + "1" + ")" * 40, "deep"),
    ],
)
def test_what_rules_do_not_have_is_refused(source: str, words: str) -> None:
    assert words in refusal_of(source)


def test_value_nested_deeper_than_the_engine_may_go_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(ExpressionError, match="deeper"):
        value_of("has(characteristic.a)", **deep)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("characteristic.wifi", "there is no 'wifi'"),
        ("characteristic['wifi']", "there is no 'wifi'"),
        ("characteristic.number + 'a'", "types"),
        ("characteristic.number && true", "types"),
        ("characteristic.number.attribute", "types"),
        ("characteristic.number + 1.5", "types"),
        ("characteristic.text * 3", "Unsupported operation"),
        ("characteristic.number / 0", "zero"),
        ("characteristic.number % 0", "zero"),
        ("9223372036854775807 + characteristic.number", "overflow"),
        ("int(1e30)", "overflow"),
        ("int(characteristic.text)", "int"),
        ("timestamp(characteristic.text)", "timestamp"),
        ("timestamp('0000-01-01T00:00:00Z')", "year"),
        ("characteristic.number.matches('1')", "matches() can't take"),
        ("18446744073709551615u", "int"),
        ("{'a\\u0000b': 1}", "dict"),
        ("size(characteristic.number)", "size() can't take"),
        ("string(true)", "string() can't take"),
        ("[1][5]", "index"),
        ("place.a", "there is no variable 'place'"),
        ("characteristic.object", "object"),
        ("1.0 / 0.0", "float"),
        ("duration('1s')", "timedelta"),
        ("timestamp('2026-01-01T00:00:00Z')", "datetime"),
        ("b'abc'", "bytes"),
        ("{1: 2}", "dict"),
    ],
)
def test_every_failure_is_an_expression_error_in_one_line(source: str, words: str) -> None:
    with pytest.raises(ExpressionError) as failed:
        value_of(source, number=10, text="x", object=object() if "object" in source else 1)
    assert words in str(failed.value)
    assert "\n" not in str(failed.value)


def test_what_no_utf8_can_hold_is_an_expression_error() -> None:
    with pytest.raises(ExpressionError):
        value_of("characteristic.text == 'a'", text="\ud800")
