"""Checks of settings whose values are of several types; errors say what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from numbers import Real
from types import MappingProxyType
from typing import Any, Final

from taskhub.config.urls import MASK
from taskhub.exceptions import ImproperlyConfigured
from taskhub.names import check_name, check_queue
from taskhub.rates import per_second

__all__ = ("CHECKS",)

_TABLE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,62}\.)?[A-Za-z_][A-Za-z0-9_]{0,62}")
#: Transport options that are seconds.
_SECONDS: Final = ("socket_timeout", "socket_connect_timeout")


def _accept_content(name: str, value: Any) -> Any:
    # Else each character would be taken for a name.
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    for part in value:
        if not isinstance(part, str):
            raise _wrong(name, 'a list of names of serializers, as ["json"]', value)
    return value


def _annotations(name: str, value: Any) -> Any:
    for entry in value if isinstance(value, list | tuple) else (value,):
        if isinstance(entry, Mapping):
            for task, attributes in entry.items():
                if not isinstance(attributes, Mapping):
                    what = f'a dictionary of attributes for {task!r}, as {{"rate_limit": "10/s"}}'
                    raise _wrong(name, what, attributes)
                _rate(f"{name}: rate_limit of {task!r}", attributes.get("rate_limit"))
        elif not (
            isinstance(entry, str | type)
            or hasattr(entry, "annotate")
            or hasattr(entry, "annotate_any")
        ):
            raise _wrong(name, 'a dictionary, as {"shop.add": {"rate_limit": "10/s"}}', entry)
    return value


def _outbox_table(name: str, value: str) -> str:
    if not _TABLE.fullmatch(value):
        what = "the name of a table, as taskhub_outbox or schema.taskhub_outbox"
        raise _wrong(name, what, value)
    return value


def _outbox_url(name: str, value: Any) -> list[str]:
    urls = [value] if isinstance(value, str) else list(value)
    for url in urls:
        if not isinstance(url, str) or "://" not in url:
            what = (
                'a URL of SQLAlchemy\'s, as "postgresql://host/database", or "django://", or a '
                "list of them"
            )
            # Without a scheme a password is not recognized.
            has_secret = isinstance(url, str) and "@" in url
            raise _wrong(name, what, f"{MASK}@{url.rpartition('@')[2]}" if has_secret else url)
    return urls


def _queues(name: str, value: Any) -> Any:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise _wrong(name, 'a list of names or Queue objects, as ["mail", "images"]', value)
    return value


def _rate(name: str, value: Any) -> Any:
    _checked(f"Setting {name}", per_second, value)
    return value


def _routes(name: str, value: Any) -> Any:
    for entry in value if isinstance(value, list | tuple) else (value,):
        for task, route in entry.items() if isinstance(entry, Mapping) else ():
            if not (route is None or isinstance(route, str | Mapping)):
                what = f'the name of a queue or a dictionary for {task!r}, as {{"queue": "mail"}}'
                raise _wrong(name, what, route)
            queue = route.get("queue") if isinstance(route, Mapping) else route
            if queue is not None:
                _checked(f"Setting {name}: {task!r}", check_queue, queue)
    return value


def _timezone(name: str, value: Any) -> Any:
    if isinstance(value, tzinfo):
        return value
    if isinstance(value, str) and value:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError):
            pass
        else:
            return value
    elif value == "":
        # As None.
        return value
    raise _wrong(name, 'the name of a time zone, as "Europe/Berlin", or a tzinfo', value)


def _transport_options(name: str, value: Any) -> Any:
    prefix = value.get("global_keyprefix")
    if prefix:
        _checked(f"Setting {name}: global_keyprefix", check_name, "prefix", prefix)
    for option in _SECONDS:
        given = value.get(option)
        try:
            usable = given is None or (isinstance(given, Real | str) and 0 < float(given) < 1e9)
        except ValueError:
            usable = False
        if not usable:
            raise _wrong(f"{name}: {option}", "a number of seconds above 0", given)
    return value


def _checked(subject: str, check: Callable[..., object], *values: Any) -> None:
    try:
        check(*values)
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"{subject}: {error}.") from None


def _wrong(name: str, expected: str, value: Any) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"Setting {name} must be {expected}, not {value!r:.100} ({type(value).__qualname__})."
    )


#: Setting -> what checks it: given name and value (never None), returns the value to be used, or
#: raises.
CHECKS: Final[Mapping[str, Callable[[str, Any], Any]]] = MappingProxyType(
    {
        "accept_content": _accept_content,
        "broker_transport_options": _transport_options,
        "outbox_table": _outbox_table,
        "outbox_url": _outbox_url,
        "result_accept_content": _accept_content,
        "result_backend_transport_options": _transport_options,
        "task_annotations": _annotations,
        "task_default_rate_limit": _rate,
        "task_queues": _queues,
        "task_routes": _routes,
        "timezone": _timezone,
    }
)
