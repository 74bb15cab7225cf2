from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ordergate.errors import InvalidQueryError, UnsupportedQueryError
from ordergate.schemas.patterns import compile_pattern
from ordergate.tmf630.query import Condition, Operator, SortKey, parse_query

if TYPE_CHECKING:
    from ordergate.tmf630.query import Query


def parse(raw: str) -> Query:
    return parse_query(raw, page_limit=10_000)


def state(*values: str, operator: Operator = Operator.EQ) -> tuple[Condition, ...]:
    return (Condition("state", operator, values),)


def ordered(operator: Operator, *values: str) -> tuple[Condition, ...]:
    return (Condition("orderDate", operator, values),)


DAY = "2024-05-01"


@pytest.mark.parametrize(
    ("raw", "conditions"),
    [
        pytest.param("", (), id="Q1 nothing asked"),
        pytest.param("&&", (), id="Q1 empty parts"),
        pytest.param("state=held", state("held"), id="Q1 equality"),
        pytest.param(
            "state=held&priority=1",
            (*state("held"), Condition("priority", Operator.EQ, ("1",))),
            id="Q1 and",
        ),
        pytest.param("state=", state(""), id="Q1 empty value"),
        pytest.param("state=a%26b", state("a&b"), id="Q1 encoded ampersand"),
        pytest.param("state=caf%C3%A9+noir", state("café noir"), id="Q1 utf-8 and plus"),
        pytest.param("state=a,b", state("a", "b"), id="Q2 comma"),
        pytest.param("state=a%2Cb", state("a", "b"), id="Q2 encoded comma"),
        pytest.param("state=a&state=b", state("a", "b"), id="Q2 repeated"),
        pytest.param("state=a;state=b", state("a", "b"), id="Q2 semicolon"),
        pytest.param("state=a;b", state("a", "b"), id="Q2 semicolon without name"),
        pytest.param("state=a,b;state=c&state=d", state("a", "b", "c", "d"), id="Q2 mixed"),
        pytest.param("state=a%3Bb", state("a;b"), id="Q2 encoded semicolon is text"),
        pytest.param("state.eq=a", state("a"), id="Q3 eq"),
        pytest.param("state.ne=a,b", state("a", "b", operator=Operator.NE), id="Q3 ne"),
        pytest.param(f"orderDate.gt={DAY}", ordered(Operator.GT, DAY), id="Q3 gt"),
        pytest.param(f"orderDate.gte={DAY}", ordered(Operator.GTE, DAY), id="Q3 gte"),
        pytest.param(f"orderDate.lt={DAY}", ordered(Operator.LT, DAY), id="Q3 lt"),
        pytest.param(f"orderDate.lte={DAY}", ordered(Operator.LTE, DAY), id="Q3 lte"),
        pytest.param(
            f"orderDate.gt={DAY}&orderDate.lt=2024-06",
            ordered(Operator.GT, DAY) + ordered(Operator.LT, "2024-06"),
            id="Q3 a range is two conditions",
        ),
        pytest.param("gt=1", (Condition("gt", Operator.EQ, ("1",)),), id="Q3 attribute gt"),
        pytest.param(
            "x.lt.eq=1", (Condition("x.lt", Operator.EQ, ("1",)),), id="Q3 inner attribute lt"
        ),
        pytest.param(
            "x.lt%3E1", (Condition("x.lt", Operator.GT, ("1",)),), id="Q3 no suffix beside Q4"
        ),
        pytest.param(f"orderDate%3E{DAY}", ordered(Operator.GT, DAY), id="Q4 %3E"),
        pytest.param(f"orderDate%3e{DAY}", ordered(Operator.GT, DAY), id="Q4 %3e"),
        pytest.param(f"orderDate>{DAY}", ordered(Operator.GT, DAY), id="Q4 bare >"),
        pytest.param(f"orderDate%3E%3D{DAY}", ordered(Operator.GTE, DAY), id="Q4 %3E%3D"),
        pytest.param(f"orderDate%3E={DAY}", ordered(Operator.GTE, DAY), id="Q4 %3E="),
        pytest.param(f"orderDate>={DAY}", ordered(Operator.GTE, DAY), id="Q4 bare >="),
        pytest.param(f"orderDate%3C{DAY}", ordered(Operator.LT, DAY), id="Q4 %3C"),
        pytest.param(f"orderDate<{DAY}", ordered(Operator.LT, DAY), id="Q4 bare <"),
        pytest.param(f"orderDate%3C%3D{DAY}", ordered(Operator.LTE, DAY), id="Q4 %3C%3D"),
        pytest.param(f"orderDate<={DAY}", ordered(Operator.LTE, DAY), id="Q4 bare <="),
        pytest.param("state%3D%3Da", state("a"), id="Q4 %3D%3D"),
        pytest.param("state==a", state("a"), id="Q4 bare =="),
        pytest.param("state%3Da", state("a"), id="Q4 %3D"),
        pytest.param("state!=a", state("a", operator=Operator.NE), id="Q4 !="),
        pytest.param("state=%3Da", state("=a"), id="Q4 a value that begins with ="),
        pytest.param("state=~a", state("~a"), id="Q4 a value that begins with ~"),
        pytest.param("state=YQ==", state("YQ=="), id="Q4 a value that ends with =="),
        pytest.param(
            f"orderDate%3E{DAY};orderDate.gt=2024-06",
            ordered(Operator.GT, DAY, "2024-06"),
            id="Q4 with Q2",
        ),
        pytest.param(
            "%40type=A", (Condition("@type", Operator.EQ, ("A",)),), id="Q5 encoded @type"
        ),
        pytest.param(
            "orderItem.resource.id=7",
            (Condition("orderItem.resource.id", Operator.EQ, ("7",)),),
            id="Q5 dotted",
        ),
        pytest.param(
            "orderDate.gt=2024-05-01T00:00:00+02:00",
            ordered(Operator.GT, "2024-05-01T00:00:00 02:00"),
            id="Q7 plus read as blank",
        ),
        pytest.param('state="a"', state("a"), id="Q8 bare quotes"),
        pytest.param("state=%22a%22", state("a"), id="Q8 encoded quotes"),
        pytest.param("state=%22a,b%22,c", state("a,b", "c"), id="Q8 comma within quotes"),
        pytest.param("state=%22%22", state(""), id="Q8 nothing within quotes"),
        pytest.param("state=%22", state('"'), id="Q8 a single quote sign"),
        pytest.param("state=%22a,b", state('"a', "b"), id="Q8 quote never closed"),
        pytest.param(f"orderDate%3E%22{DAY}%22", ordered(Operator.GT, DAY), id="Q8 with Q4"),
        pytest.param("depth=2&expand=x&before=a&after=b", (), id="Q11 reserved and without effect"),
        pytest.param("fields=id&offset=1&limit=1&sort=a", (), id="Q11 reserved"),
        pytest.param(
            "note.limit=1", (Condition("note.limit", Operator.EQ, ("1",)),), id="Q11 inner name"
        ),
    ],
)
def test_filters_are_read(raw: str, conditions: tuple[Condition, ...]) -> None:
    assert parse(raw).conditions == conditions


