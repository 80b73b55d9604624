"""Serializers by name, and what a reader accepts."""

from __future__ import annotations

import sys

import pytest

from taskhub.exceptions import (
    ContentDisallowed,
    DecodeError,
    EncodeError,
    ImproperlyConfigured,
    SerializerNotInstalled,
)
from taskhub.serialization import compression, registry


@pytest.mark.parametrize("name", ["json", "pickle"])
def test_a_value_comes_back(name: str) -> None:
    encoded = registry.encode({"a": [1, None]}, name)

    assert registry.decode(encoded.body, encoded.content_type, accept=[name]) == {"a": [1, None]}


def test_raw_passes_text_and_bytes_and_nothing_else() -> None:
    assert registry.decode(registry.encode(b"\xff", "raw").body, "raw") == b"\xff"
    with pytest.raises(EncodeError, match="not int"):
        registry.encode(3, "raw")


def test_pickle_is_refused_unless_it_is_named() -> None:
    body = registry.encode([1], "pickle").body

    with pytest.raises(ContentDisallowed, match=r"accept_content does not allow it.*'pickle'"):
        registry.decode(body, "pickle")
    with pytest.raises(ContentDisallowed):
        registry.decode(body, "application/x-python-serialize", accept=["json"])
    assert registry.decode(body, "pickle", accept=["application/x-python-serialize"]) == [1]


def test_unknown_serializers_and_damaged_bodies_are_told() -> None:
    with pytest.raises(SerializerNotInstalled, match="json, msgpack, pickle"):
        registry.encode(1, "jason")
    with pytest.raises(SerializerNotInstalled):
        registry.decode("1", "json", accept=["jason"])
    with pytest.raises(DecodeError, match="pickle"):
        registry.decode(b"no", "pickle", accept=["pickle"])
    with pytest.raises(EncodeError, match="pickle"):
        registry.encode(lambda: None, "pickle")


@pytest.mark.parametrize("name", ["yaml", "msgpack"])
def test_a_missing_library_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(SerializerNotInstalled, match="pip install"):
        registry.encode(1, name)
    with pytest.raises(SerializerNotInstalled, match="pip install"):
        registry.decode(b"1", name, accept=[name])


@pytest.mark.parametrize("method", ["gzip", "zlib", "bzip2", "lzma", "application/x-bz2"])
def test_compressed_results_are_read_again(method: str) -> None:
    assert compression.unpack(compression.pack("text" * 100, method)) == b"text" * 100
    assert compression.unpack('{"plain": 1}') == '{"plain": 1}'


def test_unknown_and_damaged_compression_is_told() -> None:
    with pytest.raises(ImproperlyConfigured, match="use one of brotli, bzip"):
        compression.compress("x", "rar")
    with pytest.raises(DecodeError, match="damaged"):
        compression.decompress(b"no", "application/x-gzip")
    with pytest.raises(DecodeError, match="not known"):
        compression.decompress(b"no", "application/rar")
