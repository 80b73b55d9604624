"""Arguments of a call as they may be shown: named, shortened, secrets hidden."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskhub.serialization.excerpt import HIDDEN, Excerpts, positional_names
from taskhub.serialization.safe_repr import safe_repr

if TYPE_CHECKING:
    from taskhub.app.app import Celery

__all__ = (
    "CallArguments",
    "NamedArgument",
    "describe_argument",
    "name_arguments",
    "redact",
    "task_parameters",
)

#: Characters, and members, of one argument on its task's page.
LONGEST: Final = 2000
MEMBERS: Final = 100
_DEEPEST: Final = 8


class NamedArgument(NamedTuple):
    """One argument."""

    #: None: positional, and the task is not known here.
    name: str | None
    value: Any
    #: Whether it, or a part of it, was hidden.
    redacted: bool


class CallArguments:
    """Arguments of one call; they are named and shortened when somebody asks for that.

    Args:
        app: May know the task.
        task: Its name.
        args: Positional arguments.
        kwargs: Named ones.
        excerpts: Knows which values are hidden.
    """

    def __init__(
        self,
        app: Celery,
        task: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        excerpts: Excerpts,
    ) -> None:
        self.args = args
        self.kwargs = kwargs
        self._app = app
        self._task = task
        self._excerpts = excerpts

    @cached_property
    def named(self) -> list[NamedArgument]:
        """The arguments with their names, secrets hidden."""
        return name_arguments(self._app, self._task, self.args, self.kwargs, self._excerpts)

    @cached_property
    def by_name(self) -> dict[str, Any]:
        """The arguments by their names, positional ones by their places, too; secrets hidden."""
        found: dict[str, Any] = {}
        for place, argument in enumerate(self.named):
            if argument.name is not None:
                found[argument.name] = argument.value
            if place < len(self.args):
                found.setdefault(str(place), argument.value)
        return found

    @cached_property
    def excerpt(self) -> str:
        """The arguments on one line: `market='SSE', codes=['600000', '600004', '600006', +997]`."""
        names = task_parameters(self._app, self._task)
        return self._excerpts.of_call(self.args, self.kwargs, names)


def name_arguments(
    app: Celery, task: str, args: Sequence[Any], kwargs: Mapping[str, Any], excerpts: Excerpts
) -> list[NamedArgument]:
    """Return the arguments of a call with the names that the task gives them, secrets hidden."""
    names = task_parameters(app, task)
    found: list[NamedArgument] = []
    for place, value in enumerate(args):
        name = names[place] if place < len(names) else None
        found.append(_redacted(name, value, excerpts))
    found += [_redacted(str(name), value, excerpts) for name, value in kwargs.items()]
    return found


def redact(value: Any, excerpts: Excerpts, depth: int = 0) -> Any:
    """Return a value without the members whose names are secret."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if excerpts.hides(name) else redact(member, excerpts, depth + 1)
            for name, member in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)([redact(member, excerpts, depth + 1) for member in value])
    return value


def describe_argument(argument: NamedArgument) -> dict[str, Any]:
    """Return an argument for its task's page."""
    value = argument.value
    text = safe_repr(value, LONGEST, _DEEPEST)
    more = None
    if isinstance(value, list | tuple | Mapping | set) and len(text) >= LONGEST:
        more = max(0, len(value) - MEMBERS)
        members = list(value.items() if isinstance(value, Mapping) else value)[:MEMBERS]
        text = safe_repr(
            dict(members) if isinstance(value, Mapping) else members, LONGEST, _DEEPEST
        )
    is_hidden = argument.redacted and value == HIDDEN
    return {
        "name": argument.name,
        "text": "" if is_hidden else text,
        "kind": _kind(value),
        "redacted": argument.redacted,
        "more": more,
    }


def task_parameters(app: Celery, task: str) -> tuple[str, ...]:
    """Return the names of a task's positional parameters; none if it is not known here."""
    known = app.tasks.get(task)
    return () if known is None else _parameters_of(known.run)


@lru_cache(maxsize=10_000)
def _parameters_of(run: Callable[..., Any]) -> tuple[str, ...]:
    return positional_names(run)


def _redacted(name: str | None, value: Any, excerpts: Excerpts) -> NamedArgument:
    if name is not None and excerpts.hides(name):
        return NamedArgument(name, HIDDEN, True)
    shown = redact(value, excerpts)
    return NamedArgument(name, shown, shown != value)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list() | tuple():
            return "list"
        case Mapping():
            return "object"
        case _:
            return "other"
