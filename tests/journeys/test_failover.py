"""Three mongods, and the primary dies under load: nothing is lost, and nobody has to help.

`--election-timeout 10` runs it with MongoDB's own default, and says what it measured (`-s`).
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from intake import intake
from replica_set import ReplicaSet, replica_set
from running import TMF641, TMF652, eventually, free_port, listening
from verdict import lost, twice, unfinished, untold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from intake import Intake
    from replica_set import Member
    from running import Gateway


@pytest.fixture
def election_timeout(request: pytest.FixtureRequest) -> float:
    """Seconds; shorter than MongoDB's default to keep the run short."""
    given: float = request.config.getoption("--election-timeout")
    return given


@pytest.fixture
def three(tmp_path: Path, election_timeout: float) -> Iterator[ReplicaSet]:
    with replica_set(tmp_path, election_timeout=election_timeout) as found:
        yield found


def test_acknowledged_orders_and_their_events_outlive_three_primaries(
    three: ReplicaSet, gateway: Gateway, election_timeout: float
) -> None:
    gateway.start(ORDERGATE_MONGODB_URI=three.uri)
    gateway.put_rules()
    port = free_port()
    with listening(port) as listener, MongoClient[dict[str, Any]](three.uri) as client:
        for door in (TMF652, TMF641):
            callback = {"callback": f"http://127.0.0.1:{port}/"}
            gateway.call("POST", f"{door}/hub", expect=201, json=callback)
        with intake(gateway.url) as load:
            eventually(lambda: len(load.taken) > 20)
            gaps = [gap_of(load, three, kill_primary) for _ in range(2)]
            gaps.append(gap_of(load, three, ReplicaSet.step_down))
        database = client["ordergate"]
        eventually(lambda: not unfinished(database), within=30)
        eventually(lambda: not untold(database, listener), within=60)
        assert lost(database, load) == set()
        assert twice(database) == []
        repeats = len(listener.notifications) - len({told(one) for one in listener.notifications})

    sent, taken = len(load.sent), len(load.taken)
    late = max(one.taken_at - one.began for one in load.taken if one.taken_at is not None)
    at_once = sum(one.outcomes == [201] for one in load.sent)
    unread = sum(one.lost_at_once for one in load.sent)
    print(  # noqa: T201 - what was measured
        f"\nelection timeout {election_timeout:g} s: {sent} orders sent, {taken} taken, {at_once} "
        f"of them at the first try; gaps {', '.join(f'{one:.1f}' for one in gaps)} s, longest "
        f"answer {late:.1f} s; {unread} not to be read at once; {len(listener.notifications)} "
        f"notifications, {repeats} of them repeated"
    )
    assert taken == sent
    assert at_once >= 0.99 * sent
    assert late <= election_timeout + 5
    assert unread == 0


def kill_primary(three: ReplicaSet) -> Member:
    """Kill -9 the primary; return it."""
    primary: Member = eventually(three.primary, within=60)
    primary.kill()
    return primary


def gap_of(
    load: Intake, three: ReplicaSet, disturb: Callable[[ReplicaSet], Member | None]
) -> float:
    """Disturb the set; return for how long no order was taken. All members follow again then."""
    since = time.monotonic()
    killed = disturb(three)
    eventually(lambda: sum(one.began > since for one in load.taken) > 20, within=90)
    moments = sorted(one.taken_at for one in load.taken if one.taken_at and one.taken_at > since)
    if killed is not None:
        killed.start()
    eventually(three.is_whole, within=60)
    return max(b - a for a, b in pairwise([since, *moments]))


def told(notification: tuple[int, dict[str, Any]]) -> str:
    """Return the id of the event."""
    event_id: str = notification[1]["eventId"]
    return event_id