@pytest.mark.parametrize(
    ("raw", "expressions"),
    [
        pytest.param("name.regex=a", ("a",), id="Q3 suffix"),
        pytest.param("name*=a", ("a",), id="Q4 star"),
        pytest.param("name%2A=a", ("a",), id="Q4 encoded star"),
        pytest.param("name*%3Da", ("a",), id="Q4 encoded equals sign"),
        pytest.param("name%3D~a", ("a",), id="Q4 tilde"),
        pytest.param("name%3d%7Ea", ("a",), id="Q4 encoded tilde"),
        pytest.param("name.regex=a%7Bb,c%7D", ("a{b,c}",), id="Q2 its comma is its own"),
        pytest.param('name.regex="a,b"', ("a,b",), id="Q8 quotes"),
        pytest.param("name.regex=a&name*=b", ("a", "b"), id="Q2 repeated, in two spellings"),
        pytest.param("name.regex=a;name%3D~b", ("a", "b"), id="Q2 semicolon"),
        pytest.param("name.regex=", ("",), id="Q3 empty"),
        pytest.param(f"name*={'a' * 200}", ("a" * 200,), id="just as long as it may be"),
    ],
)
def test_regular_expressions_are_read_and_compiled(raw: str, expressions: tuple[str, ...]) -> None:
    query = parse_query(raw, page_limit=1, compile_pattern=compile_pattern)
    assert query.conditions == (Condition("name", Operator.REGEX, expressions),)
    assert tuple(pattern.text for pattern in query.conditions[0].patterns) == expressions


