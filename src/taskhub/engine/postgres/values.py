"""Values of statements: parameters as they are sent, and results as they come.

Arrays and bytes travel in PostgreSQL's binary format, which needs no escaping; all else as text, so
that the server takes it for what the statement says that it is (`$1::bigint`).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

#: The types of the elements of arrays, as PostgreSQL numbers them.
_BOOL, _BYTEA, _INT8, _TEXT = 16, 17, 20, 25
_HEAD: Final = struct.Struct("!iiI")
_DIMENSION: Final = struct.Struct("!ii")
_LENGTH: Final = struct.Struct("!i")
_LONG: Final = struct.Struct("!q")
_LONG_ITEM: Final = struct.Struct("!iq")
_NULL: Final = _LENGTH.pack(-1)

#: A value as it is sent, and its format: 0 for text, 1 for binary.
Encoded = tuple[bytes | None, int]


def encode(value: Any) -> Encoded:
    """Return a parameter as it is sent.

    Args:
        value: None, a text, a number, bytes, or a list of one kind of them.

    Raises:
        ValueError: It cannot be stored: a text with a NUL, or that is not Unicode.
        TypeError: It is something else.
    """
    if value is None:
        return None, 0
    if isinstance(value, str):
        return _text(value), 0
    if isinstance(value, bool):
        return b"true" if value else b"false", 0
    if isinstance(value, int | float):
        return repr(value).encode(), 0
    if isinstance(value, bytes):
        return value, 1
    if isinstance(value, list | tuple):
        return _encode_array(value)
    raise TypeError(f"a {type(value).__name__} is no parameter of a statement")


def _text(value: str) -> bytes:
    encoded = value.encode()
    if b"\0" in encoded:
        raise ValueError("PostgreSQL stores no text with the character NUL (\\x00)")
    return encoded


def _encode_array(values: Sequence[Any]) -> Encoded:
    first = next((value for value in values if value is not None), None)
    if first is None:
        return f"{{{','.join(['NULL'] * len(values))}}}".encode(), 0
    parts: list[bytes]
    if isinstance(first, bool):
        element = _BOOL
        parts = [
            _NULL if value is None else b"\0\0\0\1\1" if value else b"\0\0\0\1\0"
            for value in values
        ]
    elif isinstance(first, int):
        element, pack = _INT8, _LONG_ITEM.pack
        parts = [_NULL if value is None else pack(8, value) for value in values]
    else:
        element = _TEXT if isinstance(first, str) else _BYTEA
        pack, parts = _LENGTH.pack, []
        for value in values:
            if value is None:
                parts.append(_NULL)
            else:
                data = _text(value) if element == _TEXT else value
                parts += (pack(len(data)), data)
    head = _HEAD.pack(1, 1, element) + _DIMENSION.pack(len(values), 1)
    return b"".join((head, *parts)), 1


def _decode_text(data: bytes) -> str:
    return data.decode()


def _decode_number(data: bytes) -> int:
    return int.from_bytes(data, "big", signed=True)


def _decode_float(data: bytes) -> float:
    found: float = struct.unpack("!d" if len(data) == 8 else "!f", data)[0]
    return found


def _decode_flag(data: bytes) -> bool:
    return data != b"\0"


def _decode_array(data: bytes) -> list[Any]:
    dimensions, _, element = _HEAD.unpack_from(data)
    if dimensions == 0:
        return []
    count, _ = _DIMENSION.unpack_from(data, 12)
    read, at = DECODERS.get(element, bytes), 20
    values: list[Any] = []
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(data, at)
        at += 4
        if length < 0:
            values.append(None)
        else:
            values.append(read(data[at : at + length]))
            at += length
    return values


#: How values in binary format are read, by the number of their type; others stay bytes.
DECODERS: Final[Mapping[int, Callable[[bytes], Any]]] = {
    _BOOL: _decode_flag,
    _BYTEA: bytes,
    **dict.fromkeys((18, 19, _TEXT, 114, 1042, 1043), _decode_text),
    **dict.fromkeys((_INT8, 21, 23, 26), _decode_number),
    **dict.fromkeys((700, 701), _decode_float),
    **dict.fromkeys((1000, 1001, 1005, 1007, 1009, 1015, 1016), _decode_array),
}
