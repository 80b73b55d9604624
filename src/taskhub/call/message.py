"""From a call to its message: pure functions from options and arguments to what is stored."""

from __future__ import annotations

import base64
import os
import socket
import warnings
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import cache
from time import time
from typing import Any, NamedTuple

from taskhub.call.options import (
    CHECKS,
    check_compression,
    check_headers,
    check_links,
    check_stamped_headers,
    message_properties,
)
from taskhub.call.values import (
    DUE_NOW,
    Due,
    as_list,
    check_number,
    check_seconds,
    check_text,
    compute_expiry,
)
from taskhub.exceptions import ConfigurationWarning, EncodeError
from taskhub.execution.request import Context, current_request_id
from taskhub.message import HIGHEST_FIRST, Envelope, PriorityOrder, chains_of, encode_body
from taskhub.names import check_id, check_name, check_queue
from taskhub.request_id import is_stamped, stamps_with
from taskhub.serialization import registry

#: Options of a call that are stored in the message under Celery's name for them in the request.
_REQUEST_NAMES = {
    "group_id": "group",
    "group_index": "group_index",
    "chord": "chord",
    "chord_results": "chord_results",
    "chain": "chain",
    "chain_continuation": "chain_continuation",
    "shadow": "shadow",
    "reply_to": "reply_to",
    "replaced_task_nesting": "replaced_task_nesting",
    "argsrepr": "argsrepr",
    "kwargsrepr": "kwargsrepr",
    "retries": "retries",
}

#: Options that `build_message_options` has dealt with before it looks at the rarer ones.
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
        "serializer",
        "task_id",
    )
)


class CallDefaults(NamedTuple):
    """What the app's configuration adds to every call."""

    serializer: str
    priority: int | None
    timezone: tzinfo
    inherit_parent_priority: bool
    #: How many bytes a message may have; 0: any number.
    max_message_size: int = 0
    order: PriorityOrder = HIGHEST_FIRST


@cache
def origin_of(process: int) -> str:
    """Return the name of a process as a sender of messages: Celery's `gen<pid>@<host>`."""
    return f"gen{process}@{socket.gethostname()}"


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


def check_time_limits(hard: float | None, soft: float | None) -> None:
    """Refuse a soft time limit above the hard one.

    Raises:
        ValueError: it is.
    """
    if hard and soft and soft > hard:
        raise ValueError("soft_time_limit must be less than or equal to time_limit")


def build_message_options(
    options: Mapping[str, Any], defaults: CallDefaults, parent: Context | None, task_id: str
) -> dict[str, Any]:
    """Return the options of a call's message: what differs from the defaults of a request."""
    stored: dict[str, Any] = {"origin": origin_of(os.getpid())}
    _add_ids(stored, options, parent, task_id)
    priority = _choose_priority(options, defaults, parent)
    if priority is not None:
        stored["priority"] = check_number("priority", priority)
    if options.get("origin"):
        stored["origin"] = check_text("origin", options["origin"])
    rare = False
    for name, value in options.items():
        request_name = _REQUEST_NAMES.get(name)
        if request_name is not None:
            if value or value == 0:
                stored[request_name] = CHECKS[name](name, value)
        elif name not in _COMMON and value is not None:
            rare = True
    if rare:
        _add_rare_options(stored, options, defaults)
    request_id = current_request_id()
    if request_id is not None and not is_stamped(stored):
        stored.update(stamps_with(stored, request_id))
    return stored


def _add_ids(
    stored: dict[str, Any], options: Mapping[str, Any], parent: Context | None, task_id: str
) -> None:
    """Add the ids of the calls that this one belongs to, by default those of its parent."""
    root_id, parent_id = options.get("root_id"), options.get("parent_id")
    if parent is not None:
        root_id = root_id or parent.root_id or parent.id
        parent_id = parent_id or parent.id
    if root_id and root_id != task_id:
        stored["root_id"] = check_id("root_id", root_id)
    if parent_id:
        stored["parent_id"] = check_id("parent_id", parent_id)


def _choose_priority(
    options: Mapping[str, Any], defaults: CallDefaults, parent: Context | None
) -> Any:
    """Return the priority of a call: its own, its parent's, or the configuration's."""
    priority = options.get("priority")
    if priority is None and parent is not None and defaults.inherit_parent_priority:
        priority = (parent.delivery_info or {}).get("priority")
    return defaults.priority if priority is None else priority


