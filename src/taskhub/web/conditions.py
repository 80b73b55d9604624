"""Conditions of a filter: which there are, and whether a task meets one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Final, Protocol

__all__ = ("KEYS", "KEY_AND_VALUE", "STATES", "Condition", "Subject", "holds", "is_pattern", "like")

#: States that a task can be looked for by.
STATES: Final = (
    "waiting",
    "delayed",
    "running",
    "retrying",
    "failed",
    "dead",
    "succeeded",
    "revoked",
)
#: What each key is followed by; the order is that of the completion.
KEYS: Final[Mapping[str, str]] = {
    "task": "name or pattern",
    "queue": "name or pattern",
    "state": ", ".join(STATES),
    "error": "class or part of its text",
    "args.NAME": "value of an argument; args.0 is the first positional one",
    "stamp": "key or key=value",
    "worker": "node or pattern",
    "id": "id or its beginning",
    "root": "id of the task that began the canvas",
    "group": "id of a group or a chord",
    "priority": "0 to 9",
    "since": "2h, 3d, 14:05, 2026-11-30",
    "until": "2h, 3d, 14:05, 2026-11-30",
}
#: A condition with a key: whether it excludes, the key, the value as it is written.
KEY_AND_VALUE: Final = re.compile(r"(-?)([A-Za-z]+(?:\.[^\s:\"]+)?):(.*)", re.DOTALL)
_MISSING: Final = object()


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition of a filter."""

    #: One of `KEYS`, `args` for arguments, "" for free text.
    key: str
    #: For `args.NAME`: NAME.
    name: str | None = None
    value: str
    negated: bool = False

    @cached_property
    def text(self) -> str:
        """The condition as it is written in a filter."""
        value = self.value
        if (
            not value
            or re.search(r'[\s"]', value)
            or (not self.key and KEY_AND_VALUE.fullmatch(value))
        ):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            value = f'"{escaped}"'
        key = f"args.{self.name}" if self.key == "args" else self.key
        return f"{'-' if self.negated else ''}{f'{key}:' if key else ''}{value}"


class Subject(Protocol):
    """What a filter looks at of one task; what is None is not known."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def task(self) -> str:
        """Its name."""
        ...

    @property
    def queue(self) -> str | None:
        """Its queue."""
        ...

    @property
    def state(self) -> str:
        """One of `STATES`."""
        ...

    @property
    def worker(self) -> str | None:
        """The node that ran it last."""
        ...

    @property
    def priority(self) -> int | None:
        """0 to 9."""
        ...

    @property
    def at(self) -> float | None:
        """When it ended, or else was sent; seconds since the epoch."""
        ...

    @property
    def error(self) -> str | None:
        """Class of its exception."""
        ...

    @property
    def message(self) -> str | None:
        """Text of its exception."""
        ...

    @property
    def named(self) -> Mapping[str, Any] | None:
        """Arguments by name, positional ones by position, too. None: only the excerpt is known."""
        ...

    @property
    def arguments(self) -> str:
        """Excerpt of its arguments."""
        ...

    @property
    def stamps(self) -> Mapping[str, Any]:
        """Its stamps."""
        ...

    @property
    def canvas(self) -> str:
        """Id of the task that began its canvas."""
        ...

    @property
    def group(self) -> str | None:
        """Id of its group, or chord."""
        ...


def holds(condition: Condition, subject: Subject, hidden: bool) -> bool:
    """Return whether a task meets a condition, whether or not that excludes.

    Args:
        condition: The condition.
        subject: The task.
        hidden: Whether arguments and texts of errors must not be looked at.
    """
    value = condition.value
    match condition.key:
        case "task":
            return like(subject.task, value) or subject.task.rpartition(".")[2] == value
        case "queue" | "worker":
            found = subject.queue if condition.key == "queue" else subject.worker
            return found is not None and like(found, value)
        case "id" | "group" | "root":
            return _begins(condition.key, subject, value)
        case "priority":
            return str(subject.priority) == value
        case "error":
            said = (subject.error, None if hidden else subject.message)
            return _within(value, said)
        case "stamp":
            return _has_stamp(subject.stamps, value)
        case "args":
            return _has_argument(subject, condition.name or "", value)
        case _:
            shown = "" if hidden else subject.arguments
            return _within(value, (subject.task, subject.id, subject.queue, shown))


def _begins(key: str, subject: Subject, value: str) -> bool:
    ids = {"id": subject.id, "group": subject.group or "", "root": subject.canvas}
    return ids[key].startswith((value, value.lower()))


def _within(value: str, texts: Iterable[str | None]) -> bool:
    return any(value.lower() in text.lower() for text in texts if text)


def is_pattern(value: str) -> bool:
    """Whether a value of a condition is a pattern."""
    return any(sign in value for sign in "*?[")


def like(text: str, pattern: str) -> bool:
    """Whether a text is a value, or goes with it if that is a pattern."""
    return fnmatchcase(text, pattern) if is_pattern(pattern) else text == pattern


def _has_stamp(stamps: Mapping[str, Any], text: str) -> bool:
    name, equals, value = text.partition("=")
    if name not in stamps:
        return False
    if not equals:
        return True
    found = stamps[name]
    values = found if isinstance(found, list | tuple | set) else [found]
    return any(like(str(each), value) for each in values)


def _has_argument(subject: Subject, name: str, value: str) -> bool:
    """Whether an argument, or a member of one (`args.user.id`), has a value."""
    if subject.named is None:
        # Only an excerpt is kept: `market='SSE', page=2`.
        spellings = "|".join(re.escape(each) for each in (value, f"'{value}'", f'"{value}"'))
        return bool(
            re.search(
                rf"(?:^|[\s,(]){re.escape(name)}=(?:{spellings})(?=$|[,)])", subject.arguments
            )
        )
    first, *rest = name.split(".")
    found: Any = subject.named.get(first, _MISSING)
    for part in rest:
        found = _member(found, part)
    return found is not _MISSING and _equals(found, value)


def _member(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, _MISSING)
    if isinstance(value, list | tuple) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return _MISSING


def _equals(found: Any, value: str) -> bool:
    if found is None or isinstance(found, bool):
        return value.lower() in (
            str(found).lower(),
            "null" if found is None else str(found).lower(),
        )
    return like(str(found), value)
