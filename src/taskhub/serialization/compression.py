"""Compressed data: kombu's methods by name, and the mark that Celery puts before such results."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from taskhub.exceptions import DecodeError, ImproperlyConfigured

__all__ = ("compress", "decompress", "methods", "pack", "unpack")

#: Opens a compressed result: this, the content type, a NUL, the body. No serializer begins so.
MAGIC = b"\x00celery-compressed\x00"


class _Method(NamedTuple):
    content_type: str
    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes], bytes]


def _method(content_type: str, *modules: str) -> _Method:
    """Return the method of the first of the modules that can be imported when it is first used."""

    def call(function: str, body: bytes) -> bytes:
        for module in modules:
            try:
                library: Any = importlib.import_module(module)
            except ImportError:
                continue
            done: bytes = getattr(library, function)(body)
            return done
        raise ImproperlyConfigured(
            f"Data of the type {content_type} needs a library that is not installed: "
            f"install {' or '.join(modules)}."
        )

    return _Method(content_type, partial(call, "compress"), partial(call, "decompress"))


_ZLIB = _method("application/x-gzip", "zlib")  # kombu's "gzip" is zlib's format
_BZ2 = _method("application/x-bz2", "bz2")
_LZMA = _method("application/x-lzma", "lzma")
_BROTLI = _method("application/x-brotli", "brotli", "brotlicffi")
_ZSTD = _method("application/zstd", "compression.zstd", "backports.zstd")
_METHODS = {
    "gzip": _ZLIB,
    "zlib": _ZLIB,
    "bzip2": _BZ2,
    "bzip": _BZ2,
    "lzma": _LZMA,
    "xz": _LZMA,
    "brotli": _BROTLI,
    "zstd": _ZSTD,
    "zstandard": _ZSTD,
}
_BY_CONTENT_TYPE = {method.content_type: method for method in _METHODS.values()}


def methods() -> list[str]:
    """Return the names of the methods, as ``task_compression`` takes them."""
    return sorted(_METHODS)


def compress(body: str | bytes, method: str) -> tuple[bytes, str]:
    """Return (compressed body, content type).

    Raises:
        ImproperlyConfigured: There is no such method, or its library is not installed.
    """
    found = _METHODS.get(method) or _BY_CONTENT_TYPE.get(method)
    if found is None:
        raise ImproperlyConfigured(
            f"There is no compression method {method!r}; use one of {', '.join(methods())}."
        )
    return found.compress(_bytes(body)), found.content_type


def decompress(body: bytes, content_type: str) -> bytes:
    """Return the body as it was before :func:`compress`.

    Raises:
        DecodeError: The content type is unknown, or the body is damaged.
        ImproperlyConfigured: The library of the method is not installed.
    """
    found = _BY_CONTENT_TYPE.get(content_type) or _METHODS.get(content_type)
    if found is None:
        raise DecodeError(f"Data is compressed with {content_type!r}, which is not known here.")
    try:
        return found.decompress(body)
    except ImproperlyConfigured:
        raise
    except Exception as error:
        raise DecodeError(f"Data compressed with {content_type!r} is damaged: {error}") from error


def pack(payload: str | bytes, method: str) -> bytes:
    """Return a result, compressed, behind the mark that tells so (``result_compression``)."""
    body, content_type = compress(payload, method)
    return b"".join((MAGIC, content_type.encode("ascii"), b"\x00", body))


def unpack(payload: str | bytes) -> str | bytes:
    """Return a result as it was before :func:`pack`; one without the mark as it is."""
    if isinstance(payload, str) or not payload.startswith(MAGIC):
        return payload
    content_type, _, body = payload[len(MAGIC) :].partition(b"\x00")
    return decompress(body, content_type.decode("ascii", "replace"))


def _bytes(body: str | bytes) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else body
