"""What can be told of an entry: when it runs next, when it ran last, and what became of that."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from taskhub import states
from taskhub.engine.timetable import LastRun
from taskhub.schedules.due import next_tick
from taskhub.schedules.entry import Entry
from taskhub.schedules.zones import from_milliseconds

#: The state of a run whose message is stored and of which no result tells more.
UNFINISHED = "PENDING"
#: The state of a run that has ended without a result that is kept.
ENDED = "ENDED"


class EntryStatus(NamedTuple):
    """An entry at one moment; times in UTC."""

    entry: Entry
    #: None: it is paused, or has no tick any more.
    next_run: datetime | None
    #: The last tick that was dealt with; None: there was none.
    last_tick: datetime | None
    #: When its last run was sent; None: there was none.
    last_run: datetime | None
    #: The id of its last run; "" if there was none.
    task_id: str
    #: The state of its last run: Celery's, or ENDED if its result is not kept; "" if there was no run.
    state: str
    #: From sending it to its end, waiting included; None: it has not ended, or its result is not kept.
    duration: timedelta | None
    #: How many runs there were, how many ticks were skipped because of a run before them, and how many wait behind one.
    sent: int
    skipped: int
    behind: int


def status_of(
    entry: Entry, run: LastRun | None, document: bytes | None, now: datetime
) -> EntryStatus:
    """Return what a stored run and the document of its result tell of an entry.

    The next run is the first tick after the last one; if that is past, the scheduler is about to deal with it.
    """
    if run is None:
        following = next_tick(entry.schedule, entry.present(now)) if entry.enabled else None
        return EntryStatus(entry, following, None, None, "", "", None, 0, 0, 0)
    last_tick = from_milliseconds(run.tick)
    following = next_tick(entry.schedule, last_tick) if entry.enabled else None
    sent_at = from_milliseconds(run.at) if run.at else None
    state, ended_at = _result(document)
    if run.task_id and state not in states.READY_STATES:
        state = (state or UNFINISHED) if run.unfinished else ENDED
        ended_at = None
    duration = None
    if ended_at is not None and sent_at is not None:
        # The end is told by the worker's clock, which may be a little behind.
        duration = max(timedelta(0), ended_at - sent_at)
    return EntryStatus(
        entry,
        following,
        last_tick,
        sent_at,
        run.task_id,
        state if run.task_id else "",
        duration,
        run.sent,
        run.skipped,
        run.behind,
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
