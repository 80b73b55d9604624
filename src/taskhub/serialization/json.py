"""JSON with kombu's extended types, so that Celery reads our data and we read its.

Beyond JSON's own types: `datetime`, `date`, `time`, `Decimal`, `UUID` and `bytes`
come back as they were; tuples come back as lists; NaN and the infinities are written as
JavaScript writes them. Values with a `__json__()` method are written as what it returns,
Django's lazy strings as strings, other types after `register_type`, of this module or of
`kombu.utils.json`. Sets, `timedelta`, enums and dataclasses are refused, as by kombu.
"""

from __future__ import annotations

import base64
import contextlib
import json
import json.encoder
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar

from taskhub.exceptions import DecodeError, EncodeError

__all__ = ("dumps", "loads", "register_type")

T = TypeVar("T")

_TYPE = "__type__"
_VALUE = "__value__"
_TYPE_IN_TEXT = f'"{_TYPE}"'
_ENVELOPE = {_TYPE, _VALUE}

# Per Python type, in the order of registration: the marker (None: no envelope) and the encoder.
_encoders: dict[type, tuple[str | None, Callable[[Any], Any]]] = {}
# Per marker: the decoder.
_decoders: dict[str, Callable[[Any], Any]] = {}


def register_type(
    t: type[T],
    marker: str | None,
    encoder: Callable[[T], Any],
    decoder: Callable[[Any], T] = lambda value: value,
) -> None:
    """Teach the serializer a type (as `kombu.utils.json.register_type`).

    Args:
        t: The type; its subclasses are written by the same encoder unless registered before it.
        marker: What names the type in the data. None writes the encoder's value as it is, and
            nothing is decoded.
        encoder: Returns a value that can be written.
        decoder: Returns the original from that value.
    """
    _encoders[t] = (marker, encoder)
    if marker is not None:
        _decoders[marker] = decoder


def _default(value: Any) -> Any:
    """Return something that JSON can hold in place of `value`."""
    reduce = getattr(value, "__json__", None)
    if reduce is not None:
        return reduce()
    for kind, (marker, encode) in _encoders.items():
        if isinstance(value, kind):
            encoded = encode(value)
            return encoded if marker is None else {_TYPE: marker, _VALUE: encoded}
    if isinstance(value, bytes):
        return _encode_bytes(value)
    if _is_lazy_string(value):
        return str(value)
    return _encode_by_kombu(value)


def _encode_by_kombu(value: Any) -> Any:
    """Return what a type registered with `kombu.utils.json.register_type` is written as."""
    kombu = sys.modules.get("kombu.utils.json")
    if kombu is None:
        raise _Unwritable(value)
    try:
        return kombu.JSONEncoder().default(value)
    except TypeError as error:
        raise _Unwritable(value) from error


def _is_lazy_string(value: Any) -> bool:
    # A Django promise can exist only where Django was imported.
    functional = sys.modules.get("django.utils.functional")
    return functional is not None and isinstance(value, functional.Promise)


def _object_hook(pairs: dict[str, Any]) -> Any:
    if pairs.keys() != _ENVELOPE:
        return pairs
    marker = pairs[_TYPE]
    try:
        decode = _decoders[marker]
    except (KeyError, TypeError):
        kombu = sys.modules.get("kombu.utils.json")
        if kombu is not None:
            with contextlib.suppress(ValueError, TypeError):
                return kombu.object_hook(pairs)
        raise DecodeError(
            f"JSON data holds a value of the type {marker!r}, which is not registered here: "
            "call register_type() for it before such data is read."
        ) from None
    return decode(pairs[_VALUE])


class _Unwritable(TypeError):
    """A value has no form in JSON."""

    def __init__(self, value: Any) -> None:
        super().__init__(f"{type(value).__qualname__} is not JSON serializable")


def _build_encoder() -> Callable[[Any, int], tuple[str, ...]] | None:
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return None
    # Markers (the check for circular values) are left out: they would be shared by threads. The
    # recursion limit stops such a value, too.
    encode: Callable[[Any, int], tuple[str, ...]] = make(
        None,  # markers
        _default,
        json.encoder.encode_basestring_ascii,
        None,  # indent
        ":",
        ",",
        False,  # sort_keys
        False,  # skipkeys
        True,  # allow_nan
    )
    return encode


