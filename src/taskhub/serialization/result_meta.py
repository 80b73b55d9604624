"""Result documents in Celery's format, stored under `celery-task-meta-<id>`."""

from __future__ import annotations

import json.encoder
import pickle
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from taskhub import states
from taskhub.exceptions import EncodeError
from taskhub.serialization import compression, registry
from taskhub.serialization.failures import decode_exception, encode_exception
from taskhub.serialization.json import dumps
from taskhub.serialization.safe_repr import safe_repr

__all__ = (
    "DEFAULT_MAX_SIZE",
    "check_size",
    "decode_document",
    "decode_meta",
    "encode_meta",
    "extended_fields",
)

#: How many bytes a document may have where no setting says otherwise.
DEFAULT_MAX_SIZE = 64 * 1024 * 1024

#: Serializers that are recognized by how their documents begin.
_BUILT_IN: Final = frozenset({"json", "pickle", "yaml", "msgpack"})
#: How a mapping begins in YAML.
_YAML: Final = re.compile(rb"[a-z_]+:[ \n]")
_quote = json.encoder.encode_basestring_ascii


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
    """Return the document as JSON, its fields in Celery's order.

    Args:
        task_id: The id of the task.
        status: Its state.
        result: The return value, the exception (in the states that hold one), or the value of a
            custom state.
        traceback: The traceback's text, for a failure.
        children: The results that the task began, as `AsyncResult.as_tuple()` gives them.
        group_id: The group that the task belongs to; left out when there is none.
        parent_id: The task that called this one; left out when there is none.
        date_done: When the task ended, in ISO 8601; None before it ended.
        extended: What `result_extended` adds, see `extended_fields`.

    Raises:
        EncodeError: The result, or something in `extended`, can't be written as JSON.
    """
    # One template for all: a dictionary would only be built to be taken apart again.
    optional = ""
    if group_id:
        optional = f',"group_id":{_quote(group_id)}'
    if parent_id:
        optional += f',"parent_id":{_quote(parent_id)}'
    if extended:
        optional += f",{_extended_text(extended)[1:-1]}"
    return (
        f'{{"status":{_quote(status)}'
        f',"result":{dumps(_storable(status, result), name="result")}'
        f',"traceback":{"null" if traceback is None else _quote(traceback)}'
        f',"children":{dumps(children, name="children") if children else "[]"}'
        f',"date_done":{"null" if date_done is None else _quote(date_done)}'
        f'{optional},"task_id":{_quote(task_id)}}}'
    )


def check_size(text: str, limit: int, what: str) -> str:
    """Return a document if it is not larger than the setting `result_max_size` allows.

    Args:
        text: The document.
        limit: The most bytes; 0: any number.
        what: What it is, for the error.

    Raises:
        EncodeError: It is larger.
    """
    if limit and len(text) * 4 > limit:
        size = len(text) if text.isascii() else len(text.encode())
        if size > limit:
            raise EncodeError(
                f"{what} has {size:,} bytes, more than the {limit:,} of the setting "
                "result_max_size: store it elsewhere, and return where"
            )
    return text


def decode_meta(
    data: str | bytes,
    serializer: str = "json",
    accept: Iterable[str] | None = None,
    limit: int = 0,
) -> dict[str, Any]:
    """Return a stored document; in the states that hold an exception, `result` is one.

    Compressed documents (`result_compression`) are read as well. `accept` is the setting
    `result_accept_content`; None accepts JSON. `limit` is how many bytes a compressed document
    may have when it is decompressed; 0: any number.

    Raises:
        ContentDisallowed: `accept` leaves the serializer out.
        DecodeError: The data is not such a document.
        SecurityError: The stored exception is none, see
            `taskhub.serialization.failures.decode_exception`.
    """
    meta: dict[str, Any] = decode_document(data, serializer, accept, limit)
    if meta["status"] in states.EXCEPTION_STATES:
        meta["result"] = decode_exception(meta["result"])
    return meta


def decode_document(
    data: str | bytes,
    serializer: str = "json",
    accept: Iterable[str] | None = None,
    limit: int = 0,
) -> Any:
    """Return a stored value of any serializer; arguments and errors are those of `decode_meta`."""
    plain = compression.unpack(data, limit)
    written = _serializer_of(plain, serializer)
    # JSON is read whatever the settings say, as workers here write it.
    return registry.decode(plain, written, accept=None if written == "json" else accept)


def _serializer_of(document: str | bytes, expected: str) -> str:
    """Return the serializer of a document; the expected one where its beginning leaves it open."""
    begin = document[:40].encode("utf-8", "replace") if isinstance(document, str) else document[:40]
    if begin[:1] == b"{":
        # No other serializer's document begins so.
        return "json"
    if registry.find(expected).name not in _BUILT_IN or len(begin) < 2:
        return expected
    if begin[0] == 0x80 and begin[1] <= pickle.HIGHEST_PROTOCOL:
        return "pickle"
    if begin[0] & 0xF0 == 0x80 or begin[0] in (0xDE, 0xDF):
        # A map, of a few or of many members.
        return "msgpack"
    return "yaml" if _YAML.match(begin) else expected


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
    """Return what the setting `result_extended` adds to a document."""
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


def _extended_text(extended: Mapping[str, Any]) -> str:
    """Return the fields of `result_extended` in JSON; arguments that it lacks, as texts."""
    try:
        return dumps(extended, name="")
    except EncodeError:
        args, kwargs = extended.get("args"), extended.get("kwargs")
        shown = {
            "args": [_or_text(value) for value in args or ()],
            "kwargs": {str(name): _or_text(value) for name, value in (kwargs or {}).items()},
        }
        return dumps({**extended, **shown}, name="")


def _or_text(value: Any) -> Any:
    try:
        dumps(value, name="")
    except EncodeError:
        return safe_repr(value)
    return value


def _storable(status: str, result: Any) -> Any:
    if status in states.EXCEPTION_STATES and isinstance(result, BaseException):
        return encode_exception(result)
    return result
