"""Excerpts of arguments, as they may be shown and kept: on one line, shortened, secrets hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from taskhub.serialization.safe_repr import safe_repr

__all__ = ("HIDDEN", "Excerpts", "positional_names")

#: Stands for a value that is hidden.
HIDDEN: Final = "[hidden]"
#: Members of a container, and characters of a text, that are shown.
MEMBERS: Final = 3
TEXT: Final = 60
#: Characters of an excerpt.
LONGEST: Final = 240
#: Containers within containers that are shown.
DEEPEST: Final = 2
#: Names of arguments whose verdict is remembered.
_REMEMBERED: Final = 10_000


class Excerpts:
    """Makes excerpts of the arguments of calls.

    Args:
        hidden: Patterns (`password`, `card*`) of the names of arguments, and of keys within them,
            whose values are hidden; upper and lower case are the same.
    """

    def __init__(self, hidden: Iterable[str]) -> None:
        self._patterns = tuple(pattern.lower() for pattern in hidden)
        self._verdicts: dict[str, bool] = {}

    def hides(self, name: object) -> bool:
        """Return whether values of this name are hidden."""
        if not isinstance(name, str):
            return False
        verdict = self._verdicts.get(name)
        if verdict is None:
            lower = name.lower()
            verdict = any(fnmatchcase(lower, pattern) for pattern in self._patterns)
            if len(self._verdicts) < _REMEMBERED:
                self._verdicts[name] = verdict
        return verdict

    def of_call(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str] = ()
    ) -> str:
        """Return an excerpt of the arguments of a call, as `17, currency='EUR', card=[hidden]`.

        Args:
            args: The positional arguments.
            kwargs: The keyword arguments.
            names: The names of positional parameters, as far as they are known.
        """
        parts: list[str] = []
        length = 0
        known = len(names)
        for index, value in enumerate(args):
            name = names[index] if index < known else None
            parts.append(self._argument(name, value))
            length += len(parts[-1]) + 2
            if length > LONGEST:
                return _line(parts)
        for name, value in kwargs.items():
            parts.append(self._argument(name, value))
            length += len(parts[-1]) + 2
            if length > LONGEST:
                break
        return _line(parts)

    def _argument(self, name: str | None, value: Any) -> str:
        if name is None:
            return self.shorten(value)
        return f"{name}={HIDDEN if self.hides(name) else self.shorten(value)}"

    def shorten(self, value: Any, depth: int = 0) -> str:
        """Return a value in few words."""
        if isinstance(value, str):
            return safe_repr(value if len(value) <= TEXT else f"{value[: TEXT - 3]}...")
        if value is None or isinstance(value, int | float):
            return _cut(repr(value), TEXT)
        if isinstance(value, Mapping):
            return self._container("{", value.items(), len(value), "}", self._item, depth)
        if isinstance(value, list):
            return self._container("[", value, len(value), "]", self.shorten, depth)
        if isinstance(value, tuple | set | frozenset):
            return self._container("(", value, len(value), ")", self.shorten, depth)
        return _cut(safe_repr(value, TEXT), TEXT)

    def _container(
        self,
        start: str,
        members: Iterable[Any],
        count: int,
        end: str,
        show: Callable[[Any, int], str],
        depth: int,
    ) -> str:
        if depth >= DEEPEST and count:
            return f"{start}...{end}"
        shown = [
            show(member, depth + 1) for member, _ in zip(members, range(MEMBERS), strict=False)
        ]
        if count > MEMBERS:
            shown.append(f"+{count - MEMBERS}")
        return f"{start}{', '.join(shown)}{end}"

    def _item(self, item: tuple[Any, Any], depth: int) -> str:
        name, value = item
        shown = HIDDEN if self.hides(name) else self.shorten(value, depth)
        return f"{_cut(safe_repr(name, TEXT), TEXT)}: {shown}"


def positional_names(function: Any) -> tuple[str, ...]:
    """Return the names of a function's positional parameters; none if it exposes none."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in parameters if parameter.kind in kinds)


def _line(parts: Sequence[str]) -> str:
    text = ", ".join(parts)
    return _cut(text if text.isprintable() else " ".join(text.split()), LONGEST)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