# Building an encoder takes longer than most payloads do, so there is one for the process.
_encode = _build_encoder()
_portable_encoder = json.JSONEncoder(default=_default, separators=(",", ":"))
_plain_decoder = json.JSONDecoder()
_typed_decoder = json.JSONDecoder(object_hook=_object_hook)


def dumps(value: Any, *, name: str = "value") -> str:
    """Return `value` as JSON text, in ASCII, without spaces.

    Args:
        value: What to write.
        name: What to call it in an error: `value['user']`. If empty, keys of the outermost
            dictionary stand for themselves: `kwargs['user']`.

    Raises:
        EncodeError: Something in `value` can't be written; the message says where it is, of which
            type, and what to do.
    """
    try:
        if _encode is not None:
            return "".join(_encode(value, 0))
        return _portable_encoder.encode(value)
    except RecursionError as error:
        raise EncodeError(
            f"{name or 'the value'} is nested too deeply for JSON, or contains itself."
        ) from error
    except (TypeError, ValueError) as error:
        raise EncodeError(_explanation(value, name, error)) from error


def loads(text: str | bytes | bytearray | memoryview) -> Any:
    """Return the value that JSON text stands for.

    Raises:
        DecodeError: The text is not JSON, not UTF-8, or holds a type that is not registered.
    """
    try:
        if not isinstance(text, str):
            text = bytes(text).decode("utf-8")
        # Inspection for the mark is far cheaper than calling the hook for every object.
        decoder = _typed_decoder if _TYPE_IN_TEXT in text else _plain_decoder
        return decoder.decode(text)
    except DecodeError:
        raise
    except Exception as error:
        raise DecodeError(f"Not the JSON that was expected: {error}") from error


def _explanation(value: Any, name: str, error: Exception) -> str:
    """Return what is wrong with `value`, by looking for the first part that can't be written."""
    for path, part, is_key in _parts(value, name):
        where = path or "the value"
        kind = type(part).__qualname__
        if is_key:
            return f"{where} has a key of type {kind}, which JSON can't hold. Use strings as keys."
        try:
            _default(part)
        except _Unwritable:
            return (
                f"{where} is of type {kind}, which JSON can't hold. Pass a plain value "
                "instead (an id, a string, a list, a dict), give its class a __json__ "
                "method, or call register_type() for it."
            )
        except Exception as cause:
            return f"{where} of type {kind} could not be turned into JSON: {cause!r}"
    return f"{name or 'the value'} could not be turned into JSON: {error}"


def _parts(value: Any, path: str, seen: tuple[int, ...] = ()) -> Iterator[tuple[str, Any, bool]]:
    """Yield (path, part, whether it is a key) for what the C encoder leaves to us or refuses."""
    if value is None or isinstance(value, str | int | float):
        return
    if id(value) in seen:
        return
    seen = (*seen, id(value))
    if isinstance(value, dict):
        for key, item in value.items():
            if not (key is None or isinstance(key, str | int | float)):
                yield path, key, True
            inner = key if not path and isinstance(key, str) else f"{path}[{key!r}]"
            yield from _parts(item, inner, seen)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _parts(item, f"{path}[{index}]", seen)
    else:
        yield path, value, False
        try:
            replacement = _default(value)
        except Exception:
            return
        yield from _parts(replacement, path, seen)


def _encode_bytes(value: bytes) -> dict[str, str]:
    try:
        return {_TYPE: "bytes", _VALUE: value.decode("utf-8")}
    except UnicodeDecodeError:
        return {_TYPE: "base64", _VALUE: base64.b64encode(value).decode("ascii")}


# datetime comes before date, of which it is a subclass.
register_type(datetime, "datetime", datetime.isoformat, datetime.fromisoformat)
register_type(date, "date", date.isoformat, lambda text: datetime.fromisoformat(text).date())
register_type(time, "time", time.isoformat, time.fromisoformat)
register_type(Decimal, "decimal", str, Decimal)
register_type(
    uuid.UUID, "uuid", lambda value: {"hex": value.hex}, lambda fields: uuid.UUID(**fields)
)
_decoders["bytes"] = lambda text: text.encode("utf-8")
_decoders["base64"] = lambda text: base64.b64decode(text.encode("utf-8"))