@pytest.mark.parametrize(
    "expression", ["(", "(?=a)", r"(a)\1", "a" * 201, "a%00", "*", "\\", "(?<!a)b", "a{1001}"]
)
def test_expression_that_the_engine_does_not_take_is_refused_by_name(expression: str) -> None:
    with pytest.raises(InvalidQueryError) as refusal:
        parse_query(f"name.regex={expression}", page_limit=1, compile_pattern=compile_pattern)
    assert refusal.value.path == "name"


def test_without_an_engine_regular_expressions_are_not_offered() -> None:
    with pytest.raises(UnsupportedQueryError) as refusal:
        parse("name.regex=a")
    assert refusal.value.path == "name"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        pytest.param("filter=%24%5B%3F(%40.state)%5D", "filter", id="Q12 filter"),
        pytest.param("state=a;priority=1", "state", id="Q2 or between attributes"),
        pytest.param(
            "orderDate.gt=2024-06;orderDate.lt=2024-05", "orderDate", id="Q2 or between operators"
        ),
    ],
)
def test_parts_of_tmf630_that_are_not_offered_say_so(raw: str, path: str) -> None:
    with pytest.raises(UnsupportedQueryError) as refusal:
        parse(raw)
    assert refusal.value.path == path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        pytest.param("state", "state", id="no operator"),
        pytest.param("=a", "", id="no name"),
        pytest.param("a..b=1", "a..b", id="empty part"),
        pytest.param(".gt=1", ".gt", id="only a suffix"),
        pytest.param("$where=1", "$where", id="dollar"),
        pytest.param("a.%24ne=1", "a.$ne", id="encoded dollar"),
        pytest.param("a%00b=1", "a\0b", id="NUL"),
        pytest.param(".".join("abcdefghijk") + "=1", "a.b.c.d.e.f.g.h.i.j.k", id="too deep"),
        pytest.param("state=%FF", "%FF", id="not UTF-8"),
        pytest.param("&".join(f"a{n}=1" for n in range(51)), "filters", id="too many conditions"),
        pytest.param("state=" + "a," * 100, "state", id="too many values"),
        pytest.param("offset=-1", "offset", id="P6 negative offset"),
        pytest.param("offset=1.5", "offset", id="P6 broken offset"),
        pytest.param("limit=-1", "limit", id="P6 negative limit"),
        pytest.param("limit=ten", "limit", id="P6 limit in words"),
        pytest.param("limit=", "limit", id="P6 empty limit"),
        pytest.param("limit=%D9%A3", "limit", id="P6 digits of another script"),
        pytest.param("limit=" + "9" * 19, "limit", id="P6 limit beyond any store"),
        pytest.param("limit=1&limit=2", "limit", id="P6 two limits"),
        pytest.param("limit%3E1", "limit", id="Q11 compared limit"),
        pytest.param("offset.gt=1", "offset", id="Q11 compared offset"),
        pytest.param("sort=", "sort", id="S2 empty"),
        pytest.param("sort=-", "sort", id="S2 direction alone"),
        pytest.param("sort=--a", "sort", id="S2 two directions"),
        pytest.param("sort=a,,b", "sort", id="S2 empty key"),
        pytest.param("sort=a..b", "sort", id="S2 empty part"),
        pytest.param("sort=$a", "sort", id="S2 dollar"),
        pytest.param("sort=" + ",".join(f"a{n}" for n in range(11)), "sort", id="S2 too many"),
        pytest.param("fields=a..b", "fields", id="F2 empty part"),
        pytest.param("fields=$a", "fields", id="F2 dollar"),
        pytest.param("fields=" + ",".join(f"a{n}" for n in range(101)), "fields", id="F2 too many"),
        pytest.param("orderDate.gt=soon", "orderDate", id="Q10 bad date"),
        pytest.param("item.startDateTime%3C2024-13-01", "item.startDateTime", id="Q10 month 13"),
        pytest.param("timeline.date.lte=2024", "timeline.date", id="Q10 year alone"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_name(raw: str, path: str) -> None:
    with pytest.raises(InvalidQueryError) as refusal:
        parse(raw)
    assert refusal.value.path == path


def test_most_that_is_allowed_is_read() -> None:
    raw = "&".join(f"a{n}=" + ",".join(map(str, range(100))) for n in range(50))
    conditions = parse(raw).conditions
    assert len(conditions) == 50
    assert {len(condition.values) for condition in conditions} == {100}


def test_an_error_repeats_only_the_beginning_of_long_input() -> None:
    with pytest.raises(InvalidQueryError) as refusal:
        parse("a" * 60_000)
    assert len(refusal.value.reason) < 600


def test_a_date_may_equal_any_text() -> None:
    """TMF641's serviceDate is free text, so equality asks for no date."""
    assert parse("serviceDate=soon").conditions[0].values == ("soon",)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        pytest.param("", None, id="F1"),
        pytest.param("fields=", None, id="F1 empty"),
        pytest.param("fields=a,b", ("a", "b"), id="F2"),
        pytest.param("fields=a%2C%20b", ("a", "b"), id="F2 encoded"),
        pytest.param("fields=orderItem.state", ("orderItem.state",), id="F3"),
        pytest.param("fields=a.b,a,ab", ("a", "ab"), id="F3 the whole holds its part"),
        pytest.param("fields=none", (), id="F4"),
        pytest.param("fields=none,a", ("a",), id="F4 with another"),
        pytest.param("fields=a&fields=b,a", ("a", "b"), id="F6"),
    ],
)
def test_fields_are_read(raw: str, fields: tuple[str, ...] | None) -> None:
    assert parse(raw).fields == fields


