"""Which ticks are to be run now: pure functions from an entry, its last tick and the present."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from taskhub.schedules.base import BaseSchedule
from taskhub.schedules.entry import Entry

#: So many ticks are run at a time; the rest is left for the next time.
MOST: Final = 1000


class Due(NamedTuple):
    """What is to be done about an entry's ticks."""

    #: The ticks to run, in their order.
    run: tuple[datetime, ...] = ()
    #: The last tick that was missed for longer than a moment; None: none was.
    missed: datetime | None = None
    #: The last tick that this deals with, run or not; None: there was none since the last time.
    last: datetime | None = None


def due(entry: Entry, last: datetime, now: datetime, grace: timedelta, most: int = MOST) -> Due:
    """Return what is to be done about the ticks after `last` and not after `now`.

    A tick that is late by no more than `grace` is run, whatever the entry says about missed ones: schedulers take over
    from each other within that time. Of ticks that are later, the entry says what becomes of them; in any case only
    those are run that are not later than its `missed_limit`.
    """
    made = entry.schedule
    if not made.foretells:
        # Only the present can be asked about.
        is_due, _ = made.is_due(last)
        return Due((now,), None, now) if is_due and now > last else Due()
    too_late = now - grace - timedelta(microseconds=1)
    missed = made.last_tick(last, too_late) if too_late > last else None
    fresh = made.ticks_between(missed or last, now, most)
    late: list[datetime] = []
    if missed is not None and entry.missed == "all":
        late = _all_late(entry, last, now, missed, most)
    elif missed is not None and entry.missed == "once" and not fresh:
        # A tick that is only late stands for those before it.
        late = [missed]
    if len(late) >= most:
        return Due(tuple(late), missed, late[-1])
    found = [tick for tick in (*late, *fresh) if _is_in_time(entry, tick, now)]
    dealt_with = fresh[-1] if fresh else missed
    return Due(tuple(found), missed, dealt_with)


def next_tick(made: BaseSchedule, after: datetime) -> datetime | None:
    """Return the first tick after an instant, as far as the schedule knows it."""
    return made.next_tick(after) if made.foretells else BaseSchedule.next_tick(made, after)


def _all_late(
    entry: Entry, last: datetime, now: datetime, missed: datetime, most: int
) -> list[datetime]:
    made, begin = entry.schedule, last
    if entry.missed_limit is not None:
        horizon = now - entry.missed_limit
        # A tick at the horizon itself is still in time.
        before = horizon - timedelta(milliseconds=1)
        if before > last:
            begin = made.last_tick(last, before) or last
    return made.ticks_between(begin, missed, most)


def _is_in_time(entry: Entry, tick: datetime, now: datetime) -> bool:
    return entry.missed_limit is None or now - tick <= entry.missed_limit
