"""From a tick to the messages that it sends."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from taskhub.canvas.outbox import collecting
from taskhub.engine.timetable import Tick
from taskhub.message import new_task_id
from taskhub.schedules.entry import Entry
from taskhub.schedules.zones import to_milliseconds

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: The namespace of the ids of ticks; any constant UUID.
_TICKS = uuid.UUID("6f1f7f0e-1c0b-5a3e-9d7c-3b7f6c2a9e51")


class BeatLazyFunc:
    """An argument that is worked out when the entry's time comes, under Celery's name.

    Parameters:
      func: called with the other arguments.
    """

    def __init__(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._call = func, args, kwargs

    def __call__(self) -> Any:
        return self.delay()

    def delay(self) -> Any:
        """Return the argument."""
        function, args, kwargs = self._call
        return function(*args, **kwargs)


def tick_id(app: Celery, entry: str, tick: int) -> str:
    """Return the task id of an entry's tick (milliseconds since the epoch): the same wherever it is worked out."""
    name = f"{app.engine.rules.namespace}\n{app.main or ''}\n{entry}\n{tick}"
    return str(uuid.uuid5(_TICKS, name))


def tick_of(app: Celery, entry: Entry, at: datetime | None) -> Tick:
    """Return what an entry sends at a tick; `at` None: out of turn, under an id of its own.

    Raises:
      Exception: the call cannot be made: an argument cannot be serialized or does not fit, a queue is not configured.
    """
    stamp = None if at is None else to_milliseconds(at)
    task_id = new_task_id() if stamp is None else tick_id(app, entry.name, stamp)
    args = [worked_out(value) for value in entry.args]
    kwargs = {name: worked_out(value) for name, value in entry.kwargs.items()}
    headers = {**(entry.options.get("headers") or {}), "celery_beat_task": True}
    headers["periodic_entry"] = entry.name
    if at is not None:
        headers["periodic_tick"] = at.isoformat()
    options = {**entry.options, "headers": headers}
    task = app.tasks.get(entry.task)
    with collecting() as outbox:
        if task is not None:
            task.apply_async(args, kwargs, task_id=task_id, **options)
        else:
            app.send_task(entry.task, args, kwargs, task_id, **options)
    if outbox.chords or outbox.chains:
        # A task may send a canvas of its own in its place; what its messages need must be there first.
        app.engine.enqueue((), chords=outbox.chords, chains=outbox.chains)
    return Tick(entry.name, stamp, task_id, tuple(outbox.messages), entry.overlap)


def worked_out(value: Any) -> Any:
    """Return an argument; one that is to be worked out now, worked out."""
    return value() if isinstance(value, BeatLazyFunc) else value
