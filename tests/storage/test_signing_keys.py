from __future__ import annotations

import asyncio

from fakes_delivery import temporary_database
from ordergate.storage.signing_keys import MongoSigningKeys


def test_of_many_processes_the_first_one_gives_the_key(mongodb_uri: str) -> None:
    with temporary_database(mongodb_uri) as (runner, database):

        async def story() -> list[str]:
            processes = [MongoSigningKeys(database) for _ in range(10)]
            return await asyncio.gather(
                *(one.first(f"whsk_{number}") for number, one in enumerate(processes))
            )

        kept = set(runner.run(story()))
        assert len(kept) == 1
        assert runner.run(MongoSigningKeys(database).first("whsk_late")) in kept
