"""How a call becomes a message: pure functions from what the caller said to what is stored."""

from __future__ import annotations

import base64
import os
import socket
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from time import time
from typing import Any, NamedTuple

from taskhub.exceptions import ConfigurationWarning
from taskhub.message import Envelope, chains_of, check_name, clamp_priority, encode_body
from taskhub.serialization import registry
from taskhub.worker.context import Context

#: Options of a call that are stored in the message under Celery's name for them in the request.
_REQUEST_NAMES = {
    "group_id": "group",
    "group_index": "group_index",
    "chord": "chord",
    "joins": "joins",
    "chain": "chain",
    "chain_rest": "chain_rest",
    "shadow": "shadow",
    "reply_to": "reply_to",
    "replaced_task_nesting": "replaced_task_nesting",
    "argsrepr": "argsrepr",
    "kwargsrepr": "kwargsrepr",
    "retries": "retries",
}

#: Options that `message_options` has dealt with before it looks at the rarer ones.
_COMMON = frozenset(
    (
        "add_to_parent",
        "countdown",
        "eta",
        "origin",
        "parent_id",
        "priority",
        "queue",
        "root_id",
        "task_id",
    )
)


class Due(NamedTuple):
    """When a message is due, as an envelope says it, and as `request.eta` tells it."""

    delay: int = 0
    eta: int | None = None
    text: str | None = None


#: A message that is due now.
AT_ONCE = Due()


class CallDefaults(NamedTuple):
    """What the app's configuration adds to every call."""

    serializer: str
    priority: int | None
    timezone: tzinfo
    inherit_parent_priority: bool


@cache
def origin_of(process: int) -> str:
    """Return what this process calls itself as a sender, as Celery's `gen<pid>@<host>`."""
    return f"gen{process}@{socket.gethostname()}"


def due(countdown: float | None, eta: Any, timezone: tzinfo) -> Due:
    """Return when a call with this countdown (seconds) or eta (datetime or ISO 8601 text) is due.

    Raises:
      OverflowError: the countdown is out of range.
      ValueError: the eta is no date.
    """
    if countdown:
        try:
            at = datetime.now(UTC) + timedelta(seconds=countdown)
        except OverflowError:
            raise OverflowError(
                f"countdown={countdown!r} is out of range: give seconds, or a date as eta"
            ) from None
        return Due(delay=max(0, int(countdown * 1000)), text=at.isoformat())
    if not eta:
        return AT_ONCE
    at = moment(eta, timezone, "eta")
    return Due(eta=int(at.timestamp() * 1000), text=at.isoformat())


