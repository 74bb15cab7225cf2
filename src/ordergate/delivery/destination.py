"""Which destinations may be notified: rules for a callback's text, and for where it leads.

Pure. The rules judge what the connection will use: the URL as requests prepares it, and addresses
in place of their many spellings.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Iterable

IpAddress: TypeAlias = IPv4Address | IPv6Address
IpNetwork: TypeAlias = IPv4Network | IPv6Network

_GLOBAL_V6 = IPv6Network("2000::/3")
_NOT_GLOBAL: tuple[IpNetwork, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "168.63.129.16/32",  # looks global, but is inside every Azure machine
        "169.254.0.0/16",  # link-local, and where clouds keep their secrets
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID, benchmarks and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4: any IPv4 address in disguise
        "3ffe::/16",
        "3fff::/20",
    )
)
_EVERYWHERE: tuple[IpNetwork, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
_ANY_PORT = (range(1, 65_536),)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?=.{1,254}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


class RefusedError(Exception):
    """The destination is none that may be notified.

    Args:
        why: for the operator alone; it tells of the network inside.
        setting: what could let it pass.
    """

    def __init__(self, why: str, setting: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a connection goes: a name or a literal address, as the URL has it, and a port."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """Return the host as it is compared: in lower case, without the dot of the root."""
        return self.host.lower().removesuffix(".")

    def literal(self) -> IpAddress | None:
        """Return the address that the host is in any of its spellings; None for a name.

        Raises:
            RefusedError: it looks like an address and is none.
        """
        try:
            if ":" in self.host:
                return IPv6Address(self.host)
            if not _NUMBER.fullmatch(self.name):
                return None
            # As every resolver reads it: decimal, octal, hexadecimal, one to four parts.
            return IPv4Address(socket.inet_aton(self.name))
        except (OSError, ValueError) as error:
            raise RefusedError("its host is no address, though it looks like one") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPolicy:
    """What listeners may be notified; the same at registration and at every connection.

    Args:
        allow: networks allowed though they aren't global.
        hosts: names allowed wherever they lead; `*.` in front means everything below.
        ports: the only ones allowed.
        own: names or addresses with the ports at which the gateway itself is: events that it told
            itself of would go round for ever.
    """

    allow: tuple[IpNetwork, ...] = ()
    hosts: tuple[str, ...] = ()
    ports: tuple[range, ...] = _ANY_PORT
    own: frozenset[tuple[str, int]] = field(default_factory=frozenset)

    def check(self, destination: Destination, addresses: Iterable[IpAddress]) -> None:
        """Check the destination, and all addresses of its host: one that is refused is enough.

        Raises:
            RefusedError: it may not be notified.
        """
        port = destination.port
        if not any(port in allowed for allowed in self.ports):
            raise RefusedError(f"port {port} is not allowed", "ORDERGATE_CALLBACK_PORTS")
        names = {destination.name, *map(str, addresses)}
        if any((name, port) in self.own for name in names):
            raise RefusedError("it is the gateway itself")
        if self.trusts(destination):
            return
        for address in addresses:
            if not (is_global(address) or self._allows(address)):
                raise RefusedError(f"{address} is not a global address", "ORDERGATE_CALLBACK_ALLOW")

    def trusts(self, destination: Destination) -> bool:
        """Tell whether the host is allowed wherever it leads."""
        name = destination.name
        return any(
            name.endswith(host[1:]) if host.startswith("*.") else name == host
            for host in map(str.lower, self.hosts)
        )

    def _allows(self, address: IpAddress) -> bool:
        return any(address in network for network in self.allow)


ANYWHERE = CallbackPolicy(allow=_EVERYWHERE)
"""For destinations that the operator sets."""


def is_global(address: IpAddress) -> bool:
    """Tell whether the address is one of the public Internet (IANA's special-purpose registries).

    Addresses that carry others in them (mapped, NAT64, 6to4, Teredo) are not.
    """
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return False
    return not any(address in network for network in _NOT_GLOBAL)


@lru_cache(1024)
def read_destination(callback: str) -> Destination:
    """Return what a connection for the callback goes to.

    Raises:
        RefusedError: it isn't a plain http or https URL.
    """
    if not callback.startswith(("http://", "https://")):
        raise RefusedError("it is no http or https URL")
    if not callback.isprintable() or set(callback) & {" ", "\\"}:
        raise RefusedError("it has characters that no URL has")
    try:
        written = urlsplit(callback)
        parts = urlsplit(requests.Request("POST", callback).prepare().url or "")
        port = parts.port or _DEFAULT_PORTS[written.scheme]
        agreed = written.port in {None, port}  # requests takes port 0 for none
    except (requests.RequestException, HTTPError, ValueError) as error:
        raise RefusedError("it can't be read") from error
    if not agreed or "@" in written.netloc or "#" in callback:
        raise RefusedError("it has a user name, a fragment or port 0")
    destination = Destination(parts.hostname or "", port)
    if "%" in destination.host:
        raise RefusedError("its address has a zone, which means something on one machine only")
    if destination.literal() is None and not _NAME.fullmatch(destination.name):
        raise RefusedError("its host is no name")
    return destination
