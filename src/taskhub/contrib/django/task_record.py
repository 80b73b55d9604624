"""What a message, and later its result, says of a call of `django.tasks`; and its priority."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Self, cast

from taskhub import states

__all__ = ("STAMP", "TaskRecord", "band_of", "status_name")

#: The stamp under which it travels: stamps stay with a call until its result.
STAMP: Final = "django_task"

#: State of a task -> status in `django.tasks`. Other states are those of programs: it runs.
_STATUSES: Final = {
    states.PENDING: "READY",
    states.RECEIVED: "READY",
    states.RETRY: "READY",
    states.STARTED: "RUNNING",
    states.SUCCESS: "SUCCESSFUL",
    states.FAILURE: "FAILED",
    states.REVOKED: "FAILED",
}


def status_name(state: str) -> str:
    """Return the status in `django.tasks` of a state."""
    return _STATUSES.get(state, "RUNNING")


def band_of(priority: int) -> int:
    """Return the priority of a call for one of -100 to 100, in the same order.

    0 is the default, 5, and shares it with no other: below are five bands of 20, above four of 25.
    """
    if priority == 0:
        return 5
    return (priority + 100) // 20 if priority < 0 else 6 + (priority - 1) // 25


@dataclass(frozen=True)
class TaskRecord:
    """What is known of a call beside its arguments and its outcome."""

    #: The function: its module and its name there.
    path: str
    #: Alias of the backend.
    backend: str
    queue: str
    priority: int
    #: Times are in ISO 8601.
    enqueued_at: str
    run_after: str | None = None
    started_at: str | None = None
    last_attempted_at: str | None = None
    #: Of each attempt, the first one first.
    worker_ids: tuple[str, ...] = ()
    #: Class of the exception, and the traceback, where the result cannot hold them: `SystemExit`.
    error: tuple[str, str] | None = None

    def attempted(self, worker: str, now: datetime) -> Self:
        """Return it with one more attempt."""
        at = now.isoformat()
        return replace(
            self,
            started_at=self.started_at or at,
            last_attempted_at=at,
            worker_ids=(*self.worker_ids, worker),
        )

    def encode(self) -> str:
        """Return the stamp's value."""
        known = {name: value for name, value in vars(self).items() if value}
        return json.dumps({"priority": 0, **known})

    @classmethod
    def decode(cls, stamp: Any) -> Self | None:
        """Return what `encode` wrote; None: it is something else."""
        # Eager calls have lists of values.
        text = stamp[0] if isinstance(stamp, list) and stamp else stamp
        try:
            found = json.loads(cast("str", text))
        except (TypeError, ValueError):
            return None
        if not isinstance(found, Mapping):
            return None
        # What a later version writes beside is not known here.
        known = {each.name: found[each.name] for each in fields(cls) if each.name in found}
        for name in ("worker_ids", "error"):
            if name in known:
                known[name] = tuple(known[name])
        try:
            return cls(**known)
        except TypeError:
            return None
