"""Every setting of the gateway, read from the environment once, by the command line.

A problem in one setting doesn't hide the next: all are reported together.
"""

from __future__ import annotations

import math
import re
import types
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from ordergate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX = "ORDERGATE_"
_HIGHEST_PORT = 65_535
_COUNTS = (
    "workers",
    "senders",
    "lanes_per_hub",
    "max_hubs",
    "pushbacks",
    "poison_attempts",
    "breaker_failures",
    "breaker_attempts",
    "max_body",
    "page_limit",
)
"""Settings of which there is at least one."""
_CHOICES = {"log_format": ("auto", "json", "text"), "on_poison": ("deadLetter", "block")}


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The gateway's settings; `ORDERGATE_` and the name in capitals is the variable.

    Times are in seconds, sizes in bytes.
    """

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8652, "port to listen on")
    workers: int = _setting(1, "processes that serve requests")
    public_url: str | None = _setting(None, "the URL clients see, for `href` (http://HOST:PORT)")
    mongodb_uri: str | None = _setting(None, "MongoDB; without it an embedded mongod is started")
    database: str = _setting("ordergate", "name of the database")
    mongodb_timeout: float = _setting(20.0, "deadline of a write, long enough for an election")
    data_dir: Path = _setting(  # noqa: RUF009 - a field()
        Path(".ordergate"), "home of the embedded mongod and its lock"
    )
    mongod: Path | None = _setting(  # noqa: RUF009 - a field()
        None, "the mongod to run (from PATH, else from the extra)"
    )
    catalog: Path | None = _setting(  # noqa: RUF009 - a field()
        None, "rule file or folder, loaded at start"
    )
    resource_inventory_url: str | None = _setting(
        None, "base of the `href` of resources (PUBLIC_URL/tmf-api/resourceInventoryManagement/v4)"
    )
    track_and_manage_url: str | None = _setting(
        None,
        "where special orders are POSTed as well; the same in every process. It's yours, so its "
        "address isn't checked; deadlines and limits hold",
    )
    alias: bool = _setting(default=False, text="serve TMF652 also at its other published base path")
    max_body: int = _setting(1_048_576, "largest request body")
    body_time: float = _setting(15.0, "longest time for a request body to come")
    page_limit: int = _setting(10_000, "most entities in one answer to a list")
    deliver: bool = _setting(default=True, text="send notifications from this process")
    senders: int = _setting(64, "lanes in flight at once, per process, each with a thread")
    lanes_per_hub: int = _setting(8, "of these, at most so many for one listener")
    max_hubs: int = _setting(1000, "most listeners at the hub of one API")
    attempt_deadline: float = _setting(10.0, "longest time for one attempt at a listener")
    connect_timeout: float = _setting(3.0, "longest time to connect to a listener")
    callback_allow: tuple[IPv4Network | IPv6Network, ...] = _setting(
        (), "networks (10.0.0.0/8,::1/128) that callbacks may lead to beside global addresses"
    )
    callback_hosts: tuple[str, ...] = _setting(
        (), "hosts (listener,*.svc.cluster.local) that callbacks may have wherever they lead"
    )
    callback_ports: tuple[range, ...] = _setting(
        (range(80, 81), range(443, 444), range(1024, 65_536)), "ports that callbacks may have"
    )
    ca_file: Path | None = _setting(  # noqa: RUF009 - a field()
        None, "PEM file of the authorities that vouch for https listeners (the usual ones)"
    )
    signing_key_file: Path | None = _setting(  # noqa: RUF009 - a field()
        None,
        "PEM or `whsk_` file of the ed25519 key that notifications are signed with, of two during "
        "a rotation (one that is made once and kept in MongoDB)",
    )
    retry_schedule: tuple[float, ...] = _setting(
        (1, 5, 15, 30, 60, 120, 300, 600, 900, 1800),
        "waits between attempts; the last one repeats",
    )
    retry_jitter: float = _setting(0.2, "share by which a wait is longer or shorter, at random")
    retry_after_max: float = _setting(3600.0, "longest `Retry-After` that is honoured")
    pushbacks: int = _setting(3, "429 or timeouts in a row, from which on PUSHBACK_WAIT holds")
    pushback_wait: float = _setting(60.0, "shortest wait then")
    poison_attempts: int = _setting(8, "refusals after which an event is dead, if others are taken")
    on_poison: str = _setting(
        "deadLetter", "such an event becomes deadLetter, or has its lane block until it is too old"
    )
    breaker_failures: int = _setting(10, "failures in a row after which a listener is failing")
    breaker_share: float = _setting(0.7, "or such a share of failures, of BREAKER_ATTEMPTS or more")
    breaker_attempts: int = _setting(10, "attempts that a share is worth looking at")
    breaker_window: float = _setting(60.0, "time in which these are counted")
    probe_interval: float = _setting(30.0, "a failing listener is tried once in that time")
    disable_after: float = _setting(432_000.0, "time of only failures that disables it (5 days)")
    event_max_age: float = _setting(259_200.0, "age at which an undelivered event is dead (72 h)")
    event_retention: float = _setting(2_592_000.0, "how long events are kept (30 days)")
    dead_letter_retention: float = _setting(2_592_000.0, "how long dead ones are (30 days)")
    lease: float = _setting(60.0, "how long a dispatcher owns a lane")
    poll_interval: float = _setting(0.5, "longest sleep of the dispatcher")
    sweep_interval: float = _setting(2.0, "how often unfinished requests are looked for")
    sweep_after: float = _setting(5.0, "age at which an unfinished request is taken over")
    catalog_interval: float = _setting(0.25, "how often a process looks for changed rules")
    partner_roles: tuple[str, ...] = _setting(
        ("Partner", "WholesalePartner"), "roles that make a service order a `partyRequest`"
    )
    external_id_is_key: bool = _setting(
        default=False, text="a requester's `externalId` makes a POST safe to repeat, as a key does"
    )
    requester_roles: tuple[str, ...] = _setting(
        ("Requester", "Customer"), "roles of the requester, whose `externalId` counts"
    )
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")
    log_format: str = _setting("auto", "json, text, or auto: text on a terminal")
    fault_point: str | None = _setting(None, "for tests: die by kill -9 at this point")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **overrides: Any) -> Settings:
        """Read the `ORDERGATE_` variables; `overrides` that are not None win (command line).

        Raises:
            SetupError: naming every variable that can't be read or is unknown.
        """
        hints = get_type_hints(cls)
        known = {PREFIX + f.name.upper(): f.name for f in fields(cls)}
        values: dict[str, Any] = {}
        problems: list[str] = []
        for variable in sorted(environ):
            if not variable.startswith(PREFIX) or environ[variable] == "":
                continue
            if variable not in known:
                problems.append(f"{variable} is not a setting")
                continue
            name = known[variable]
            try:
                values[name] = _reader(hints[name])(environ[variable])
            except ValueError:
                problems.append(f"{variable}={environ[variable]!r} is not {_kind(hints[name])}")
        values |= {name: value for name, value in overrides.items() if value is not None}
        problems += _out_of_range(values)
        if problems:
            raise SetupError("; ".join(problems) + ". SETTINGS.md lists them all.")
        if "log_level" in values:
            values["log_level"] = values["log_level"].upper()
        return cls(**values)

    def as_environ(self) -> dict[str, str]:
        """Return the variables from which `from_environ` reads these settings again."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            PREFIX + name.upper(): _text(v) for name, v in values.items() if v not in (None, ())
        }

    def base_url(self) -> str:
        """Return the URL clients see, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host  # IPv6
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def _out_of_range(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with values that have the right type."""
    lowest = {"port": 0} | dict.fromkeys(_COUNTS, 1)
    problems = [
        f"{PREFIX}{name.upper()}={values[name]} is below {low}"
        for name, low in lowest.items()
        if name in values and values[name] < low
    ]
    problems += [
        f"{PREFIX}{name.upper()}={value} must be above 0 and finite"
        for name, value in values.items()
        if any(
            isinstance(seconds, float) and not 0 < seconds < math.inf
            for seconds in (value if isinstance(value, tuple) else (value,))
        )
    ]
    problems += [
        f"{PREFIX}{name.upper()}={values[name]!r} is not an http or https URL"
        for name in ("public_url", "resource_inventory_url")
        if name in values and not re.fullmatch(r"https?://[^/?#\s][^?#\s]*", values[name])
    ]
    target = values.get("track_and_manage_url")
    if target is not None and not re.fullmatch(r"https?://[^/?#\s][^#\s]*", target):
        problems.append(f"{PREFIX}TRACK_AND_MANAGE_URL={target!r} is not an http or https URL")
    problems += [
        f"{PREFIX}{name.upper()}={values[name]} is no share: 0 to 1"
        for name in ("retry_jitter", "breaker_share")
        if name in values and not values[name] <= 1
    ]
    problems += [
        f"{PREFIX}{name.upper()}={values[name]!r} is not {', '.join(choices[:-1])} or {choices[-1]}"
        for name, choices in _CHOICES.items()
        if name in values and values[name] not in choices
    ]
    level = values.get("log_level", "INFO")
    if level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        problems.append(f"{PREFIX}LOG_LEVEL={level!r} is not DEBUG, INFO, WARNING or ERROR")
    if values.get("port", 0) > _HIGHEST_PORT:
        problems.append(f"{PREFIX}PORT={values['port']} is above 65535")
    whole: dict[str, Any] = {f.name: f.default for f in fields(Settings)} | dict(values)
    if whole["lease"] < 2 * whole["attempt_deadline"]:
        # The last attempt under a lease begins in its first third and must end before it does.
        problems.append(f"{PREFIX}LEASE={whole['lease']} is below twice {PREFIX}ATTEMPT_DEADLINE")
    return problems


