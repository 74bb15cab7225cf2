"""What every book of feasibility assessments promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes_delivery import empty, temporary_database
from fakes_requests import InMemoryFeasibilityBook
from ordergate.errors import NotFoundError
from ordergate.model.common import timestamp
from ordergate.process.entity import Entity, Idempotency
from ordergate.storage.feasibility_assessments import COLLECTION, MongoFeasibilityBook
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordergate.process.ports import FeasibilityBook
    from ordergate.storage.database import Database

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def assessment(
    name: str, minute: int = 0, *, request: str | None = None, specification: str | None = None
) -> Entity:
    recorded = timestamp(NOON + timedelta(minutes=minute))
    document: dict[str, Any] = {"id": name, "result": "feasible", "recordedDate": recorded}
    if request is not None:
        document["for"] = {"initiatingRequest": {"id": request}, "itemId": "1"}
    if specification is not None:
        document["appliesTo"] = {"specification": {"id": specification}}
    return Entity(name, document)


class FeasibilityBookContract:
    def test_added_one_is_read_as_it_was(
        self, runner: asyncio.Runner, book: FeasibilityBook
    ) -> None:
        new = replace(assessment("a", request="req-1"), idempotency=Idempotency("key", "body"))
        assert runner.run(book.add(new)) is None
        assert runner.run(book.get("a")) == new

    def test_added_under_a_known_id_answers_with_the_one_that_is_kept(
        self, runner: asyncio.Runner, book: FeasibilityBook
    ) -> None:
        runner.run(book.add(assessment("a", request="req-1")))
        kept = runner.run(book.add(assessment("a", request="req-2")))
        assert kept == assessment("a", request="req-1")
        assert runner.run(book.get("a")) == kept

    def test_unknown_one_is_not_found(self, runner: asyncio.Runner, book: FeasibilityBook) -> None:
        with pytest.raises(NotFoundError, match="'a'"):
            runner.run(book.get("a"))

    def test_change_is_written_over_the_revision_before_and_over_no_other(
        self, runner: asyncio.Runner, book: FeasibilityBook
    ) -> None:
        new = replace(assessment("a"), idempotency=Idempotency("key", "body"))
        runner.run(book.add(new))
        replaced = replace(new, document={**new.document, "replacedBy": {"id": "b"}}, revision=2)
        assert runner.run(book.replace(replaced)) is True
        assert runner.run(book.replace(replaced)) is False
        assert runner.run(book.replace(replace(assessment("b"), revision=2))) is False
        assert runner.run(book.get("a")) == replaced

    def test_known_are_those_that_may_concern_a_request_newest_first(
        self, runner: asyncio.Runner, book: FeasibilityBook
    ) -> None:
        those = [
            assessment("a", 1, request="req-1"),
            assessment("b", 4, request="req-1", specification="fibre"),
            assessment("c", 3, specification="fibre"),
            assessment("d", 2, specification="vpn"),
            assessment("e", 5, request="req-2"),
        ]
        for one in those:
            runner.run(book.add(one))

        def found(limit: int = 1000, **wanted: list[str]) -> str:
            known = runner.run(book.known_for(**wanted, limit=limit))
            return "".join(one["id"] for one in known)

        assert found(ids=["a", "e", "z"]) == "ea"
        assert found(requests=["req-1"]) == "ba"
        assert found(requests=["req-1", "req-2"]) == "eba"
        assert found(specifications=["fibre", "vpn"]) == "bcd"
        assert found(ids=["a"], requests=["req-2"], specifications=["fibre"]) == "ebca"
        assert found(3, ids=["a"], requests=["req-2"], specifications=["fibre"]) == "ebc"
        assert found(specifications=["copper"]) == ""
        assert found() == ""

    def test_assessment_is_unapplied_until_it_is_called_applied(
        self, runner: asyncio.Runner, book: FeasibilityBook
    ) -> None:
        for name, minute in {"a": 2, "b": 0, "c": 1, "d": 3}.items():
            runner.run(book.add(assessment(name, minute)))
        runner.run(book.applied("c"))
        changed = replace(assessment("a", 2), revision=2)
        assert runner.run(book.replace(changed)) is True

        def left(limit: int = 9) -> str:
            return "".join(one.id for one in runner.run(book.unapplied(limit=limit)))

        assert left() == "bad"
        assert left(2) == "ba"
        runner.run(book.applied("b"))
        runner.run(book.applied("b"))
        assert left() == "ad"
        assert runner.run(book.unapplied(limit=1)) == [changed]


class TestInMemoryFeasibilityBook(FeasibilityBookContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def book(self) -> InMemoryFeasibilityBook:
        return InMemoryFeasibilityBook()


@pytest.fixture(scope="module")
def loop_and_database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with temporary_database(mongodb_uri) as (runner, database):
        runner.run(MongoFeasibilityBook(database, page_limit=5).ensure_indexes())
        yield runner, database


class TestMongoFeasibilityBook(FeasibilityBookContract):
    @pytest.fixture
    def runner(self, loop_and_database: tuple[asyncio.Runner, Database]) -> asyncio.Runner:
        return loop_and_database[0]

    @pytest.fixture
    def book(self, loop_and_database: tuple[asyncio.Runner, Database]) -> MongoFeasibilityBook:
        runner, database = loop_and_database
        runner.run(empty(database))
        return MongoFeasibilityBook(database, page_limit=5)

    def test_list_begins_with_the_oldest(
        self, runner: asyncio.Runner, book: MongoFeasibilityBook
    ) -> None:
        for name, minute in {"a": 2, "b": 1}.items():
            runner.run(book.add(assessment(name, minute)))
        found, total = runner.run(book.list(parse_query("", page_limit=5)))
        assert ([one["id"] for one in found], total) == (["b", "a"], 2)

    def test_what_is_known_and_what_is_unapplied_is_found_by_an_index(
        self,
        book: MongoFeasibilityBook,
        loop_and_database: tuple[asyncio.Runner, Database],
    ) -> None:
        runner, database = loop_and_database

        async def plans() -> list[dict[str, Any]]:
            for number in range(300):
                name = f"{number:03}"
                request, specification = f"req-{number % 100}", f"svc-{number % 50}"
                one = assessment(name, number, request=request, specification=specification)
                await book.add(one)
                if number:
                    await book.applied(name)
            await database.command({"profile": 2})
            await book.known_for(ids=["001"], requests=["req-7"], specifications=["svc-3"])
            await book.unapplied(limit=100)
            await database.command({"profile": 0})
            ran = {"ns": f"{database.name}.{COLLECTION}", "command.find": COLLECTION}
            return await database["system.profile"].find(ran).to_list()

        found = runner.run(plans())
        assert sorted(plan["docsExamined"] for plan in found) == [1, 1, 3, 6]
        assert all("COLLSCAN" not in plan["planSummary"] for plan in found)
        assert sum(bool(plan.get("hasSortStage")) for plan in found) <= 1  # the one by id
