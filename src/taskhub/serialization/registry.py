"""Registry of serializers by name and content type, and what a reader accepts (as kombu's).

`json` always works. `pickle` can run any code when it is read, so it is read only where
`accept_content` names it. `yaml` and `msgpack` need PyYAML and msgpack. `raw` passes
strings and bytes on as they are.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from taskhub.exceptions import (
    ContentDisallowed,
    DecodeError,
    EncodeError,
    KombuError,
    SerializerNotInstalled,
)
from taskhub.serialization import json

__all__ = ("Encoded", "Serializer", "content_types", "decode", "encode", "find", "register")


class Encoded(NamedTuple):
    """A value as it travels."""

    content_type: str
    content_encoding: str
    body: str | bytes


class Serializer(NamedTuple):
    """How values are written and read under one name."""

    name: str
    content_type: str
    # "utf-8" for text, "binary" for bytes.
    content_encoding: str
    encode: Callable[[Any], str | bytes]
    decode: Callable[[Any], Any]


# Reading these runs nothing and builds nothing but text and bytes.
_ALWAYS_ACCEPTED = frozenset({"application/data", "application/text", "text/plain"})
_ACCEPTED_BY_DEFAULT = frozenset({"application/json"})

_by_name: dict[str, Serializer] = {}
_by_content_type: dict[str, Serializer] = {}


def register(
    name: str,
    encoder: Callable[[Any], str | bytes],
    decoder: Callable[[Any], Any],
    content_type: str,
    content_encoding: str = "utf-8",
) -> None:
    """Add a serializer, or replace the one of that name (as `kombu.serialization.register`).

    Args:
        name: What `serializer=` and `accept_content` call it.
        encoder: Returns a value as text or bytes.
        decoder: Returns the value from what `encoder` returned.
        content_type: Its MIME type.
        content_encoding: `"utf-8"` for text, `"binary"` for bytes.
    """
    serializer = Serializer(name, content_type, content_encoding, encoder, decoder)
    _by_name[name] = serializer
    _by_content_type[content_type] = serializer


def find(serializer: str) -> Serializer:
    """Return the serializer of a name or content type.

    Raises:
        SerializerNotInstalled: There is none.
    """
    found = _by_name.get(serializer) or _by_content_type.get(serializer) or _of_kombu(serializer)
    if found is None:
        raise SerializerNotInstalled(
            f"There is no serializer {serializer!r}; use one of {', '.join(sorted(_by_name))}, or "
            "add it with taskhub.serialization.registry.register()."
        )
    return found


def _of_kombu(serializer: str) -> Serializer | None:
    """Return a serializer that the program has registered with `kombu.serialization`, or None."""
    kombu = sys.modules.get("kombu.serialization")
    if kombu is None:
        return None
    known = kombu.registry
    content_type = known.name_to_type.get(serializer, serializer)
    name = known.type_to_name.get(content_type)
    if name is None:
        return None
    try:
        encoding = known._encoders[name].content_encoding
    except KeyError:
        return None

    def encode(value: Any) -> str | bytes:
        body: str | bytes = kombu.dumps(value, serializer=name)[2]
        return body

    def decode(body: str | bytes) -> Any:
        # Whether it may be read was decided by then.
        return kombu.loads(body, content_type, encoding, force=True)

    return Serializer(name, content_type, encoding, encode, decode)


def content_types(names: Iterable[str]) -> frozenset[str]:
    """Return the content types of serializers given by name or content type.

    Raises:
        SerializerNotInstalled: A name is unknown.
    """
    return frozenset(name if "/" in name else find(name).content_type for name in names)


def encode(value: Any, serializer: str = "json") -> Encoded:
    """Return a value in the form of a serializer.

    Raises:
        EncodeError: The value has no such form.
        SerializerNotInstalled: There is no such serializer, or its library is not installed.
    """
    found = find(serializer)
    try:
        return Encoded(found.content_type, found.content_encoding, found.encode(value))
    except KombuError:
        raise
    except Exception as error:
        raise EncodeError(f"The value can't be written with {found.name}: {error}") from error


def decode(body: str | bytes, serializer: str, accept: Iterable[str] | None = None) -> Any:
    """Return the value that a serializer, given by name or content type, made `body` of.

    Args:
        body: What was received.
        serializer: The name or content type that came with it.
        accept: The names or content types that may be read; None stands for JSON alone. Text and
            bytes that nothing needs to be built of are always accepted.

    Raises:
        ContentDisallowed: `accept` leaves the serializer out.
        DecodeError: The body is not of that form.
        SerializerNotInstalled: There is no such serializer, or its library is not installed.
    """
    found = find(serializer)
    accepted = _ACCEPTED_BY_DEFAULT if accept is None else content_types(accept)
    if found.content_type not in accepted and found.content_type not in _ALWAYS_ACCEPTED:
        raise ContentDisallowed(
            f"Refusing to read {found.name} ({found.content_type}): accept_content does not allow "
            f"it. If you trust everyone who can write to the store, add {found.name!r} to "
            "accept_content (for results: result_accept_content)."
        )
    try:
        return found.decode(body)
    except KombuError:
        raise
    except Exception as error:
        raise DecodeError(f"Not the {found.name} that was expected: {error}") from error


def _unpickle(body: str | bytes) -> Any:
    return pickle.loads(body.encode("utf-8") if isinstance(body, str) else body)


def _dump_yaml(value: Any) -> str:
    text: str = _library("yaml", "PyYAML").safe_dump(value)
    return text


def _load_yaml(body: str | bytes) -> Any:
    return _library("yaml", "PyYAML").safe_load(body)


def _pack(value: Any) -> bytes:
    body: bytes = _library("msgpack", "msgpack").packb(value, use_bin_type=True)
    return body


def _unpack(body: bytes) -> Any:
    return _library("msgpack", "msgpack").unpackb(body, raw=False)


def _library(module: str, distribution: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise SerializerNotInstalled(
            f"The serializer {module} needs {distribution}: pip install {distribution}."
        ) from None


def _raw(value: Any) -> str | bytes:
    if isinstance(value, str | bytes):
        return value
    raise EncodeError(
        f"The serializer raw takes str or bytes, not {type(value).__qualname__}: encode the value "
        "yourself, or use another serializer."
    )


register("json", json.dumps, json.loads, "application/json")
register("pickle", pickle.dumps, _unpickle, "application/x-python-serialize", "binary")
register("yaml", _dump_yaml, _load_yaml, "application/x-yaml")
register("msgpack", _pack, _unpack, "application/x-msgpack", "binary")
register("raw", _raw, lambda body: body, "application/data", "binary")
