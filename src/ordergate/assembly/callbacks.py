"""What says where listeners may be, wired."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ordergate.delivery.callback import CallbackGuard
from ordergate.delivery.destination import ANYWHERE, CallbackPolicy
from ordergate.delivery.resolver import SystemResolver

if TYPE_CHECKING:
    from ordergate.settings import Settings


def wire_callbacks(settings: Settings) -> CallbackGuard:
    """Return the guard of callbacks.

    Registration and delivery have one each, so that look-ups made by strangers use up nothing
    that delivery needs.
    """
    policy = CallbackPolicy(
        allow=settings.callback_allow,
        hosts=settings.callback_hosts,
        ports=settings.callback_ports,
        own=_own(settings),
    )
    return CallbackGuard(policy, SystemResolver(), within=settings.connect_timeout)


def wire_track_and_manage(settings: Settings) -> CallbackGuard:
    """Return what lets orders go to the address that the operator set, whatever it is."""
    return CallbackGuard(ANYWHERE, SystemResolver(), within=settings.connect_timeout)


def _own(settings: Settings) -> frozenset[tuple[str, int]]:
    """Return where the gateway itself is: as clients see it, and where it listens."""
    public = urlsplit(settings.base_url())
    port = public.port or {"http": 80, "https": 443}[public.scheme]
    hosts = {(public.hostname or "", port), (settings.host, settings.port)}
    if settings.host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        hosts |= {("127.0.0.1", settings.port), ("::1", settings.port)}
    return frozenset((_compared(host), port) for host, port in hosts)


def _compared(host: str) -> str:
    """Return a host as it is compared: an address in its one short spelling."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower().removesuffix(".")
