"""How MongoDB finds what a list asks for, among 100,000 orders: by an index, and by little else.

The server's profiler tells what each list really ran: the plan, and what it had to examine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import yaml

from fakes_delivery import temporary_database
from ordergate.model.cancel_task import CANCEL_RESOURCE_ORDER
from ordergate.model.common import timestamp
from ordergate.schemas.patterns import compile_pattern
from ordergate.storage.cancel_tasks import MongoCancelTaskBook
from ordergate.storage.feasibility_assessments import MongoFeasibilityBook
from ordergate.storage.requests import MongoRequestBook
from ordergate.storage.resource_orders import MongoOrderBook
from ordergate.storage.special_handling import MongoHandOverBook
from ordergate.tmf630.query import parse_query

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from ordergate.storage.database import Collection, Database, Stored
    from ordergate.storage.reading import EntityReader
    from ordergate.tmf630.query import Query

OPENAPI = Path(__file__).parents[2] / "openapi"
MANY, FEWER, FEWEST = 100_000, 20_000, 10_000
BY_INDEX = ("IXSCAN", "COUNT_SCAN")
SHARE = 100  # how many orders share a value
TO_FIND = 37  # the value that is asked for
ARRAYS = {"orderItem", "serviceOrderItem", "relatedParty", "relatedEntity", "resourceOrder"}
ARRAYS |= {"externalReference", "place", "reason"}

Attribute = tuple[str, str]


def first_level(contract: str, kind: str) -> list[Attribute]:
    """Return the path and the type of each first-level attribute that holds one value."""
    schemas = yaml.safe_load((OPENAPI / f"{contract}.yaml").read_text())["components"]["schemas"]
    found: list[Attribute] = []
    for name, declared in schemas[kind]["properties"].items():
        schema = schemas[declared["$ref"].split("/")[-1]] if "$ref" in declared else declared
        if schema["type"] not in {"array", "object"}:
            found.append((name, schema.get("format", schema["type"])))
    return found


def texts(*paths: str) -> list[Attribute]:
    return [(path, "string") for path in paths]


RESOURCE_ORDER = first_level("tmf652-resource-ordering", "ResourceOrder") + texts(
    "orderItem.action",
    "orderItem.state",
    "orderItem.resource.resourceSpecification.id",
    "orderItem.resourceSpecification.id",
    "relatedParty.id",
    "externalReference.id",
    "initiatingRequest.id",
    "domain",
)
SERVICE_ORDER = first_level("tmf641-service-ordering", "ServiceOrder") + texts(
    "serviceOrderItem.action",
    "serviceOrderItem.state",
    "serviceOrderItem.service.serviceSpecification.id",
    "relatedParty.id",
    "externalReference.id",
)
INITIATING_REQUEST = first_level("gateway", "InitiatingRequest") + texts(
    "source.id", "relatedEntity.id", "relatedParty.id", "resourceOrder.id"
)
CANCEL_TASK = first_level("tmf652-resource-ordering", "CancelResourceOrder") + texts(
    "resourceOrder.id"
)
HAND_OVER = first_level("gateway", "SpecialHandling") + texts(
    "initiatingRequest.id",
    "requestedItem.specification.id",
    "resourceOrder.id",
    "delivery.state",
    "reason.code",
)
FEASIBILITY_ASSESSMENT = first_level("gateway", "FeasibilityAssessment") + texts(
    "for.initiatingRequest.id",
    "for.itemId",
    "appliesTo.specification.id",
    "appliesTo.action",
    "appliesTo.place.id",
    "relatedParty.id",
    "replacedBy.id",
)
FEASIBILITY_ASSESSMENT += [("validFor.startDateTime", "date-time")]
FEASIBILITY_ASSESSMENT += [("validFor.endDateTime", "date-time")]


def value(attribute: Attribute, group: int) -> Any:
    path, kind = attribute
    if kind == "date-time":
        return timestamp(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=group))
    return group if kind == "integer" else f"{path} {group}"


def document(attributes: list[Attribute], group: int) -> Stored:
    """Return an order in which every attribute has the value of its group."""
    made: Stored = {}
    for attribute in attributes:
        *outer, last = attribute[0].split(".")
        inner = made
        for name in outer:
            inside = inner.setdefault(name, [{}] if name in ARRAYS else {})
            inner = inside[0] if name in ARRAYS else inside
        inner[last] = value(attribute, group)
    return made


@dataclass(frozen=True, slots=True)
class Run:
    """What a list came to: how many it found, and what its find and its counts did for it."""

    found: int
    total: int
    plans: list[Stored]


def query(raw: str) -> Query:
    return parse_query(raw, page_limit=10_000, compile_pattern=compile_pattern)


class Lists:
    """Runs lists and looks at what the server did."""

    def __init__(self, runner: asyncio.Runner, database: Database, collection: str) -> None:
        self._runner, self._database, self._collection = runner, database, collection

    def run(self, reader: EntityReader, raw: str) -> Run:
        found, total = self._runner.run(reader.list(query(raw)))
        return Run(len(found), total, self._runner.run(self._profile()))

    async def _profile(self) -> list[Stored]:
        ran = {"ns": f"{self._database.name}.{self._collection}"}
        latest = self._database["system.profile"].find(ran).sort("$natural", -1).limit(3)
        return await latest.to_list()


async def fill(collection: Collection, count: int, **attributes: list[Attribute]) -> None:
    """Insert so many; each of `attributes` is a root with the attributes of its document."""
    groups = count // SHARE
    made = [
        {root: document(those, group) for root, those in attributes.items()}
        for group in range(groups)
    ]
    for start in range(0, count, 10_000):
        batch = [{"_id": f"{n:06}", **made[n % groups]} for n in range(start, start + 10_000)]
        await collection.insert_many(batch, ordered=False)


@pytest.fixture(scope="module")
def database(mongodb_uri: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    """A database of its own, indexed, with all its orders, and with its profiler on."""
    with temporary_database(mongodb_uri) as (runner, database):

        async def prepare() -> None:
            await fill(database["resourceOrder"], MANY, document=RESOURCE_ORDER)
            both = {"document": INITIATING_REQUEST, "serviceOrder": SERVICE_ORDER}
            await fill(database["initiatingRequest"], FEWER, **both)
            await fill(database["cancelResourceOrder"], FEWEST, document=CANCEL_TASK)
            await MongoCancelTaskBook(
                database, CANCEL_RESOURCE_ORDER, page_limit=10_000
            ).ensure_indexes()
            await fill(database["specialHandling"], FEWER, document=HAND_OVER)
            await fill(database["feasibilityAssessment"], FEWER, document=FEASIBILITY_ASSESSMENT)
            await MongoHandOverBook(database, page_limit=10_000).ensure_indexes()
            await MongoFeasibilityBook(database, page_limit=10_000).ensure_indexes()
            await MongoOrderBook(database, page_limit=10_000).ensure_indexes()
            await MongoRequestBook(database, page_limit=10_000).ensure_indexes()
            await database.command({"profile": 2})

        runner.run(prepare())
        yield runner, database
        runner.run(database.command({"profile": 0}))


@pytest.fixture
def orders(database: tuple[asyncio.Runner, Database]) -> tuple[Lists, EntityReader]:
    book = MongoOrderBook(database[1], page_limit=10_000)
    return Lists(*database, "resourceOrder"), book


@pytest.fixture
def requests(database: tuple[asyncio.Runner, Database]) -> tuple[Lists, MongoRequestBook]:
    book = MongoRequestBook(database[1], page_limit=10_000)
    return Lists(*database, "initiatingRequest"), book


def check_selective(run: Run) -> None:
    """Check that an index found it, and that no more than ten times as much was looked at."""
    assert run.found == run.total == SHARE
    for plan in run.plans:
        assert plan["planSummary"].startswith(BY_INDEX)
        assert plan["keysExamined"] <= 10 * SHARE
        assert plan["docsExamined"] <= 10 * SHARE


def asked(attribute: Attribute) -> str:
    return f"{quote(attribute[0])}={quote(str(value(attribute, TO_FIND)))}"


@pytest.mark.parametrize("attribute", RESOURCE_ORDER, ids=lambda one: one[0])
def test_filter_of_resource_orders_is_served_by_an_index(
    orders: tuple[Lists, EntityReader], attribute: Attribute
) -> None:
    lists, reader = orders
    check_selective(lists.run(reader, asked(attribute)))


@pytest.mark.parametrize("attribute", SERVICE_ORDER, ids=lambda one: one[0])
def test_filter_of_service_orders_is_served_by_an_index(
    requests: tuple[Lists, MongoRequestBook], attribute: Attribute
) -> None:
    lists, book = requests
    check_selective(lists.run(book.service_orders, asked(attribute)))


@pytest.mark.parametrize("attribute", INITIATING_REQUEST, ids=lambda one: one[0])
def test_filter_of_initiating_requests_is_served_by_an_index(
    requests: tuple[Lists, MongoRequestBook], attribute: Attribute
) -> None:
    lists, book = requests
    check_selective(lists.run(book.records, asked(attribute)))


@pytest.mark.parametrize("attribute", CANCEL_TASK, ids=lambda one: one[0])
def test_filter_of_cancel_tasks_is_served_by_an_index(
    database: tuple[asyncio.Runner, Database], attribute: Attribute
) -> None:
    reader = MongoCancelTaskBook(database[1], CANCEL_RESOURCE_ORDER, page_limit=10_000)
    check_selective(Lists(*database, "cancelResourceOrder").run(reader, asked(attribute)))


@pytest.mark.parametrize("attribute", HAND_OVER, ids=lambda one: one[0])
def test_filter_of_hand_overs_is_served_by_an_index(
    database: tuple[asyncio.Runner, Database], attribute: Attribute
) -> None:
    reader = MongoHandOverBook(database[1], page_limit=10_000)
    check_selective(Lists(*database, "specialHandling").run(reader, asked(attribute)))


@pytest.mark.parametrize("attribute", FEASIBILITY_ASSESSMENT, ids=lambda one: one[0])
def test_filter_of_feasibility_assessments_is_served_by_an_index(
    database: tuple[asyncio.Runner, Database], attribute: Attribute
) -> None:
    reader = MongoFeasibilityBook(database[1], page_limit=10_000)
    check_selective(Lists(*database, "feasibilityAssessment").run(reader, asked(attribute)))


@pytest.mark.parametrize(
    "raw",
    [
        "orderDate.gte=2026-01-02T13:00:00Z&orderDate.lt=2026-01-02T14:00:00Z",
        "orderDate=2026-01-02T13:00:00Z&state=state+37",
        "priority.gte=37&priority.lt=38",
        'name.regex="^name 37$"',
    ],
)
def test_narrow_filter_of_any_operator_is_served_by_an_index(
    orders: tuple[Lists, EntityReader], raw: str
) -> None:
    lists, reader = orders
    run = lists.run(reader, raw)
    assert run.total == SHARE
    assert all(plan["planSummary"].startswith(BY_INDEX) for plan in run.plans)


@pytest.mark.parametrize(
    "raw", ["", "sort=orderDate", "sort=-orderDate", "sort=state", "sort=-state", "sort=-id"]
)
def test_page_of_all_orders_is_read_in_the_order_of_an_index(
    orders: tuple[Lists, EntityReader], raw: str
) -> None:
    lists, reader = orders
    run = lists.run(reader, f"{raw}&limit=10")
    page = next(plan for plan in run.plans if "find" in plan["command"])
    assert (run.found, run.total) == (10, MANY)
    assert "IXSCAN" in page["planSummary"]
    assert not page.get("hasSortStage", False)
    assert page["docsExamined"] == 10
