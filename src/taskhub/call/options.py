"""The options of a call and the check of each; checked before anything is stored."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from difflib import get_close_matches
from functools import cache
from numbers import Real
from typing import Any

from taskhub.call.values import (
    as_list,
    check_count,
    check_date,
    check_number,
    check_seconds,
    check_text,
    seconds_from_now,
)
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.exceptions import ConfigurationWarning
from taskhub.names import check_id, check_name, check_queue
from taskhub.serialization.compression import find_method

#: Options that hold further signatures.
_LINKS = frozenset(("chain", "link", "link_error"))
#: What kombu's policies may hold beside numbers.
_POLICY_HOOKS = frozenset(("retry_errors", "errback", "on_revive", "interval", "timeout"))


def check_countdown(name: str, value: Any) -> Any:
    """Return a countdown, which must be a number of seconds."""
    if value:
        seconds_from_now(name, value)
    return value


def check_eta(name: str, value: Any) -> Any:
    """Return an eta, which must be a datetime or ISO 8601 text."""
    if value:
        check_date(name, value, UTC)
    return value


def check_expires(name: str, value: Any) -> Any:
    """Return an expiry, which must be a number of seconds, a datetime, or ISO 8601 text."""
    if isinstance(value, Real):
        seconds_from_now(name, value)
    else:
        check_date(name, value, UTC)
    return value


def check_headers(name: str, value: Any) -> Mapping[str, Any]:
    """Return the headers of a call, which must be a mapping from texts.

    Raises:
        TypeError: They are not.
    """
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{name} must be a mapping, not {value!r:.100} ({type(value).__qualname__})"
        )
    for header in value:
        if not isinstance(header, str):
            raise TypeError(f"{name}: the name of a header must be a text, not {header!r:.100}")
    return value


def check_enqueue_on_commit(name: str, value: Any) -> Any:
    """Return for which transaction a call waits: True, False or the alias of a database.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, bool | str):
        return value
    raise TypeError(f"{name} must be True, False or the alias of a database, not {value!r:.100}")


def check_retry_policy(name: str, value: Any) -> Mapping[str, Any]:
    """Return how sending is tried again, which must be a mapping of Celery's numbers.

    Raises:
        TypeError: It is no mapping, or a value is no number.
        ValueError: A name is unknown, or a number negative.
    """
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{name} must be a mapping, not {value!r:.100} ({type(value).__qualname__})"
        )
    for field, number in value.items():
        if field in RetryPolicy._fields:
            if number is not None:
                check_number(f"{name}[{field!r}]", number, 0)
        elif field not in _POLICY_HOOKS:
            raise ValueError(
                f"{name} has an unknown field {field!r:.100}: there are "
                f"{', '.join(RetryPolicy._fields)}"
            )
    return value


def check_compression(name: str, value: Any) -> Any:
    """Return the name of a method of compression, or False for none.

    Raises:
        ImproperlyConfigured: There is no such method.
        TypeError: It is no text.
    """
    if value:
        find_method(check_text(name, value))
    return value


def check_chord(name: str, value: Any) -> Any:
    """Return a position in a chord, as its members have it: its id, and an index or a label.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, list | tuple) and len(value) == 2:
        chord_id, position = value
        is_label = isinstance(position, str) and position.startswith("+")
        if isinstance(chord_id, str) and (
            is_label
            or (isinstance(position, int) and not isinstance(position, bool) and position >= 0)
        ):
            check_id(name, chord_id)
            return value
    raise TypeError(
        f"{name}={value!r:.100} is no position in a chord; a call becomes part of one by "
        "chord(header, body)"
    )


def check_chain(name: str, value: Any) -> Any:
    """Return the signatures that follow in a chain, the next one last.

    Raises:
        TypeError: They are no list of signatures.
    """
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} must be a list of signatures, not {value!r:.100}")
    for link in value:
        check_signature(name, link)
    return value


def check_chain_continuation(name: str, value: Any) -> Any:
    """Return the chain continuations of a message, as chains write them.

    Raises:
        TypeError: It is something else.
    """
    for stored in value if isinstance(value, list | tuple) else (None,):
        if not (
            isinstance(stored, list | tuple)
            and [type(part) for part in stored] == [str, int, int]
            and 0 <= stored[1] <= stored[2]
        ):
            raise TypeError(f"{name} is written by chains, and cannot be {value!r:.100}")
    return value


def check_signature(name: str, value: Any) -> Any:
    """Return a signature if it, its parts and its links can be sent with their options.

    Raises:
        TypeError: It is no signature, or the task's name or an option is of a wrong type.
        ValueError: The task's name or an option cannot be used.
    """
    # No recursion of its own: what contains itself is refused where it is encoded.
    waiting, seen = [value], set[int]()
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if not isinstance(found, Mapping) or not found.get("task"):
            raise TypeError(
                f"{name}={repr_without_arguments(found)} is no signature, as task.s() makes them"
            )
        check_name(f"{name}: the task name", found["task"])
        options = found.get("options")
        for option, given in options.items() if options else ():
            if given is not None and option in CHECKS:
                if option in _LINKS:
                    waiting += as_list(given)
                else:
                    CHECKS[option](option, given)
        if found.get("subtask_type"):
            waiting += _parts(found.get("kwargs") or {})
    return value


def repr_without_arguments(value: Any) -> str:
    """Return the text of a value in errors, which may be logged: without arguments of tasks."""
    if isinstance(value, Mapping):
        hidden = dict.fromkeys(value.keys() & {"args", "kwargs"}, ...)
        value = {**value, **hidden}
    return f"{value!r:.100}"


def check_links(name: str, value: Any) -> list[Any]:
    """Return one signature or several as a list, each checked as by `check_signature`."""
    links = as_list(value)
    for link in links:
        check_signature(name, link)
    return links


def check_stamped_headers(name: str, value: Any) -> list[str]:
    """Return the names of stamps as a list.

    Raises:
        TypeError: One is no text.
    """
    return [check_text(name, header) for header in as_list(value)]


def _parts(kwargs: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the signatures in a canvas; those that a generator has not made yet are left out."""
    for name in ("tasks", "header"):
        found = kwargs.get(name)
        if type(found) is list or type(found) is tuple:
            yield from found
    if kwargs.get("body"):
        yield kwargs["body"]