@pytest.mark.parametrize(
    ("raw", "sort"),
    [
        pytest.param("sort=a", (SortKey("a"),), id="S1"),
        pytest.param("sort=%2Ba", (SortKey("a"),), id="S1 plus"),
        pytest.param("sort=+a", (SortKey("a"),), id="S1 plus read as blank"),
        pytest.param("sort=-a", (SortKey("a", descending=True),), id="S1 minus"),
        pytest.param(
            "sort=-a,+b.c,d-e",
            (SortKey("a", descending=True), SortKey("b.c"), SortKey("d-e")),
            id="S1 list",
        ),
        pytest.param("sort=a&sort=b", (SortKey("a"), SortKey("b")), id="S1 repeated"),
        pytest.param("sort=a,-a", (SortKey("a"),), id="S1 the first of a key counts"),
    ],
)
def test_sort_is_read(raw: str, sort: tuple[SortKey, ...]) -> None:
    assert parse(raw).sort == sort


@pytest.mark.parametrize(
    ("raw", "offset", "limit"),
    [
        pytest.param("", 0, None, id="P1"),
        pytest.param("offset=20&limit=10", 20, 10, id="P1 both"),
        pytest.param('limit="10"', 0, 10, id="P1 quoted"),
        pytest.param("limit=0", 0, 0, id="P6 zero"),
        pytest.param("limit=10001", 0, 10_000, id="P3 at most a page"),
    ],
)
def test_page_is_read(raw: str, offset: int, limit: int | None) -> None:
    query = parse(raw)
    assert (query.offset, query.limit) == (offset, limit)
