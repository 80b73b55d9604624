"""From the arguments of `celery multi` to nodes: pure functions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from celery.bin.multi._node import Node

#: What is run for each node.
COMMAND = ("-m", "taskhub", "worker", "--detach")
#: The same under the name `celery`.
CELERY_COMMAND = ("-m", "celery", "worker", "--detach")
#: Names of nodes that are counted begin so.
COUNTED = "celery"


class MultiError(ValueError):
    """The arguments make no sense; the message says which."""


@dataclass
class Read:
    """Arguments, taken apart."""

    names: list[str] = field(default_factory=list)
    #: For all nodes: option -> value.
    options: dict[str, str | None] = field(default_factory=dict)
    #: For some nodes, by what is written behind the colon.
    spaces: dict[str, dict[str, str | None]] = field(default_factory=dict)
    #: What stands behind `--`.
    rest: tuple[str, ...] = ()


def read(arguments: Sequence[str]) -> Read:
    """Parse arguments as Celery does: a short option takes the next word unless it is an option."""
    found = Read()
    words = [word for word in arguments if word]
    at = 0
    while at < len(words):
        word = words[at]
        value: str | None = None
        if word == "--":
            found.rest = tuple(words[at:])
            break
        if word.startswith("--"):
            name, equals, text = word.partition("=")
            value = text if equals else None
            _add(found, name, value)
        elif word.startswith("-"):
            if at + 1 < len(words) and not words[at + 1].startswith("-"):
                at += 1
                value = words[at]
            _add(found, word, value)
        else:
            found.names.append(word)
        at += 1
    return found


def _add(found: Read, name: str, value: str | None) -> None:
    name, colon, space = name.partition(":")
    target = found.spaces.setdefault(space, {}) if colon else found.options
    target[name] = value


def nodes(found: Read, hostname: str) -> list[Node]:
    """Return the nodes that arguments name, with their options.

    Args:
        found: The arguments that were read.
        hostname: This host's name.

    Raises:
        MultiError: No node is named, or options are meant for one that is not.
    """
    options = dict(found.options)
    host = options.pop("--hostname", None) or options.pop("-n", None) or hostname
    prefix = options.pop("--prefix", None) or ""
    suffix = options.pop("--suffix", None) or host
    suffix = "" if suffix in ('""', "''") else suffix
    counted = options.pop("--range-prefix", None) or COUNTED
    command = options.pop("--cmd", None)
    append = options.pop("--append", None)
    names = found.names
    if not names:
        raise MultiError(
            "name the nodes, or how many there are to be: multi start w1 w2, multi start 3"
        )
    ranges = len(names) == 1 and names[0].isdigit()
    if ranges:
        names, prefix = [str(number) for number in range(1, int(names[0]) + 1)], counted
    spaces = _by_name(found.spaces, names, ranges)
    words = tuple(shlex.split(command)) if command else COMMAND
    rest = (*found.rest, *(shlex.split(append) if append else ()))
    made = []
    for name in names:
        full = name if "@" in name else f"{prefix}{name}@{suffix}"
        own = spaces.get(full) or spaces.get(name) or spaces.get(full.partition("@")[0]) or {}
        made.append(Node(full.replace("%h", hostname), {**options, **own}, words, rest))
    return made


def _by_name(
    spaces: Mapping[str, Mapping[str, str | None]], names: Sequence[str], ranges: bool
) -> dict[str, dict[str, str | None]]:
    """Return options by the names of nodes; a number stands for the node at that place, from 1."""
    found: dict[str, dict[str, str | None]] = {}
    for space, options in spaces.items():
        for one in _spread(space, ranges):
            name = one
            if one.isdigit() and not ranges:
                if not 1 <= int(one) <= len(names):
                    raise MultiError(f"there is no node {one}: {len(names)} are named")
                name = names[int(one) - 1]
            found.setdefault(name, {}).update(options)
    return found


def _spread(space: str, ranges: bool) -> Iterator[str]:
    for part in space.split(","):
        first, dash, last = part.partition("-")
        if ranges and dash and first.isdigit() and last.isdigit():
            yield from (str(number) for number in range(int(first), int(last) + 1))
        else:
            yield part
