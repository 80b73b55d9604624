"""The document under ``celery-task-meta-<id>``: the result of a task, in Celery's format."""

from __future__ import annotations

import json.encoder
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskhub import states
from taskhub.serialization import compression, registry
from taskhub.serialization.failures import decode_exception, encode_exception
from taskhub.serialization.json import dumps

__all__ = ("build_meta", "decode_meta", "encode_meta", "extended_fields")

_quote = json.encoder.encode_basestring_ascii
_NO_FIELDS: Mapping[str, Any] = {}


def build_meta(
    *,
    task_id: str,
    status: str,
    result: Any,
    traceback: str | None = None,
    children: Sequence[Any] = (),
    group_id: str | None = None,
    parent_id: str | None = None,
    date_done: str | None = None,
    extended: Mapping[str, Any] | None = None,
    serializer: str = "json",
) -> dict[str, Any]:
    """Return the document as a dictionary, its fields in Celery's order.

    Parameters:
        task_id: The id of the task.
        status: Its state.
        result: The return value, the exception (in the states that hold one), or what a custom
            state tells.
        traceback: The traceback's text, for a failure.
        children: The results that the task began, as ``AsyncResult.as_tuple()`` gives them.
        group_id: The group that the task belongs to; left out when there is none.
        parent_id: The task that called this one; left out when there is none.
        date_done: When the task ended, in ISO 8601; None before it ended.
        extended: What ``result_extended`` adds, see :func:`extended_fields`.
        serializer: The serializer that the document is meant for.
    """
    meta: dict[str, Any] = {
        "status": status,
        "result": _storable(status, result, serializer),
        "traceback": traceback,
        "children": list(children),
        "date_done": date_done,
    }
    if group_id:
        meta["group_id"] = group_id
    if parent_id:
        meta["parent_id"] = parent_id
    meta.update(extended or _NO_FIELDS)
    meta["task_id"] = task_id
    return meta


def encode_meta(
    *,
    task_id: str,
    status: str,
    result: Any,
    traceback: str | None = None,
    children: Sequence[Any] = (),
    group_id: str | None = None,
    parent_id: str | None = None,
    date_done: str | None = None,
    extended: Mapping[str, Any] | None = None,
) -> str:
    """Return the document as JSON; for the parameters see :func:`build_meta`.

    Raises:
        EncodeError: The result, or something in ``extended``, can't be written as JSON.
    """
    # One template for all: a dictionary would only be built to be taken apart again.
    optional = ""
    if group_id:
        optional = f',"group_id":{_quote(group_id)}'
    if parent_id:
        optional += f',"parent_id":{_quote(parent_id)}'
    if extended:
        optional += f",{dumps(extended, name='')[1:-1]}"
    return (
        f'{{"status":{_quote(status)}'
        f',"result":{dumps(_storable(status, result, "json"), name="result")}'
        f',"traceback":{"null" if traceback is None else _quote(traceback)}'
        f',"children":{dumps(children, name="children") if children else "[]"}'
        f',"date_done":{"null" if date_done is None else _quote(date_done)}'
        f'{optional},"task_id":{_quote(task_id)}}}'
    )


def decode_meta(
    data: str | bytes, serializer: str = "json", accept: Iterable[str] | None = None
) -> dict[str, Any]:
    """Return a stored document; in the states that hold an exception, ``result`` is one.

    Compressed documents (``result_compression``) are read as well. ``accept`` is the setting
    ``result_accept_content``; None accepts JSON.

    Raises:
        ContentDisallowed: ``accept`` leaves the serializer out.
        DecodeError: The data is not such a document.
        SecurityError: The stored exception is none, see
            :func:`taskhub.serialization.failures.decode_exception`.
    """
    meta: dict[str, Any] = registry.decode(compression.unpack(data), serializer, accept=accept)
    if meta["status"] in states.EXCEPTION_STATES:
        meta["result"] = decode_exception(meta["result"])
    return meta


def extended_fields(
    *,
    name: str | None,
    args: Any,
    kwargs: Any,
    worker: str | None,
    retries: int | None,
    queue: str | None,
    stamps: Mapping[str, Any] | None = None,
    stamped_headers: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return what the setting ``result_extended`` adds to a document."""
    fields: dict[str, Any] = {
        "name": name,
        "args": args,
        "kwargs": kwargs,
        "worker": worker,
        "retries": retries,
        "queue": queue,
    }
    if stamps:
        headers = stamped_headers or ()
        fields["stamped_headers"] = stamped_headers
        fields.update({key: value for key, value in stamps.items() if key in headers})
    return fields


def _storable(status: str, result: Any, serializer: str) -> Any:
    if status in states.EXCEPTION_STATES and isinstance(result, BaseException):
        return encode_exception(result, serializer)
    return result