def _text(value: object) -> str:
    """Return a setting as its variable's text."""
    if isinstance(value, range):
        first, last = value[0], value[-1]
        return str(first) if first == last else f"{first}-{last}"
    return ",".join(map(_text, value)) if isinstance(value, tuple) else str(value)


def _boolean(text: str) -> bool:
    """Read yes and no as people write them."""
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in known:
        raise ValueError(text)
    return known[text.lower()]


def _name(text: str) -> str:
    """Read one of a list of names."""
    if not text:
        raise ValueError(text)
    return text


def _ports(text: str) -> range:
    """Read a port, or a range of ports with a dash."""
    first, _, last = text.partition("-")
    ports = range(int(first), int(last or first) + 1)
    if not ports or ports[0] < 1 or ports[-1] > _HIGHEST_PORT:
        raise ValueError(text)
    return ports


_PARTS: Mapping[Any, tuple[Callable[[str], Any], str]] = {
    float: (float, "numbers"),
    str: (_name, "names"),
    range: (_ports, "ports such as 443,8000-8999"),
    IPv4Network | IPv6Network: (ip_network, "networks such as 10.0.0.0/8,::1/128"),
}
"""What a comma list may consist of, how each is read, and what a person calls them."""


def _reader(hint: Any) -> Callable[[str], Any]:
    """Return what turns a variable's text into the type `hint`."""
    if get_origin(hint) is tuple:
        read, _ = _PARTS[get_args(hint)[0]]
        return lambda text: tuple(read(part.strip()) for part in text.split(","))
    if isinstance(hint, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not types.NoneType)
    return _boolean if hint is bool else hint


def _kind(hint: Any) -> str:
    """Return the name a person has for the type `hint`."""
    names = {int: "a whole number", float: "a number", bool: "yes or no"}
    if get_origin(hint) is tuple:
        return f"a comma list of {_PARTS[get_args(hint)[0]][1]}"
    return names.get(hint, "valid")
