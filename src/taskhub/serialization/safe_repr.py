"""Short texts of arguments and results, for logs and listings (as `celery.utils.saferepr`).

The text is Python's, but for strings (always in single quotes, shortened at a word), bytes (as text
or hexadecimal), containers deeper than the limit (`[...]`), and the end of what is too long
(`, ...`). Making it never raises, and stops where the limit is reached.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from numbers import Number
from typing import Any

from taskhub.serialization.exception_pickle import safe_representation

__all__ = ("arguments_hidden", "safe_repr", "shortened", "without_arguments")

_ELLIPSIS = ", ..."

#: A traceback of more characters is shown without its middle.
TRACEBACK_LENGTH = 16_384


def safe_repr(value: Any, max_length: int | None = None, max_levels: int = 3) -> str:
    """Return a short text of a value.

    Args:
        value: Anything.
        max_length: About how many characters the text may have; None for any number. Closing
            brackets come on top, so that what was opened is closed.
        max_levels: How deep containers are shown; 0 for any depth.
    """
    writer = _Writer(max_length, max_levels)
    writer.write(value, 0)
    return "".join(writer.parts)


class _Writer:
    """Collects the parts of one text; `left` says how many characters still fit."""

    def __init__(self, max_length: int | None, max_levels: int) -> None:
        self.parts: list[str] = []
        self.left = max_length
        self._max_length = max_length
        self._max_levels = max_levels
        self._cut = False
        self._open: set[int] = set()

    def write(self, value: Any, level: int) -> None:
        if isinstance(value, str | bytes):
            self._add(_quoted(value, self.left))
        elif isinstance(value, Decimal):
            self._add(_shortened(safe_representation(value), self.left))
        elif isinstance(value, Number):
            self._add(_shortened(str(value), self.left))
        elif isinstance(value, set | frozenset | tuple | dict | list) and (
            value or not isinstance(value, set | frozenset)
        ):
            self._container(value, level)
        elif isinstance(value, set | frozenset):
            self._add(_shortened(f"{type(value).__name__}()", self.left))
        else:
            self._add(_shortened(safe_representation(value), self.left))

    def _container(self, value: Any, level: int) -> None:
        start, end = _brackets(value)
        if self._max_levels and level >= self._max_levels:
            self._add(f"{start}...{end}")
            return
        if id(value) in self._open:
            self._add(f"<Recursion on {type(value).__name__} with id={id(value)}>")
            return
        if self._full():
            return
        self._open.add(id(value))
        self._add(start)
        self._items(value, level + 1)
        self._open.discard(id(value))
        # Closing is never cut off.
        self.parts.append(end)
        if self.left is not None:
            self.left -= len(end)

    def _items(self, value: Any, level: int) -> None:
        pairs: Iterable[Any] = value.items() if isinstance(value, dict) else value
        for index, item in enumerate(pairs):
            if index:
                self._add(", ")
            if self._full():
                return
            if isinstance(value, dict):
                key, item = item
                self._add(safe_repr(key, self.left, self._max_levels))
                self._add(": ")
            self.write(item, level)
            if self._cut:
                return

    def _add(self, text: str) -> None:
        if self._full():
            return
        self.parts.append(text)
        if self.left is not None:
            self.left -= len(text)

    def _full(self) -> bool:
        """Return whether nothing more fits; the first time, say so in the text."""
        if self.left is None or self.left > 0:
            return False
        if not self._cut:
            self.parts.append(_ELLIPSIS)
            self._cut = True
        return True


def _brackets(value: Any) -> tuple[str, str]:
    if isinstance(value, tuple):
        return "(", ",)" if len(value) == 1 else ")"
    if isinstance(value, dict):
        return "{", "}"
    if isinstance(value, list):
        return "[", "]"
    if type(value) is set:
        return "{", "}"
    return f"{type(value).__name__}({{", "})"


def _quoted(value: str | bytes, limit: int | None) -> str:
    if isinstance(value, str):
        return "'" + _shortened(value, limit).replace("'", "\\'") + "'"
    shown = value[:limit] if limit else value
    try:
        text = shown.decode("utf-8")
    except UnicodeDecodeError:
        text = shown.hex()
    return f"b'{text}{'...' if len(shown) < len(value) else ''}'"


def _shortened(text: str, limit: int | None) -> str:
    """Return the text up to the last word that fits."""
    if not limit or len(text) < limit:
        return text
    return text[:limit].rsplit(" ", 1)[0] + "..."


def shortened(text: str) -> str:
    """Return a text; without its middle if it is longer than `TRACEBACK_LENGTH`."""
    if len(text) <= TRACEBACK_LENGTH:
        return text
    half = TRACEBACK_LENGTH // 2
    return (
        f"{text[:half]}\n... {len(text) - 2 * half:,} characters are left out ...\n{text[-half:]}"
    )


#: Whether texts of exceptions are for a log, which shows no arguments of tasks.
_hides_arguments: ContextVar[bool] = ContextVar("hides_arguments", default=False)


@contextmanager
def arguments_hidden() -> Generator[None]:
    """Write exceptions without the arguments of tasks in a block, as logs show them."""
    token = _hides_arguments.set(True)
    try:
        yield
    finally:
        _hides_arguments.reset(token)


def without_arguments(text: str) -> str:
    """Return Celery's text for a task that has no retries left as it is to be shown now."""
    if not _hides_arguments.get():
        return text
    return re.sub(r"^(.*?\]) args:.* kwargs:.*$", r"\1", text, flags=re.DOTALL)
