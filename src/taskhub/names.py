"""Checks of names in the store: of queues and tasks, and ids of tasks, groups and chords."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

__all__ = ("check_id", "check_name", "check_queue")

#: Line breaks separate the fields of what is stored; not every store takes a NUL in a text.
_FORBIDDEN = re.compile(r"[\n\r\0]")


def check_name(kind: str, name: Any) -> str:
    """Return a name as plain text if it can be part of what is stored.

    Args:
        kind: What it names, for the error.
        name: The name; of an enum whose members are texts, the member's text.

    Raises:
        TypeError: It is not a text.
        ValueError: It is empty, holds a line break or a NUL, or cannot be encoded.
    """
    # True of nearly all names, and checked in a tenth of a microsecond.
    if type(name) is str and name and name.isascii() and name.isprintable():
        return name
    if not isinstance(name, str):
        raise TypeError(
            f"{kind} {name!r:.100} cannot be used: it must be a text, "
            f"not of type {type(name).__qualname__}"
        )
    text = str.__str__(name)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{kind} {text!r:.100} cannot be used: it has characters that no encoding has "
            "(lone surrogates)"
        ) from None
    if not text or _FORBIDDEN.search(text):
        raise ValueError(
            f"{kind} {text!r:.100} cannot be used: it must be a non-empty text without line breaks "
            "or NUL"
        )
    return text


def check_id(kind: str, value: Any) -> str:
    """Return the id of a task, group or chord as plain text; a UUID is taken as its text.

    Raises:
        TypeError: It is neither text nor a UUID.
        ValueError: It is empty, holds a line break or a NUL, or cannot be encoded.
    """
    return str(value) if isinstance(value, UUID) else check_name(kind, value)


def check_queue(value: Any) -> str:
    """Return the name of a queue, given as text or as an object with a `name` (a kombu `Queue`).

    Raises:
        TypeError: The name is not a text.
        ValueError: It is empty, holds a line break or a NUL, or cannot be encoded.
    """
    if type(value) is not str:
        # A member of an enum of texts has a `name`, too, which is not its text.
        value = value if isinstance(value, str) else getattr(value, "name", value)
    return check_name("queue", value)
