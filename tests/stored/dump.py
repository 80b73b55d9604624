"""All keys of a store as JSON, whatever the server: types and values, not the server's own format."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from redis import Redis

#: How a value is read: command and arguments behind the key.
_READ: Final[dict[str, tuple[Any, ...]]] = {
    "string": ("GET",),
    "hash": ("HGETALL",),
    "list": ("LRANGE", 0, -1),
    "set": ("SMEMBERS",),
    "zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    "stream": ("XRANGE", "-", "+"),
}


def dump(client: Redis, replaced: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return all keys of a database, in order.

    Args:
        client: A connection that decodes nothing.
        replaced: Words that belong to the machine, each with what stands in the file instead.
    """
    found = []
    for key in sorted(client.scan_iter(count=1000)):
        kind = client.type(key).decode()
        command, *arguments = _READ[kind]
        value = client.execute_command(command, key, *arguments)
        life = client.pttl(key)
        one: dict[str, Any] = {"key": _text(key, replaced), "type": kind}
        if life >= 0:
            one["expires_in"] = life
        one["value"] = [_text(part, replaced) for part in _flat(value, kind)]
        found.append(one)
    return found


def load(client: Redis, keys: Sequence[Mapping[str, Any]]) -> None:
    """Write what `dump` returned into an empty database; what expires has its time before it again."""
    assert client.dbsize() == 0
    for one in keys:
        key, values = _bytes(one["key"]), [_bytes(value) for value in one["value"]]
        for command in _written(one["type"], key, values):
            client.execute_command(*command)
        if "expires_in" in one:
            client.pexpire(key, max(1, one["expires_in"]))


def to_text(keys: Sequence[Mapping[str, Any]]) -> str:
    """Return the file's text: a line for each value, so that differences can be read."""
    return json.dumps(keys, indent=1, ensure_ascii=False) + "\n"


def _flat(value: Any, kind: str) -> Iterator[bytes]:
    """Yield the parts of a reply in the order in which they are written again."""
    match kind:
        case "string":
            yield value
        case "hash":
            for name in sorted(value):
                yield from (name, value[name])
        case "set":
            yield from sorted(value)
        case "zset":
            for member, score in value:
                yield from (member, repr(score).removesuffix(".0").encode())
        case "stream":
            # Each entry as its id, how many parts it has, and these.
            for entry_id, fields in value:
                parts = [part for pair in fields.items() for part in pair]
                yield from (entry_id, str(len(parts)).encode(), *parts)
        case _:
            yield from value


def _written(kind: str, key: bytes, values: list[bytes]) -> Iterator[tuple[Any, ...]]:
    match kind:
        case "string":
            yield ("SET", key, *values)
        case "hash":
            yield ("HSET", key, *values)
        case "list":
            yield ("RPUSH", key, *values)
        case "set":
            yield ("SADD", key, *values)
        case "zset":
            for member, score in zip(values[::2], values[1::2], strict=True):
                yield ("ZADD", key, score, member)
        case "stream":
            left = iter(values)
            for entry_id in left:
                parts = [next(left) for _ in range(int(next(left)))]
                yield ("XADD", key, entry_id, *parts)
        case _:
            raise AssertionError(f"{key!r} has the type {kind}")


def _text(value: bytes, replaced: Mapping[str, str]) -> Any:
    for own, neutral in replaced.items():
        value = re.sub(rb"(?<!\w)%s(?!\w)" % re.escape(own.encode()), neutral.encode(), value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else str(value).encode()
