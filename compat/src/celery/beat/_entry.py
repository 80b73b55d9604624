"""An entry of a scheduler of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from taskhub.schedules.interval import maybe_schedule

#: The fields that settings may change.
EDITABLE = ("task", "schedule", "args", "kwargs", "options")


class ScheduleEntry:
    """A task, when it is called, and when it was called last.

    Args:
        name: The entry's name.
        task: The task's name.
        last_run_at: When it was called last; None: count from now.
        total_run_count: How often it was called.
        schedule: Seconds, a timedelta, or a schedule.
        args, kwargs, options: Of the call, as of `apply_async`.
        relative: Whether an interval ends at full minutes, hours or days.
        app: The app whose time counts.
    """

    name: str | None = None
    schedule: Any = None
    args: Any = None
    kwargs: Any = None
    options: Any = None
    last_run_at: datetime | None = None
    total_run_count: int = 0

    def __init__(
        self,
        name: str | None = None,
        task: str | None = None,
        last_run_at: datetime | None = None,
        total_run_count: int | None = None,
        schedule: Any = None,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        relative: bool = False,
        app: Any = None,
    ) -> None:
        self.app = app
        self.name = name
        self.task = task
        self.args = args
        self.kwargs = kwargs or {}
        self.options = options or {}
        self.schedule = maybe_schedule(schedule, relative, app=app)
        self.last_run_at = last_run_at or self.default_now()
        self.total_run_count = total_run_count or 0

    def default_now(self) -> datetime:
        """Return the present."""
        now: datetime = self.schedule.now() if self.schedule else self.app.now()
        return now

    def is_due(self) -> tuple[bool, float]:
        """Return whether it is to be called, and in how many seconds to look again."""
        due: tuple[bool, float] = self.schedule.is_due(self.last_run_at)
        return due

    def _next_instance(self, last_run_at: datetime | None = None) -> ScheduleEntry:
        """Return the entry as it is once it was called again."""
        fields = dict(self)
        fields["last_run_at"] = last_run_at or self.default_now()
        fields["total_run_count"] = self.total_run_count + 1
        return type(self)(**fields)

    __next__ = next = _next_instance

    def update(self, other: ScheduleEntry) -> None:
        """Take over from another entry what settings may change."""
        for field in EDITABLE:
            setattr(self, field, getattr(other, field))

    def editable_fields_equal(self, other: object) -> bool:
        """Return whether what settings may change is the same."""
        return all(getattr(self, field) == getattr(other, field, None) for field in EDITABLE)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(vars(self).items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScheduleEntry) and self.editable_fields_equal(other)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: object) -> bool:
        # Any order will do among entries of the same time.
        return id(self) < id(other) if isinstance(other, ScheduleEntry) else NotImplemented

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.name, self.task, self.last_run_at, self.total_run_count, self.schedule)
        return type(self), (*fields, self.args, self.kwargs, self.options)

    def __repr__(self) -> str:
        shown = [repr(value) for value in self.args or ()]
        shown += [f"{name}={value!r}" for name, value in (self.kwargs or {}).items()]
        return (
            f"<{type(self).__name__}: {self.name} {self.task}({', '.join(shown)}) {self.schedule}>"
        )
