"""How a run is set up: its size, its seed, and the gateway's settings."""

from __future__ import annotations

from dataclasses import dataclass

LEASE = 6.0
ATTEMPT_DEADLINE = 2.0

SETTINGS = {
    "ORDERGATE_CALLBACK_ALLOW": "127.0.0.0/8",
    "ORDERGATE_LEASE": str(LEASE),
    "ORDERGATE_ATTEMPT_DEADLINE": str(ATTEMPT_DEADLINE),
    "ORDERGATE_CONNECT_TIMEOUT": "1",
    "ORDERGATE_RETRY_SCHEDULE": "0.2,0.5,1",
    "ORDERGATE_PUSHBACK_WAIT": "1",
    "ORDERGATE_PROBE_INTERVAL": "1",
    "ORDERGATE_SWEEP_INTERVAL": "1",
    "ORDERGATE_SWEEP_AFTER": "2",
    "ORDERGATE_SENDERS": "32",
    "ORDERGATE_LOG_FORMAT": "json",
}
"""Shorter times than the defaults, so that minutes show what would take hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One run.

    Args:
        calm_orders: come first, while nothing is done to anybody; then nothing may come twice.
        error_rate: share of notifications that a listener fails at; with it come its moods.
        gateway_kills, mongod_kills, dispatcher_kills, listener_kills: by kill -9.
        stops: times that a dispatcher is stopped for longer than its lease, and a gateway and
            mongod for shorter; by SIGSTOP.
    """

    seed: int
    orders: int
    calm_orders: int
    clients: int = 8
    error_rate: float
    gateway_kills: int
    mongod_kills: int
    dispatcher_kills: int
    listener_kills: int
    stops: int


def setup_of(
    seed: int, *, orders: int, calm_orders: int, gateway_kills: int, mongod_kills: int
) -> Setup:
    """Return a run with so many kills, and all other faults in proportion."""
    return Setup(
        seed=seed,
        orders=orders,
        calm_orders=calm_orders,
        error_rate=0.05,
        gateway_kills=gateway_kills,
        mongod_kills=mongod_kills,
        dispatcher_kills=max(1, gateway_kills // 3),
        listener_kills=max(1, gateway_kills // 4),
        stops=max(1, gateway_kills // 8),
    )
