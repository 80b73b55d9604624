"""Messages of a fire time."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from taskhub.canvas.outbox import collecting
from taskhub.engine.port.schedule_store import Fire
from taskhub.message import new_task_id
from taskhub.schedules.entry import Entry
from taskhub.schedules.lazy_arguments import resolve_argument
from taskhub.schedules.zones import to_milliseconds

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: Sends the call of an entry with the options that it is given.
Send = Callable[[Mapping[str, Any]], None]


def send_directly(app: Celery, entry: Entry, send: Send) -> None:
    """Send an entry's call with the entry's own options."""
    send(entry.options)


_send: Callable[[Celery, Entry, Send], None] = send_directly


def route_sending(through: Callable[[Celery, Entry, Send], None]) -> None:
    """Send the calls of entries through a function, e.g. one that monitoring libraries wrap."""
    global _send
    _send = through


#: The namespace of the ids of fire times; any constant UUID.
_FIRES = uuid.UUID("6f1f7f0e-1c0b-5a3e-9d7c-3b7f6c2a9e51")


def fire_id(app: Celery, entry: str, fire: int) -> str:
    """Return the task id of an entry's fire time (ms since the epoch), the same on every host."""
    rules = app.engine.rules
    name = f"{rules.key_prefix}{rules.namespace}\n{app.main or ''}\n{entry}\n{fire}"
    return str(uuid.uuid5(_FIRES, name))


def fire_of(app: Celery, entry: Entry, at: datetime | None) -> Fire:
    """Return the fire of an entry at a time, with its messages; None: out of turn, with a new id.

    Raises:
        Exception: The call cannot be made: an argument cannot be serialized or does not fit, a
            queue is not configured.
    """
    stamp = None if at is None else to_milliseconds(at)
    task_id = new_task_id() if stamp is None else fire_id(app, entry.name, stamp)
    args = [resolve_argument(value) for value in entry.args]
    kwargs = {name: resolve_argument(value) for name, value in entry.kwargs.items()}
    headers: dict[str, Any] = {"celery_beat_task": True, "periodic_entry": entry.name}
    if at is not None:
        headers["periodic_fire_time"] = at.isoformat()
    task = app.tasks.get(entry.task)

    def send(given: Mapping[str, Any]) -> None:
        options = {**given, "headers": {**(given.get("headers") or {}), **headers}}
        if task is not None:
            task.apply_async(args, kwargs, task_id=task_id, **options)
        else:
            app.send_task(entry.task, args, kwargs, task_id, **options)

    with collecting() as outbox:
        _send(app, entry, send)
    if outbox.chords or outbox.chains:
        # A task may send a canvas of its own in its place; what its messages need must be there
        # first.
        app.engine.enqueue((), chords=outbox.chords, chains=outbox.chains)
    return Fire(entry.name, stamp, task_id, tuple(outbox.messages), entry.overlap)
