"""Status of an entry: its next run, its last run, and the state of that."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from taskhub import states
from taskhub.engine.port.schedule_store import LastRun
from taskhub.schedules.due_fires import next_fire
from taskhub.schedules.entry import Entry
from taskhub.schedules.zones import from_milliseconds

#: The state of a run whose message is stored and that has no result yet.
UNFINISHED = "PENDING"
#: The state of a run that has ended without a result that is kept.
ENDED = "ENDED"


class EntryStatus(NamedTuple):
    """An entry at one moment; times in UTC."""

    entry: Entry
    #: None: it is paused, or has no fire time any more.
    next_run: datetime | None
    #: The last fire time, sent or not; None: there was none.
    last_fire: datetime | None
    #: When its last run was sent; None: there was none.
    last_run: datetime | None
    #: The id of its last run; "" if there was none.
    task_id: str
    #: The state of its last run: Celery's, or ENDED if its result is not kept; "" if there was no
    #: run.
    state: str
    #: From sending it to its end, waiting included; None: it has not ended, or its result is not
    #: kept.
    duration: timedelta | None
    #: How many runs there were, how many fire times were skipped because of a run before them, and
    #: how many are queued behind one.
    sent: int
    skipped: int
    queued_behind: int


def status_of(
    entry: Entry, run: LastRun | None, document: bytes | None, now: datetime
) -> EntryStatus:
    """Return the status of an entry from its last run and the document of that run's result.

    The next run is the first fire time after the last one; if that is past, the scheduler is about
    to fire it.
    """
    if run is None:
        following = next_fire(entry.schedule, entry.present(now)) if entry.enabled else None
        return EntryStatus(entry, following, None, None, "", "", None, 0, 0, 0)
    last_fire = from_milliseconds(run.fire)
    following = next_fire(entry.schedule, last_fire) if entry.enabled else None
    sent_at = from_milliseconds(run.at) if run.at else None
    state, ended_at = _result(document)
    if run.task_id and state not in states.READY_STATES:
        state = (state or UNFINISHED) if run.unfinished else ENDED
        ended_at = None
    duration = None
    if ended_at is not None and sent_at is not None:
        # The end is of the worker's clock, which may be a little slow.
        duration = max(timedelta(0), ended_at - sent_at)
    return EntryStatus(
        entry,
        following,
        last_fire,
        sent_at,
        run.task_id,
        state if run.task_id else "",
        duration,
        run.sent,
        run.skipped,
        run.queued,
    )


def _result(document: bytes | None) -> tuple[str, datetime | None]:
    """Return state and end of a result document."""
    if document is None:
        return "", None
    try:
        fields = json.loads(document)
        ended = fields.get("date_done")
        at = datetime.fromisoformat(ended) if isinstance(ended, str) else None
        if at is not None and at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return str(fields["status"]), at
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", None
