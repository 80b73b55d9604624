"""Recorded calls: what a program has sent, for tests that run none of it."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, overload

from taskhub import signals
from taskhub.humanize import counted
from taskhub.request_id import STAMP

__all__ = ("RecordedCall", "RecordedCalls", "record_calls")


@dataclass(frozen=True)
class RecordedCall:
    """A call that the store has accepted.

    Args:
        id: Its id.
        task: The name of its task.
        args: Positional arguments.
        kwargs: Keyword arguments.
        queue: Where it waits.
        eta: When it is due; None: at once.
        retries: How often it was retried.
        stamps: Its stamps.
        headers: Headers of the caller's own.
    """

    id: str
    task: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    queue: str = ""
    eta: datetime | None = None
    retries: int = 0
    stamps: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def request_id(self) -> str | None:
        """The id of what it was sent for."""
        found = self.stamps.get(STAMP)
        return None if found is None else str(found)

    def __str__(self) -> str:
        given = [
            *map(repr, self.args),
            *(f"{name}={value!r}" for name, value in self.kwargs.items()),
        ]
        return f"{self.task}({', '.join(given)})"


class RecordedCalls(Sequence[RecordedCall]):
    """The calls that were sent since the recording began, the first one first."""

    def __init__(self) -> None:
        self._calls: list[RecordedCall] = []

    @overload
    def __getitem__(self, index: int) -> RecordedCall: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordedCall]: ...
    def __getitem__(self, index: int | slice) -> RecordedCall | list[RecordedCall]:
        return self._calls[index]

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[RecordedCall]:
        return iter(list(self._calls))

    def add(self, call: RecordedCall) -> None:
        """Add a call."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget the calls so far."""
        self._calls.clear()

    def of(self, task: Any) -> list[RecordedCall]:
        """Return the calls of a task, given itself or by name.

        Raises:
            TypeError: It is neither.
        """
        name = _name_of(task)
        return [call for call in self if call.task == name]

    def assert_sent(self, task: Any, *args: Any, **kwargs: Any) -> RecordedCall:
        """Return the one call of a task with these arguments.

        It does not matter which of them were given by name.

        Raises:
            AssertionError: There is none, or more than one.
        """
        wanted = _bound(task, args, kwargs)
        found = [call for call in self.of(task) if _bound(task, call.args, call.kwargs) == wanted]
        if len(found) != 1:
            shown = RecordedCall("", _name_of(task), args, kwargs)
            raise AssertionError(
                f"{shown} was sent {counted(len(found), 'time')}, not once; {self}"
            )
        return found[0]

    def assert_not_sent(self, task: Any = None) -> None:
        """Check that no call of a task was sent, or none at all.

        Raises:
            AssertionError: One was.
        """
        found = list(self) if task is None else self.of(task)
        if found:
            raise AssertionError(f"{found[0]} was sent; {self}")

    def __str__(self) -> str:
        if not self._calls:
            return "no calls were sent"
        return "\n  ".join(["the calls that were sent:", *map(str, self._calls)])


@contextmanager
def record_calls() -> Generator[RecordedCalls]:
    """Record the calls that this process sends during a block; yields them.

    Eager calls are not sent. Calls of all apps are recorded.
    """
    calls = RecordedCalls()

    def record(
        sender: str, headers: Mapping[str, Any], body: Any, routing_key: str, **_: Any
    ) -> None:
        args, kwargs, _embedded = body
        calls.add(_recorded(sender, headers, tuple(args), dict(kwargs), routing_key))

    signals.after_task_publish.connect(record, weak=False)
    try:
        yield calls
    finally:
        signals.after_task_publish.disconnect(record)


#: Headers that every message has.
_USUAL = frozenset(
    (
        *("argsrepr", "eta", "expires", "group", "group_index", "id", "ignore_result"),
        *("kwargsrepr", "lang", "origin", "parent_id", "replaced_task_nesting", "retries"),
        *("root_id", "shadow", "stamped_headers", "stamps", "task", "timelimit"),
    )
)


def _recorded(
    name: str,
    headers: Mapping[str, Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    queue: str,
) -> RecordedCall:
    eta = headers.get("eta")
    return RecordedCall(
        id=headers["id"],
        task=name,
        args=args,
        kwargs=kwargs,
        queue=queue,
        eta=None if not eta else datetime.fromisoformat(str(eta)),
        retries=headers.get("retries") or 0,
        stamps=dict(headers.get("stamps") or {}),
        headers={header: value for header, value in headers.items() if header not in _USUAL},
    )


def _name_of(task: Any) -> str:
    name = task if isinstance(task, str) else getattr(task, "name", None)
    if not isinstance(name, str):
        raise TypeError(f"give a task, or the name of one, not {task!r:.100}")
    return name


def _bound(task: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return arguments by the names of parameters, if the task is known and takes them."""
    given = tuple(args), dict(kwargs)
    if isinstance(task, str):
        return given
    try:
        bound = inspect.signature(task.run).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return given
    bound.apply_defaults()
    return bound.arguments
