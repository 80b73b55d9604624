"""Compression: kombu's methods by name, and Celery's mark of compressed results."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from taskhub.exceptions import DecodeError, ImproperlyConfigured

__all__ = ("compress", "decompress", "find_method", "methods", "pack", "unpack")

#: Opens a compressed result: this, the content type, a NUL, the body. No serializer begins so.
MAGIC = b"\x00celery-compressed\x00"


class _Method(NamedTuple):
    content_type: str
    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes, int], bytes]


def _method(content_type: str, *modules: str) -> _Method:
    """Return the method of the first of the modules that can be imported when it is first used."""

    def library() -> Any:
        for module in modules:
            try:
                return importlib.import_module(module)
            except ImportError:
                continue
        raise ImproperlyConfigured(
            f"Data of the type {content_type} needs a library that is not installed: "
            f"install {' or '.join(modules)}."
        )

    def compress(body: bytes) -> bytes:
        done: bytes = library().compress(body)
        return done

    def decompress(body: bytes, limit: int) -> bytes:
        done: bytes = (
            _decompress_bounded(library(), body, limit) if limit else library().decompress(body)
        )
        return done

    return _Method(content_type, compress, decompress)


def _decompress_bounded(library: Any, body: bytes, limit: int) -> bytes:
    """Return a body decompressed, or one byte more than `limit` of it."""
    if hasattr(library, "Decompressor"):
        # Brotli: older versions cannot stop in between.
        decompressor = library.Decompressor()
        try:
            brotli: bytes = decompressor.process(body, output_buffer_limit=limit + 1)
        except TypeError:
            brotli = library.decompress(body)
        return brotli
    names = ("decompressobj", "BZ2Decompressor", "LZMADecompressor", "ZstdDecompressor")
    stream = next(getattr(library, name) for name in names if hasattr(library, name))()
    done: bytes = stream.decompress(body, limit + 1)
    if len(done) <= limit and (not stream.eof or stream.unused_data):
        raise ValueError("it ends too early, or too late")
    return done


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
    """Return the names of the methods, as `task_compression` takes them."""
    return sorted(_METHODS)


def find_method(method: str) -> _Method:
    """Return a method by its name or content type.

    Raises:
        ImproperlyConfigured: There is none.
    """
    found = _METHODS.get(method) or _BY_CONTENT_TYPE.get(method)
    if found is None:
        raise ImproperlyConfigured(
            f"There is no compression method {method!r}; use one of {', '.join(methods())}."
        )
    return found


def compress(body: str | bytes, method: str) -> tuple[bytes, str]:
    """Return (compressed body, content type).

    Raises:
        ImproperlyConfigured: There is no such method, or its library is not installed.
    """
    found = find_method(method)
    return found.compress(_bytes(body)), found.content_type


def decompress(body: bytes, content_type: str, limit: int = 0) -> bytes:
    """Return the body as it was before `compress`.

    Args:
        body: The compressed body.
        content_type: The method, by its content type or name.
        limit: How many bytes it may have then; 0: any number.

    Raises:
        DecodeError: The content type is unknown, the body is damaged, or it has more bytes than
            `limit`.
        ImproperlyConfigured: The library of the method is not installed.
    """
    found = _BY_CONTENT_TYPE.get(content_type) or _METHODS.get(content_type)
    if found is None:
        raise DecodeError(f"Data is compressed with {content_type!r}, which is not known here.")
    try:
        done = found.decompress(body, limit)
    except ImproperlyConfigured:
        raise
    except Exception as error:
        raise DecodeError(f"Data compressed with {content_type!r} is damaged: {error}") from error
    if limit and len(done) > limit:
        raise DecodeError(
            f"Data compressed with {content_type!r} ({len(body):,} bytes) has more than {limit:,} "
            "bytes when it is decompressed, which the settings do not allow (result_max_size, "
            "task_max_message_size)."
        )
    return done


def pack(payload: str | bytes, method: str) -> bytes:
    """Return a result, compressed, behind a mark (`result_compression`)."""
    body, content_type = compress(payload, method)
    return b"".join((MAGIC, content_type.encode("ascii"), b"\x00", body))


def unpack(payload: str | bytes, limit: int = 0) -> str | bytes:
    """Return a result as it was before `pack`; one without the mark as it is.

    Args:
        payload: The result.
        limit: How many bytes a compressed one may have when it is decompressed; 0: any number.

    Raises:
        DecodeError: It is damaged, or has more.
    """
    if isinstance(payload, str) or not payload.startswith(MAGIC):
        return payload
    content_type, _, body = payload[len(MAGIC) :].partition(b"\x00")
    return decompress(body, content_type.decode("ascii", "replace"), limit)


def _bytes(body: str | bytes) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else body
