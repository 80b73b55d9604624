"""Obstacles to the engine on a server: missing rights, keys of another type, full memory.

All commands are tried in a way that changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskhub.engine.port.inspection import Obstacle
from taskhub.engine.redis.refusal_kind import RefusalKind, kind_of_error, refusal_kind
from taskhub.engine.redis.store_connection import Channel, script_call
from taskhub.exceptions import StoreRefused
from taskhub.version import __version__

if TYPE_CHECKING:
    from taskhub.engine.redis.connector import Connector

#: A task id that no task has.
_NOBODY: Final = "taskhub-probe"
#: The format of the data that this version reads and writes: which keys there are, and what they
#: hold. A version whose data earlier ones cannot use names a higher one in `{ns}:format`; without
#: that key the format is 1.
DATA_FORMAT: Final = 1
#: The types of keys, as they are called in Redis's documentation.
_TYPES: Final = {"zset": "sorted set"}
_FULL: Final = (
    "new calls are refused, and workers go on and make room: raise its maxmemory, or run more "
    "workers"
)


class _Refused(NamedTuple):
    """A command that a server refused."""

    server: Connector
    command: str
    key: str
    words: str
    kind: RefusalKind


def format_obstacle(namespace: str, stored: bytes | None) -> Obstacle | None:
    """Return the obstacle that data of another format is; None: this version reads it.

    Args:
        namespace: Begins all keys but those of results.
        stored: What the key of the format holds; None: there is no such key.
    """
    if stored is None or stored == str(DATA_FORMAT).encode():
        return None
    found = f"{namespace}:format is {stored[:20].decode(errors='replace')}"
    return Obstacle(
        "format",
        f"{found}: another version of taskhub wrote the data, and taskhub {__version__} "
        f"reads format {DATA_FORMAT}",
        "run the version that wrote it or a later one, or give this one a database or "
        "global_keyprefix of its own",
    )


class Obstacles:
    """Looks for what is in the way of the work on one or two servers.

    Args:
        namespace: Begins all keys but those of results.
        results_key: Where results are, as the scripts read it; "" if they are on another
            server.
        prefix: What the keys of results begin with.
        broker: The store of messages.
        results: The store of results; the same object when it is on the same server.
    """

    def __init__(
        self, namespace: str, results_key: str, prefix: str, broker: Connector, results: Connector
    ) -> None:
        self._namespace = namespace
        self._results_key = results_key
        self._prefix = prefix
        self._broker = broker
        self._results = results

    def find(self, queues: Sequence[str], now: str) -> list[Obstacle]:
        """Return what is in the way.

        Args:
            queues: Queues whose keys are looked at, beside those that hold messages.
            now: The present in ms, or "".

        Raises:
            OperationalError: A server is out of reach.
        """
        script = script_call("obstacles", self._namespace, (now, self._results_key, *queues))
        notifier = f"{self._namespace}:notifier:{_NOBODY}"
        (answer, data_format, *_), refused = _try(
            self._broker,
            script,
            ("GET", f"{self._namespace}:format"),
            ("ZSCAN", f"{self._namespace}:delayed", 0),
            ("SMEMBERS", f"{self._namespace}:queues"),
            ("XREVRANGE", f"{self._namespace}:events", "+", "-", "COUNT", 1),
            ("HGETALL", f"{self._namespace}:limits"),
            # With a token, so that it does not wait.
            ("RPUSH", notifier, "1"),
            ("BLPOP", notifier, 1),
            ("DEL", notifier),
        )
        of_format = format_obstacle(self._namespace, data_format)
        found = [] if of_format is None else [of_format]
        for row in answer or ():
            command, key, *words = (part.decode(errors="replace") for part in row)
            if command:
                words = words[0]
                refused.append(_Refused(self._broker, command, key, words, refusal_kind(words)))
            else:
                found.append(self._of_another_type(key, *words))
        name = f"{self._prefix}{_NOBODY}"
        # Where no script stores results, they are stored and published by commands.
        apart = () if self._results_key else (("SET", name, "1", "PX", 1), ("PUBLISH", name, ""))
        # The subscription last: it ends the use of the connection.
        commands = (("MGET", name), ("UNLINK", name), *apart, ("SUBSCRIBE", name))
        refused += _try(self._results, *commands)[1]
        for server in dict.fromkeys((self._broker, self._results)):
            found += self._of_refused([each for each in refused if each.server is server])
        return [*dict.fromkeys(found)]

    def _of_refused(self, refused: Sequence[_Refused]) -> Iterator[Obstacle]:
        """Yield what the refusals of one server mean."""
        denied = [each for each in refused if each.kind == "rights"]
        for server, command, key, words, kind in refused:
            if kind == "full":
                address = server.url.masked()
                yield Obstacle("full", f"the store is full: {address} is at its maxmemory", _FULL)
            elif "not an integer" in words:
                yield Obstacle("key", f"{key} holds no number", _remedy_of(key))
            elif "nknown command" in words:
                remedy = (
                    "the server's configuration renamed or removed it (rename-command): restore it"
                )
                yield Obstacle("rights", f"{command}: {words}", remedy)
            elif kind in ("rights", "other"):
                yield Obstacle("rights", f"{command} {key}: {words}", self._grant(server, denied))
            # What passes is reported by the next call; keys of another type are found by their
            # types.

    def _of_another_type(self, key: str, found: str, needed: str) -> Obstacle:
        return Obstacle(
            "queue" if key.startswith(f"{self._namespace}:queue:") else "key",
            f"{key} is a {_type(found)}, where a {_type(needed)} is needed",
            _remedy_of(key),
        )

    def _grant(self, server: Connector, denied: Sequence[_Refused]) -> str:
        """Return the command that gives the user of a server's URL what is denied.

        Only that: a server refuses patterns for somebody who has all keys or all channels already.
        """
        # What else is needed is not known before these may be run.
        hidden = any(
            each.command in ("EVALSHA", "MGET") and _lacking(each.words) == "command"
            for each in denied
        )
        lacking = {_lacking(each.words) for each in denied}
        # Groups' results have a prefix of their own.
        shared = self._prefix.removesuffix("-meta-")
        results = [shared] if server is self._results or self._results_key else []
        rules: list[str] = []
        if "key" in lacking or hidden:
            names = [self._namespace, *results] if server is self._broker else results
            rules += [f"~{_literal(name)}*" for name in names]
        if "channel" in lacking or any(each.command == "SUBSCRIBE" for each in denied):
            rules += [f"&{_literal(name)}*" for name in results]
        if hidden:
            rules += ["+@all", "-@admin", "-@dangerous", "+info"]
        elif "command" in lacking:
            commands = (each.command for each in denied if _lacking(each.words) == "command")
            rules += dict.fromkeys(f"+{command.lower()}" for command in commands)
        return f"ACL SETUSER {server.url.username or 'default'} {' '.join(rules)}"


def _try(server: Connector, *commands: tuple[Any, ...]) -> tuple[list[Any], list[_Refused]]:
    """Send commands; returns the replies, None for refused ones, and what was refused."""
    channel = Channel(server)
    try:
        replies = channel.request(commands)
    finally:
        channel.close()
    refused = [
        _Refused(
            server,
            command[0],
            command[3] if command[0] == "EVALSHA" else command[1],
            *_refusal(reply),
        )
        for command, reply in zip(commands, replies, strict=True)
        if isinstance(reply, StoreRefused)
    ]
    return [None if isinstance(reply, StoreRefused) else reply for reply in replies], refused


def _lacking(words: str) -> str:
    """Return what a user lacks, by the words of the refusal: "key", "channel" or "command"."""
    text = words.lower()
    if "run" in text and "command" in text:
        return "command"
    return "channel" if "channel" in text else "key"


def _refusal(refused: StoreRefused) -> tuple[str, RefusalKind]:
    """Return the server's own words, and what they mean."""
    cause = refused.__cause__
    return (
        (str(cause), kind_of_error(cause))
        if isinstance(cause, Exception)
        else (str(refused), "other")
    )


def _remedy_of(key: str) -> str:
    shown = f"'{key}'" if re.fullmatch(r"[^'\"\\\s]*", key) else repr(key)
    return (
        f"something else wrote it: RENAME {shown} {shown[:-1]}.other{shown[-1]}, or DEL {shown} if "
        "nobody needs it; "
        "a program that uses such keys needs another database, or set global_keyprefix"
    )


def _literal(name: str) -> str:
    """Return a name as a pattern that matches it only."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", name)


def _type(name: str) -> str:
    return _TYPES.get(name, name)