def _add_rare_options(
    stored: dict[str, Any], options: Mapping[str, Any], defaults: CallDefaults
) -> None:
    """Add those options of a call to its message that most calls do not have."""
    if options.get("compression"):
        check_compression("compression", options["compression"])
        warn_of_compression()
    for name in ("enqueue_on_commit", "exchange", "retry_policy", "routing_key"):
        if options.get(name) is not None:
            CHECKS[name](name, options[name])
    _add_times(stored, options, defaults)
    ignore_result = options.get("ignore_result")
    if ignore_result is not None:
        stored["ignore_result"] = bool(ignore_result)
    for name, request_name in (("link", "callbacks"), ("link_error", "errbacks")):
        linked = as_list(options.get(name))
        if linked:
            stored[request_name] = check_links(name, linked)
    headers = options.get("headers")
    if headers:
        stored["headers"] = dict(check_headers("headers", headers))
    stamped = as_list(options.get("stamped_headers"))
    if stamped:
        stored["stamped_headers"] = check_stamped_headers("stamped_headers", stamped)
        stored["stamps"] = {name: options.get(name) for name in stamped}
    others = message_properties(options)
    if others:
        stored["properties"] = others


def _add_times(stored: dict[str, Any], options: Mapping[str, Any], defaults: CallDefaults) -> None:
    """Add the expiry and the time limits of a call to its message."""
    expires = compute_expiry(options.get("expires"), defaults.timezone)
    if expires is not None:
        stored["expires"] = expires
    hard, soft = (
        None if options.get(name) is None else check_seconds(name, options[name])
        for name in ("time_limit", "soft_time_limit")
    )
    check_time_limits(hard, soft)
    if hard is not None or soft is not None:
        stored["timelimit"] = [hard, soft]


def build_frozen_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message options for the options that freezing sets, and for no others."""
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
    """Warn, once in a process, that messages are not compressed."""
    warnings.warn(
        ConfigurationWarning("compression= has no effect yet: messages are not compressed"),
        stacklevel=2,
    )


def build_envelope(
    *,
    task_name: str,
    task_id: str,
    queue: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    stored: dict[str, Any],
    due: Due = DUE_NOW,
    serializer: str = "json",
    max_size: int = 0,
    order: PriorityOrder = HIGHEST_FIRST,
) -> Envelope:
    """Return the stored form of a call.

    Raises:
        EncodeError: an argument cannot be serialized.
        TypeError: a name or id is no text.
        ValueError: a name or id cannot be used.
    """
    if due.text is not None:
        stored["scheduled"] = due.text
    if serializer != "json":
        check_text("serializer", serializer)
        encoded = registry.encode([list(args), dict(kwargs)], serializer)
        data = encoded.body
        binary = isinstance(data, bytes)
        stored["content"] = {
            "type": encoded.content_type,
            "body": base64.b64encode(data).decode() if isinstance(data, bytes) else data,
            "base64": binary,
        }
        args, kwargs = (), {}
    task_id, queue = check_id("task_id", task_id), check_queue(queue)
    fields = {
        "queue_name": queue,
        "actor_name": check_name("the task name", task_name),
        "args": args,
        "kwargs": kwargs,
        "options": stored,
        "message_id": task_id,
        "message_timestamp": int(time() * 1000),
    }
    body = check_message_size(encode_body(fields), max_size, task_name)
    priority = order.band(stored.get("priority"))
    return Envelope(task_id, queue, priority, body, due.delay, due.eta, chains_of(stored))


def check_message_size(body: bytes, limit: int, task_name: str) -> bytes:
    """Return the body of a message if workers take it.

    Raises:
        EncodeError: it is larger than `task_max_message_size` allows.
    """
    if limit and len(body) > limit:
        raise EncodeError(
            f"the message for task {task_name} has {len(body):,} bytes, more than the {limit:,} of "
            "task_max_message_size: store large arguments elsewhere, and pass where"
        )
    return body


def decode_content(
    content: Mapping[str, Any], accept: Sequence[str]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments that `build_envelope` wrote with another serializer than JSON.

    Raises:
        ContentDisallowed: the setting `accept_content` leaves that serializer out.
        DecodeError: they cannot be read.
    """
    body: Any = content["body"]
    if content.get("base64"):
        body = base64.b64decode(body)
    args, kwargs = registry.decode(body, content["type"], accept=accept)
    return list(args), dict(kwargs)