def _queue(name: str, value: Any) -> str:
    return check_queue(value)


def _routed(name: str, value: Any) -> Any:
    """Return an exchange or a routing key; what they name is checked as a queue."""
    named = value if isinstance(value, str) else getattr(value, "name", value)
    if named not in ("", None):
        check_name(name, named)
    return value


#: Option -> what checks it: given name and value, returns the value or raises.
CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "argsrepr": check_text,
    "chain": check_chain,
    "chain_continuation": check_chain_continuation,
    "chord": check_chord,
    "compression": check_compression,
    "countdown": check_countdown,
    "enqueue_on_commit": check_enqueue_on_commit,
    "eta": check_eta,
    "exchange": _routed,
    "expires": check_expires,
    "group_id": check_id,
    "group_index": check_count,
    "headers": check_headers,
    "chord_results": check_id,
    "kwargsrepr": check_text,
    "link": check_links,
    "link_error": check_links,
    "origin": check_text,
    "parent_id": check_id,
    "priority": check_number,
    "queue": _queue,
    "replaced_task_nesting": check_count,
    "reply_to": check_text,
    "retries": check_count,
    "retry_policy": check_retry_policy,
    "root_id": check_id,
    "routing_key": _routed,
    "serializer": check_text,
    "shadow": check_text,
    "soft_time_limit": check_seconds,
    "stamped_headers": check_stamped_headers,
    "task_id": check_id,
    "time_limit": check_seconds,
}


def check_options(options: Mapping[str, Any]) -> None:
    """Check the options of a call that is sent later, e.g. of a linked signature.

    Raises:
        TypeError: An option is of a wrong type.
        ValueError: An option cannot be used.
    """
    for name, value in options.items():
        if value is not None and name in CHECKS:
            CHECKS[name](name, value)


#: Options that are Celery's and may be anything, most of them without effect here.
_ANYTHING = frozenset(
    (
        *("add_to_parent", "ignore_result", "result_cls", "retry", "producer", "publisher"),
        *("connection", "router", "route_name", "exchange_type", "declare", "delivery_mode"),
        *("immediate", "mandatory", "create_missing", "send_before_publish", "send_sent_event"),
        *("confirm_timeout", "timeout", "on_return", "event_dispatcher", "default_exchange"),
        *("task_type", "logfile", "loglevel", "throw", "immutable", "subtask_type", "app"),
        *("ignore_parent", "now", "timezone"),
    )
)
KNOWN = frozenset((*CHECKS, *_ANYTHING))
#: What a task can set for all of its calls, and a call not for itself.
_OF_TASKS = frozenset(
    (
        *("max_retries", "default_retry_delay", "rate_limit", "acks_late", "track_started"),
        *(
            "autoretry_for",
            "dont_autoretry_for",
            "retry_backoff",
            "retry_backoff_max",
            "retry_jitter",
        ),
        *("retry_kwargs", "throws", "store_errors_even_if_ignored", "reject_on_worker_lost"),
    )
)


#: Options that programs write by hand, so that abbreviations of them are mistakes, too (`que`).
_WRITTEN = (
    *("compression", "countdown", "eta", "expires", "headers", "ignore_result", "link"),
    *("link_error", "priority", "queue", "retry_policy", "routing_key", "serializer"),
    *("shadow", "soft_time_limit", "task_id", "time_limit"),
)


def near_options(name: str, known: Iterable[str]) -> list[str]:
    """Return the option that an unknown one most resembles, if any does; at most one.

    Properties of messages and attributes of tasks may have any name, e.g. `group` or `result`:
    those that only resemble what programs do not write themselves are left alone.

    Args:
        name: The unknown option.
        known: All options.
    """
    return get_close_matches(name, known, 1, 0.8) or get_close_matches(name, _WRITTEN, 1, 0.75)


def message_properties(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are none of Celery's, which become properties of the message.

    A name that resembles an option is warned of, once in a process.
    """
    stamped = options.get("stamped_headers") or ()
    found = {
        name: value
        for name, value in options.items()
        if value is not None and name not in KNOWN and name not in stamped
    }
    for name in found:
        warn_of_option(name)
    return found


@cache
def warn_of_option(name: str) -> None:
    """Warn, once in a process, of a name that is no option of a call but resembles one."""
    effect = "it has no effect but to be in request.properties"
    if name in _OF_TASKS:
        what = (
            f"{name}= is an option of tasks, not of their calls: {effect}; "
            f"set it with @app.task({name}=...)"
        )
    else:
        near = near_options(name, KNOWN)
        if not near:
            return
        what = f"{name}= is no option of a call: {effect}. Did you mean {near[0]}=?"
    warnings.warn(ConfigurationWarning(what), stacklevel=6)
