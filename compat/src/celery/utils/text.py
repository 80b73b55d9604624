"""Texts for people (as `celery.utils.text`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pprint import pformat
from textwrap import fill
from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = (
    "RE_FORMAT",
    "WhateverIO",
    "abbr",
    "abbrtask",
    "dedent",
    "dedent_initial",
    "ensure_sep",
    "fill_paragraphs",
    "indent",
    "join",
    "pluralize",
    "pretty",
    "remove_repeating",
    "remove_repeating_from_task",
    "simple_format",
    "str_to_list",
    "truncate",
)

#: What `simple_format` fills in.
RE_FORMAT = re.compile(r"%(\w)")


class WhateverIO(StringIO):
    """A text buffer that takes bytes in UTF-8, too."""

    def __init__(self, v: str | bytes | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(v.decode() if isinstance(v, bytes) else v or "", *args, **kwargs)

    def write(self, data: str | bytes) -> int:
        """Append a text."""
        return super().write(data.decode() if isinstance(data, bytes) else data)


def str_to_list(s: str | Sequence[str]) -> Any:
    """Return the parts of a text between commas; a list as it is."""
    return s.split(",") if isinstance(s, str) else s


def dedent_initial(s: str, n: int = 4) -> str:
    """Return a text without the first `n` characters, if they are blanks."""
    return s[n:] if s[:n] == " " * n else s


def dedent(s: str, sep: str = "\n") -> str:
    """Return a text with each line less indented by four."""
    return sep.join(dedent_initial(line) for line in s.splitlines())


def fill_paragraphs(s: str, width: int, sep: str = "\n") -> str:
    """Return a text with each paragraph wrapped at `width`."""
    return sep.join(fill(paragraph, width) for paragraph in s.split(sep))


def join(l: Sequence[str], sep: str = "\n") -> str:  # noqa: E741 - Celery's name
    """Return the texts that are not empty as one."""
    return sep.join(part for part in l if part)


def ensure_sep(sep: str, s: str, n: int = 2) -> str:
    """Return a text that ends with at least `n` separators."""
    return s + sep * (n - s.count(sep))


def abbr(S: str, max: int, ellipsis: str | bool = "...") -> str:
    """Return a text cut to `max` characters, the ellipsis included."""
    if len(S) <= max:
        return S
    return S[: max - len(ellipsis)] + ellipsis if isinstance(ellipsis, str) else S[:max]


def abbrtask(S: str, max: int) -> str:
    """Return the name of a task with its module cut, so that it has about `max` characters."""
    if len(S) <= max:
        return S
    module, _, name = S.rpartition(".")
    return f"{abbr(module, max - len(name), False)}[.]{name}"


def indent(t: str, indent: int = 0, sep: str = "\n") -> str:
    """Return a text with each line indented."""
    return sep.join(" " * indent + line for line in t.split(sep))


def truncate(s: str, maxlen: int = 128, suffix: str = "...") -> str:
    """Return a text cut to `maxlen` characters, with `suffix` if something was cut off."""
    return s if not maxlen or len(s) < maxlen else s[:maxlen] + suffix


def pluralize(n: float, text: str, suffix: str = "s") -> str:
    """Return a noun, with `suffix` unless there is one."""
    return text if n == 1 else text + suffix


def pretty(value: Any, width: int = 80, nl_width: int = 80, sep: str = "\n", **kw: Any) -> str:
    """Return a value in a form to print; dictionaries in lines of their own."""
    if isinstance(value, dict):
        return "{" + sep + pformat(value, 4, nl_width)[1:]
    if isinstance(value, tuple):
        return f"{sep}{' ' * 4}{pformat(value, width=nl_width, **kw)}"
    return pformat(value, width=width, **kw)


def simple_format(
    s: str,
    keys: Mapping[str, Any],
    pattern: re.Pattern[str] = RE_FORMAT,
    expand: str = r"\1",
) -> str:
    """Return a text with marks such as `%h` filled in.

    Raises:
        ValueError: There is no value for a mark.
    """

    def value(found: re.Match[str]) -> str:
        key = found.expand(expand)
        try:
            known: str | Callable[[], str] = keys[key]
        except KeyError:
            raise ValueError(f"Unknown format %{key} in string {s!r}") from None
        return str(known() if callable(known) else known)

    return pattern.sub(value, s) if s else s


def remove_repeating_from_task(task_name: str, s: str) -> str:
    """Return a text without the repeated module of a task's name."""
    return remove_repeating(f"{task_name.rpartition('.')[0]}.", s)


def remove_repeating(substr: str, s: str) -> str:
    """Return a text in which `substr` stands at most once."""
    at = s.find(substr) + len(substr)
    return s[:at] + s[at:].replace(substr, "") if at >= len(substr) else s


__getattr__ = unsupported_getattr(__name__)
