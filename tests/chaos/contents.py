"""Everything that a store holds, as plain values that can be compared; and what of it may differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from tests.support.refusals import PREFIX

NS: Final = "{taskhub}"


class Held(NamedTuple):
    """A key's value."""

    kind: str
    value: Any
    expires: bool


#: By db and key.
Contents = dict[tuple[int, str], Held]

#: What may be changed by a call that is refused: counters, names of queues that have been used,
#: notifications, leases.
MAY_STAY: Final = (
    *(f"{NS}:sequence", f"{NS}:queues", f"{NS}:workers"),
    *(f"{NS}:notifier:", f"{NS}:schedule:version:"),
    *(f"{NS}:receivers:", f"{NS}:receiving"),
)
#: What need not be written by a call that is served: counts, events, notifications, histories, the
#: number of a call.
MAY_LACK: Final = (
    *(f"{NS}:sequence", f"{NS}:queues", f"{NS}:events"),
    *(f"{NS}:notifier:", f"{NS}:stats:", f"{NS}:failures:", f"{NS}:producer:"),
    f"{NS}:schedule:history:",
    *(f"{NS}:history", f"{NS}:outcomes"),
    f"{NS}:failed:bytes",
    *(f"{NS}:receivers:", f"{NS}:receiving"),
)
#: What a call may leave to expire instead of removing it.
MAY_EXPIRE: Final = (f"{NS}:chain:", f"{NS}:chord:", f"{NS}:staged:")
#: What may get another time to live: a state that was written over and back.
MAY_LAST: Final = ("celery-task-meta-",)

_READ: Final[Mapping[str, tuple[Any, ...]]] = {
    "string": ("GET",),
    "hash": ("HGETALL",),
    "list": ("LRANGE", 0, -1),
    "set": ("SMEMBERS",),
    "zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    "stream": ("XRANGE", "-", "+"),
}


def read(clients: Mapping[int, Any], now: int) -> Contents:
    """Read everything.

    Args:
        clients: A connection of redis-py to each db.
        now: The engine's clock, ms: what has expired by it is left out.
    """
    found: Contents = {}
    for db, client in clients.items():
        keys = [key for key in client.keys("*") if not key.startswith(PREFIX.encode())]
        pipeline = client.pipeline(transaction=False)
        for key in keys:
            pipeline.type(key).pttl(key)
        replies = pipeline.execute()
        kinds, times = [kind.decode() for kind in replies[::2]], replies[1::2]
        for key, kind in zip(keys, kinds, strict=True):
            command, *rest = _READ[kind]
            pipeline.execute_command(command, key, *rest)
        for key, kind, left, value in zip(keys, kinds, times, pipeline.execute(), strict=True):
            found[db, key.decode()] = Held(kind, _plain(kind, value), left >= 0)
    return _without_dangling(_without_expired(found, now))


def _plain(kind: str, value: Any) -> Any:
    if kind == "hash":
        return {_text(name): _text(content) for name, content in value.items()}
    if kind == "set":
        return sorted(map(_text, value))
    if kind == "zset":
        return {_text(member): int(score) for member, score in value}
    if kind == "stream":
        return [[_text(part) for pair in fields.items() for part in pair] for _, fields in value]
    return [_text(item) for item in value] if isinstance(value, list) else _text(value)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _without_expired(found: Contents, now: int) -> Contents:
    """Leave out what has served its time: revocations, dead letters, messages of failed tasks."""
    for name in ("revoked", "revoked:stamps", "dead", "failed"):
        held = found.get((0, f"{NS}:{name}"))
        if held is not None and held.kind == "zset":
            expired = {member for member, until in held.value.items() if until <= now}
            for place in (name, f"{name}:messages"):
                _keep(found, place, lambda member, expired=expired: member not in expired)
    return found


def _without_dangling(found: Contents) -> Contents:
    """Leave out places of messages that are not stored: a claim passes over them."""
    messages = found.get((0, f"{NS}:messages"), Held("hash", {}, False)).value
    for _, key in list(found):
        kind = key.removeprefix(f"{NS}:")
        if kind.startswith("queue:"):
            _keep(found, kind, messages.__contains__)
        elif kind == "delayed":
            _keep(found, kind, lambda member: member.split("\n", 2)[-1] in messages)
    return found


def _keep(found: Contents, name: str, wanted: Callable[[str], bool]) -> None:
    place = (0, f"{NS}:{name}")
    held = found.get(place)
    if held is not None and isinstance(held.value, dict):
        kept = {key: value for key, value in held.value.items() if wanted(key)}
        if kept:
            found[place] = held._replace(value=kept)
        else:
            del found[place]


def without(contents: Contents, *prefixes: str) -> Contents:
    """Return what is left without keys that begin with these."""
    return {
        place: held for place, held in contents.items() if not place[1].startswith(tuple(prefixes))
    }


def ranked(contents: Contents) -> Contents:
    """Return contents without what depends on how many numbers were drawn before: places become ranks."""
    found: Contents = {}
    for (db, key), held in contents.items():
        value = held.value
        if held.kind == "zset" and key.startswith((f"{NS}:queue:", f"{NS}:rate_limited:")):
            value = [_numberless(member) for member in value]
        elif held.kind == "zset" and key == f"{NS}:workers":
            value = sorted(value)
        elif key.startswith(f"{NS}:claims:") and held.kind == "hash":
            value = {_numberless(name): token.split(":")[0] for name, token in value.items()}
        elif isinstance(value, dict):
            value = {_numberless(name): content for name, content in value.items()}
        found[db, key] = held._replace(value=value)
    return found


def _numberless(key: str) -> str:
    """Return the key of a message without the number of one whose task id was stored already."""
    return re.sub(r"\n\d{6,}$", "\n#", key)


def differences(before: Contents, after: Contents) -> list[str]:
    """Return what differs, a line for each key; new keys that expire do not count, where they may."""
    found = []
    for place in sorted({*before, *after}):
        old, new = before.get(place), after.get(place)
        if old is None and new is not None and new.expires and place[1].startswith(MAY_EXPIRE):
            continue
        if old is not None and new is not None and place[1].startswith(MAY_LAST):
            new = new._replace(expires=old.expires)
        if old != new:
            found.append(f"db {place[0]} {place[1]!r}: {_short(old)} became {_short(new)}")
    return found


def _short(held: Held | None) -> str:
    text = "nothing" if held is None else f"{held.kind} {held.value!r}"
    if held is not None and held.expires:
        text += " (expires)"
    return text if len(text) < 300 else text[:300] + "..."
