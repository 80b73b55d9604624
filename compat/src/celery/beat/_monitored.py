"""Calls of taskhub's scheduler through `Scheduler.apply_entry`, as monitoring libraries need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery.beat._entry import ScheduleEntry
from celery.beat._scheduler import APPLY_ENTRY, Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskhub import Celery
    from taskhub.schedules.entry import Entry


class _Relay:
    """Stands for a scheduler of Celery's in calls of `Scheduler.apply_entry`; sends one entry.

    Args:
        app: The app.
        send: Sends the call with the options that it is given.
    """

    def __init__(self, app: Celery, send: Callable[[Mapping[str, Any]], None]) -> None:
        self.app = app
        self._send = send
        self.error: Exception | None = None

    def apply_async(self, entry: Any, **_: Any) -> None:
        """Send the call of the entry."""
        try:
            self._send(entry.options)
        except Exception as error:
            self.error = error


def send_as_beat(app: Celery, entry: Entry, send: Callable[[Mapping[str, Any]], None]) -> None:
    """Send an entry's call; through `Scheduler.apply_entry` if a library has replaced that.

    Args:
        app: The app.
        entry: The entry.
        send: Sends the call with the options that it is given.
    """
    apply_entry: Any = Scheduler.apply_entry
    if apply_entry is APPLY_ENTRY:
        send(entry.options)
        return
    relay = _Relay(app, send)
    shown = ScheduleEntry(
        name=entry.name,
        task=entry.task,
        schedule=entry.schedule,
        args=entry.args,
        kwargs=entry.kwargs,
        options=dict(entry.options),
        app=app,
    )
    apply_entry(relay, shown)
    if relay.error is not None:
        raise relay.error
