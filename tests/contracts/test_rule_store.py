"""What every store of rules promises, on the fake and on MongoDB."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from fakes_catalog import MemoryRuleStore, example_rule, small_rule
from ordergate.catalog.rule_book import CompiledRuleBook
from ordergate.errors import DuplicateError, NotFoundError
from ordergate.storage.database import open_client
from ordergate.storage.rules import MongoRuleStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    Store = MemoryRuleStore | MongoRuleStore


class RuleStoreContract:
    def test_rule_that_was_put_is_found_as_it_was(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        assert runner.run(store.put(example_rule()))
        assert runner.run(store.get("fibre-access")) == example_rule()
        assert runner.run(store.get("fibre-access", 1)) == example_rule()

    def test_same_rule_again_is_not_new(self, runner: asyncio.Runner, store: Store) -> None:
        assert runner.run(store.put(example_rule()))
        assert not runner.run(store.put(example_rule()))
        assert len(runner.run(store.all())) == 1

    def test_version_with_other_content_is_refused(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        runner.run(store.put(example_rule()))
        with pytest.raises(DuplicateError, match="raise the version"):
            runner.run(store.put(example_rule(name="Other")))
        assert runner.run(store.get("fibre-access")) == example_rule()

    def test_highest_version_is_the_one_without_a_version(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        for version in (2, 10, 9):
            runner.run(store.put(small_rule(version=version)))
        assert runner.run(store.get("small"))["version"] == 10
        assert runner.run(store.get("small", 9))["version"] == 9

    def test_what_is_not_there_is_not_found(self, runner: asyncio.Runner, store: Store) -> None:
        runner.run(store.put(small_rule()))
        for wanted in (("other", None), ("small", 2)):
            with pytest.raises(NotFoundError):
                runner.run(store.get(*wanted))
        with pytest.raises(NotFoundError):
            runner.run(store.retire("other"))

    def test_all_versions_are_listed_by_rule_and_version(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        for rule in (small_rule(version=10), small_rule(version=2), example_rule()):
            runner.run(store.put(rule))
        found = [(rule["id"], rule["version"]) for rule in runner.run(store.all())]
        assert found == [("fibre-access", 1), ("small", 2), ("small", 10)]

    def test_retired_rule_says_so_in_all_its_versions(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        for rule in (small_rule(), small_rule(version=2), example_rule()):
            runner.run(store.put(rule))
        runner.run(store.retire("small"))
        assert runner.run(store.get("small", 1))["status"] == "retired"
        assert [rule["status"] for rule in runner.run(store.all())] == [
            "active",
            "retired",
            "retired",
        ]

    def test_retired_version_stays_retired_when_it_is_put_again(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        runner.run(store.put(small_rule()))
        runner.run(store.retire("small"))
        assert not runner.run(store.put(small_rule()))
        assert runner.run(store.get("small"))["status"] == "retired"
        assert runner.run(store.put(small_rule(version=2)))
        assert "status" not in runner.run(store.get("small"))

    def test_revision_is_another_one_after_each_change(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        seen = [runner.run(store.revision())]
        runner.run(store.put(small_rule()))
        seen.append(runner.run(store.revision()))
        runner.run(store.put(small_rule(version=2)))
        seen.append(runner.run(store.revision()))
        runner.run(store.retire("small"))
        seen.append(runner.run(store.revision()))
        assert len(set(seen)) == 4
        assert runner.run(store.revision()) == seen[-1]

    def test_same_version_put_at_once_is_new_once(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        async def story() -> list[bool]:
            return await asyncio.gather(*(store.put(small_rule()) for _ in range(10)))

        assert sorted(runner.run(story())) == [False] * 9 + [True]

    def test_names_that_mean_something_to_a_database_are_kept(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        schema: dict[str, Any] = {
            "$defs": {"name": {"type": "string"}},
            "properties": {"a.b": {"$ref": "#/$defs/name"}, "$id": {"$ref": "#", "$id": "x"}},
        }
        rule = small_rule(requires={"characteristic": {"$set": schema, "a.b": {}}})
        runner.run(store.put(rule))
        assert runner.run(store.get("small")) == rule
        assert not runner.run(store.put(rule))

    def test_rule_book_sees_what_the_store_keeps(
        self, runner: asyncio.Runner, store: Store
    ) -> None:
        book = CompiledRuleBook(store, interval=1)
        runner.run(store.put(example_rule()))
        assert runner.run(book.refresh())
        assert [rule.id for rule in book.current()] == ["fibre-access"]
        runner.run(store.retire("fibre-access"))
        assert runner.run(book.refresh())
        assert not book.current()


class TestMemoryRuleStore(RuleStoreContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def store(self) -> MemoryRuleStore:
        return MemoryRuleStore()


class TestMongoRuleStore(RuleStoreContract):
    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def store(self, runner: asyncio.Runner, mongodb_uri: str) -> Iterator[MongoRuleStore]:
        client = open_client(mongodb_uri, timeout=20)
        database = client[f"test_rules_{uuid4().hex}"]
        store = MongoRuleStore(database)
        runner.run(store.ensure_indexes())
        yield store
        runner.run(client.drop_database(database.name))
        runner.run(client.close())
