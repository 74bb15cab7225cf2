from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from ordergate.errors import SetupError
from ordergate.settings import Settings


def refusal(**variables: str) -> str:
    environ = {f"ORDERGATE_{name}": value for name, value in variables.items()}
    with pytest.raises(SetupError) as refused:
        Settings.from_environ(environ)
    return refused.value.reason


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environ({}) == Settings()


def test_each_kind_of_variable_is_read_as_its_type() -> None:
    settings = Settings.from_environ(
        {
            "ORDERGATE_PORT": "9000",
            "ORDERGATE_LEASE": "62.5",
            "ORDERGATE_DELIVER": "No",
            "ORDERGATE_DATA_DIR": "/var/lib/ordergate",
            "ORDERGATE_MONGOD": "/usr/bin/mongod",
            "ORDERGATE_MONGODB_URI": "mongodb://db",
            "ORDERGATE_RETRY_SCHEDULE": "1, 2.5,10",
            "ORDERGATE_CALLBACK_ALLOW": "10.0.0.0/8, ::1/128",
            "ORDERGATE_CALLBACK_HOSTS": "listener,*.svc.cluster.local",
            "ORDERGATE_CALLBACK_PORTS": "443, 8000-8999",
            "ORDERGATE_CA_FILE": "/etc/ssl/own.pem",
            "ORDERGATE_TRACK_AND_MANAGE_URL": "http://tm:8080/resourceOrder?from=gateway",
            "ORDERGATE_PARTNER_ROLES": "Partner, Wholesale Buyer",
        }
    )
    assert settings == Settings(
        port=9000,
        lease=62.5,
        deliver=False,
        data_dir=Path("/var/lib/ordergate"),
        mongod=Path("/usr/bin/mongod"),
        mongodb_uri="mongodb://db",
        retry_schedule=(1.0, 2.5, 10.0),
        callback_allow=(IPv4Network("10.0.0.0/8"), IPv6Network("::1/128")),
        callback_hosts=("listener", "*.svc.cluster.local"),
        callback_ports=(range(443, 444), range(8000, 9000)),
        ca_file=Path("/etc/ssl/own.pem"),
        track_and_manage_url="http://tm:8080/resourceOrder?from=gateway",
        partner_roles=("Partner", "Wholesale Buyer"),
    )


def test_settings_are_the_same_when_another_process_reads_them() -> None:
    settings = Settings(
        callback_allow=(IPv4Network("10.0.0.0/8"), IPv6Network("::1/128")),
        callback_ports=(range(443, 444), range(8000, 9000)),
    )
    assert Settings.from_environ(settings.as_environ()) == settings
    assert Settings.from_environ(Settings().as_environ()) == Settings()


def test_variables_of_other_programs_are_left_alone() -> None:
    assert Settings.from_environ({"PORT": "none", "HOME": "/root"}) == Settings()


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environ({"ORDERGATE_PORT": ""}) == Settings()


def test_an_override_wins_unless_it_is_none() -> None:
    environ = {"ORDERGATE_PORT": "9000", "ORDERGATE_DELIVER": "yes"}
    settings = Settings.from_environ(environ, port=None, deliver=False, host="::1")
    assert (settings.port, settings.deliver, settings.host) == (9000, False, "::1")


def test_all_problems_are_reported_together() -> None:
    reason = refusal(
        PORT="http",
        DELIVER="maybe",
        RETRY_SCHEDULE="1,,2",
        PARTNER_ROLES="a,,b",
        PROT="1",
        WORKERS="0",
    )
    assert "ORDERGATE_PORT='http' is not a whole number" in reason
    assert "ORDERGATE_DELIVER='maybe' is not yes or no" in reason
    assert "ORDERGATE_RETRY_SCHEDULE='1,,2' is not a comma list of numbers" in reason
    assert "ORDERGATE_PARTNER_ROLES='a,,b' is not a comma list of names" in reason
    assert "ORDERGATE_PROT is not a setting" in reason
    assert "ORDERGATE_WORKERS=0 is below 1" in reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("SENDERS", "0"),
        ("MAX_BODY", "0"),
        ("PAGE_LIMIT", "0"),
        ("LEASE", "0"),
        ("LEASE", "19"),
        ("LEASE", "nan"),
        ("MONGODB_TIMEOUT", "inf"),
        ("POLL_INTERVAL", "-0.5"),
        ("RETRY_SCHEDULE", "1,-5"),
        ("CALLBACK_ALLOW", "10.0.0.1/8"),
        ("CALLBACK_ALLOW", "localhost"),
        ("CALLBACK_ALLOW", "10.0.0.0/8,"),
        ("CALLBACK_HOSTS", "a,,b"),
        ("CALLBACK_PORTS", "http"),
        ("CALLBACK_PORTS", "0"),
        ("CALLBACK_PORTS", "65536"),
        ("CALLBACK_PORTS", "443,90-80"),
        ("CALLBACK_PORTS", "-80"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("ON_POISON", "deadletter"),
        ("MAX_HUBS", "0"),
        ("PUBLIC_URL", "orders.example.com"),
        ("PUBLIC_URL", "https://orders.example.com/?a=b"),
        ("RESOURCE_INVENTORY_URL", "ftp://inventory"),
        ("TRACK_AND_MANAGE_URL", "orders.example.com/resourceOrder"),
        ("TRACK_AND_MANAGE_URL", "https://orders.example.com/#here"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: str) -> None:
    assert refusal(**{name: value}).startswith(f"ORDERGATE_{name}=")


def test_the_ends_of_a_range_belong_to_it() -> None:
    assert Settings.from_environ({"ORDERGATE_PORT": "0"}).port == 0
    assert Settings.from_environ({"ORDERGATE_PORT": "65535"}).port == 65_535
    assert Settings.from_environ({"ORDERGATE_WORKERS": "1"}).workers == 1


def test_an_override_is_held_to_the_same_range() -> None:
    with pytest.raises(SetupError, match="ORDERGATE_PORT=70000 is above 65535"):
        Settings.from_environ({}, port=70_000)


def test_the_log_level_may_be_written_small() -> None:
    assert Settings.from_environ({"ORDERGATE_LOG_LEVEL": "debug"}).log_level == "DEBUG"


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), "http://127.0.0.1:8652"),
        (Settings(host="::1", port=80), "http://[::1]:80"),
        (Settings(public_url="https://orders.example.com/tmf/"), "https://orders.example.com/tmf"),
    ],
)
def test_the_base_url_is_what_clients_see(settings: Settings, url: str) -> None:
    assert settings.base_url() == url
