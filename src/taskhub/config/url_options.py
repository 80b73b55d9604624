"""Options of store URLs, after the `?`: which each scheme has, and what they may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

__all__ = ("Scheme", "find_option_problem", "with_verification")

Scheme = Literal["redis", "rediss", "unix", "sentinel", "memory", "postgresql"]

_TLS_OPTIONS: Final = frozenset(
    {
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_ciphers",
        "ssl_keyfile",
        "ssl_password",
    }
)
_SENTINEL_OPTIONS: Final = frozenset(
    {"min_other_sentinels", "sentinel_password", "sentinel_ssl", "sentinel_username"}
)
#: redis-py's options that users of Celery put into their URLs; those that steer its own pool,
#: retries and health checks have nothing to steer here.
_CONNECTION_OPTIONS: Final = frozenset(
    {
        "client_name",
        "health_check_interval",
        "max_connections",
        "protocol",
        "retry_on_timeout",
        "socket_connect_timeout",
        "socket_keepalive",
        "socket_timeout",
        "timeout",
    }
)
_TIMEOUTS: Final = frozenset({"socket_connect_timeout", "socket_timeout"})
_NUMBERS: Final = _TIMEOUTS | {"min_other_sentinels"}
#: Those of `postgresql`: libpq's names, and in the last line ours.
_POSTGRESQL_OPTIONS: Final = frozenset(
    {
        "application_name",
        "channel_binding",
        "gssencmode",
        "host",
        "options",
        "passfile",
        "service",
        "sslcert",
        "sslcertmode",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "target_session_attrs",
        "tcp_user_timeout",
        *("create_schema", "prepare", "socket_connect_timeout", "socket_timeout"),
    }
)
_SWITCHES: Final = frozenset({"create_schema", "prepare"})
_VERIFICATION: Final = {
    "none": "none",
    "optional": "optional",
    "required": "required",
    "cert_none": "none",
    "cert_optional": "optional",
    "cert_required": "required",
}
_SERVER_OPTIONS: Final = _CONNECTION_OPTIONS | {"db", "password", "username", "virtual_host"}
_KNOWN: Final[Mapping[Scheme, frozenset[str]]] = {
    "redis": _SERVER_OPTIONS,
    "unix": _SERVER_OPTIONS,
    "rediss": _SERVER_OPTIONS | _TLS_OPTIONS,
    "sentinel": _SERVER_OPTIONS
    | _SENTINEL_OPTIONS
    | _TLS_OPTIONS
    | {"master_name", "service_name", "ssl"},
    "postgresql": _POSTGRESQL_OPTIONS | {"password", "user"},
}


def find_option_problem(scheme: Scheme, options: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what is wrong with the options of a URL, and what to write instead; None: nothing."""
    if scheme in ("redis", "unix"):
        for name in options:
            if name in _TLS_OPTIONS:
                return f"has the TLS option {name!r} on a plain connection", "use rediss://"
    known = _KNOWN[scheme]
    for name, value in options.items():
        if name not in known:
            return f"has the unknown option {name!r}", f"known are {', '.join(sorted(known))}"
        remedy = _find_value_problem(name, value)
        if remedy is not None:
            return f"has {name}={value}", remedy
    return None


def _find_value_problem(name: str, value: str) -> str | None:
    if name in _NUMBERS and not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return "write a number"
    if name in _TIMEOUTS and float(value) == 0:
        return "write a number of seconds above 0"
    if name in _SWITCHES and value not in ("true", "false"):
        return "write true or false"
    if name == "ssl_cert_reqs" and value.lower() not in _VERIFICATION:
        return "write required, optional or none"
    return None


def with_verification(options: dict[str, str]) -> dict[str, str]:
    """Return the options with the one name of a way to verify certificates."""
    if "ssl_cert_reqs" in options:
        options["ssl_cert_reqs"] = _VERIFICATION[options["ssl_cert_reqs"].lower()]
    return options