def moment(value: Any, timezone: tzinfo, name: str) -> datetime:
    """Return a point in time; one without a zone is taken in the app's."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{name}={value!r} is not a date in ISO 8601") from None
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime or ISO 8601 text, not {value!r}")
    return value if value.tzinfo is not None else value.replace(tzinfo=timezone)


def expiry(expires: Any, timezone: tzinfo) -> str | None:
    """Return the expiry of a call (seconds from now, datetime, or ISO 8601 text) as ISO 8601 text.

    Raises:
      OverflowError: the seconds are out of range.
      ValueError: the text is no date.
    """
    if expires is None:
        return None
    if isinstance(expires, int | float):
        try:
            return (datetime.now(UTC) + timedelta(seconds=expires)).isoformat()
        except OverflowError:
            raise OverflowError(
                f"expires={expires!r} is out of range: give seconds, or a date"
            ) from None
    return moment(expires, timezone, "expires").isoformat()


def check_arguments(args: Any, kwargs: Any) -> None:
    """Refuse arguments that are not a sequence and a mapping.

    Raises:
      TypeError: they are not.
    """
    # Asking for the exact types first takes a fraction of the time, and nearly all calls have them.
    if args is not None and type(args) is not tuple and not isinstance(args, list | tuple):
        raise TypeError("task args must be a list or tuple")
    if kwargs is not None and type(kwargs) is not dict and not isinstance(kwargs, Mapping):
        raise TypeError("task keyword arguments must be a mapping")


def check_limits(hard: float | None, soft: float | None) -> None:
    """Refuse a soft time limit above the hard one.

    Raises:
      ValueError: it is.
    """
    if hard and soft and soft > hard:
        raise ValueError("soft_time_limit must be less than or equal to time_limit")


def as_list(value: Any) -> list[Any]:
    """Return one or many as a list."""
    if value is None:
        return []
    if isinstance(value, list | tuple | set):
        return list(value)
    return [value]


def message_options(
    options: Mapping[str, Any], defaults: CallDefaults, parent: Context | None, task_id: str
) -> dict[str, Any]:
    """Return the options of the message for a call: only what differs from the defaults of a
    request.
    """
    stored: dict[str, Any] = {"origin": options.get("origin") or origin_of(os.getpid())}
    root_id, parent_id = options.get("root_id"), options.get("parent_id")
    if parent is not None:
        root_id = root_id or parent.root_id or parent.id
        parent_id = parent_id or parent.id
    if root_id and root_id != task_id:
        stored["root_id"] = root_id
    if parent_id:
        stored["parent_id"] = parent_id
    priority = options.get("priority")
    if priority is None and parent is not None and defaults.inherit_parent_priority:
        priority = (parent.delivery_info or {}).get("priority")
    if priority is None:
        priority = defaults.priority
    if priority is not None:
        stored["priority"] = priority
    rare = False
    for name, value in options.items():
        request_name = _REQUEST_NAMES.get(name)
        if request_name is not None:
            if value or value == 0:
                stored[request_name] = value
        elif name not in _COMMON and value is not None:
            rare = True
    if not rare:
        return stored
    if options.get("compression"):
        warn_of_compression()
    expires = expiry(options.get("expires"), defaults.timezone)
    if expires is not None:
        stored["expires"] = expires
    hard, soft = options.get("time_limit"), options.get("soft_time_limit")
    check_limits(hard, soft)
    if hard is not None or soft is not None:
        stored["timelimit"] = [hard, soft]
    ignore_result = options.get("ignore_result")
    if ignore_result is not None:
        stored["ignore_result"] = bool(ignore_result)
    for name, request_name in (("link", "callbacks"), ("link_error", "errbacks")):
        linked = as_list(options.get(name))
        if linked:
            stored[request_name] = [checked_link(name, link) for link in linked]
    headers = options.get("headers")
    if headers:
        stored["headers"] = dict(headers)
    stamped = as_list(options.get("stamped_headers"))
    if stamped:
        stored["stamped_headers"] = stamped
        stored["stamps"] = {name: options.get(name) for name in stamped}
    return stored


def checked_link(name: str, link: Any) -> Any:
    """Return what is linked to a call.

    Raises:
      TypeError: it is no signature.
    """
    if not isinstance(link, Mapping) or not link.get("task"):
        raise TypeError(f"{name}={link!r:.100} is no signature, as task.s() makes them")
    return link


def place_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `message_options` makes of options that freezing has set, and of no others."""
    stored: dict[str, Any] = {"group": options["group_id"], "group_index": options["group_index"]}
    if "chord" in options:
        stored["chord"] = options["chord"]
    if options.get("root_id", options["task_id"]) != options["task_id"]:
        stored["root_id"] = options["root_id"]
    if options.get("parent_id"):
        stored["parent_id"] = options["parent_id"]
    return stored


@cache
def warn_of_compression() -> None:
    """Say, once in a process, that calls ask for what there is not."""
    warnings.warn(
        ConfigurationWarning("compression= has no effect yet: messages are not compressed"),
        stacklevel=2,
    )


def envelope(
    *,
    task_name: str,
    task_id: str,
    queue: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    stored: dict[str, Any],
    due: Due = AT_ONCE,
    serializer: str = "json",
) -> Envelope:
    """Return the stored form of a call.

    Raises:
      EncodeError: an argument cannot be serialized.
    """
    if due.text is not None:
        stored["scheduled"] = due.text
    if serializer != "json":
        encoded = registry.encode([list(args), dict(kwargs)], serializer)
        data = encoded.body
        binary = isinstance(data, bytes)
        stored["content"] = {
            "type": encoded.content_type,
            "body": base64.b64encode(data).decode() if isinstance(data, bytes) else data,
            "base64": binary,
        }
        args, kwargs = (), {}
    fields = {
        "queue_name": queue,
        "actor_name": task_name,
        "args": args,
        "kwargs": kwargs,
        "options": stored,
        "message_id": task_id,
        "message_timestamp": int(time() * 1000),
    }
    body = encode_body(fields)
    priority = clamp_priority(stored.get("priority"))
    checked_id = check_name("task_id", task_id)
    return Envelope(checked_id, queue, priority, body, due.delay, due.eta, chains_of(stored))


def open_content(
    content: Mapping[str, Any], accept: Sequence[str]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments that `envelope` wrote with another serializer than JSON.

    Raises:
      ContentDisallowed: the setting `accept_content` leaves that serializer out.
      DecodeError: they cannot be read.
    """
    body: Any = content["body"]
    if content.get("base64"):
        body = base64.b64decode(body)
    args, kwargs = registry.decode(body, content["type"], accept=accept)
    return list(args), dict(kwargs)
