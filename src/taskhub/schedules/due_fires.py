"""Due fire times of an entry: pure functions of the entry, its last fire time and the present."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from taskhub.schedules.base import BaseSchedule
from taskhub.schedules.entry import Entry

#: The most fire times that are computed at a time; later ones follow the next time.
MOST: Final = 1000


class Due(NamedTuple):
    """The fire times of an entry that are due."""

    #: The fire times to run, in their order.
    run: tuple[datetime, ...] = ()
    #: The last fire time that was missed for longer than a moment; None: none was.
    missed: datetime | None = None
    #: The last fire time that was due, run or not; None: there was none.
    last: datetime | None = None


def due(entry: Entry, last: datetime, now: datetime, grace: timedelta, most: int = MOST) -> Due:
    """Return the due fire times after `last` and up to `now`.

    A fire time that is late by no more than `grace` is run, whatever the entry's `missed` is:
    schedulers take over from each other within that time. For later ones `missed` decides; those
    later than `missed_limit` are never run.
    """
    made = entry.schedule
    if not made.has_known_fires:
        # Only the present is known.
        is_due, _ = made.is_due(last)
        return Due((now,), None, now) if is_due and now > last else Due()
    too_late = now - grace - timedelta(microseconds=1)
    missed = made.last_fire(last, too_late) if too_late > last else None
    fresh = made.fires_between(missed or last, now, most)
    late: list[datetime] = []
    if missed is not None and entry.missed == "all":
        late = _all_late(entry, last, now, missed, most)
    elif missed is not None and entry.missed == "once" and not fresh:
        # A fire time that is only late stands for those before it.
        late = [missed]
    if len(late) >= most:
        return Due(tuple(late), missed, late[-1])
    found = [fire for fire in (*late, *fresh) if _is_in_time(entry, fire, now)]
    dealt_with = fresh[-1] if fresh else missed
    return Due(tuple(found), missed, dealt_with)


def next_fire(made: BaseSchedule, after: datetime) -> datetime | None:
    """Return the first fire time after a time, as far as the schedule knows it."""
    return made.next_fire(after) if made.has_known_fires else BaseSchedule.next_fire(made, after)


def _all_late(
    entry: Entry, last: datetime, now: datetime, missed: datetime, most: int
) -> list[datetime]:
    made, begin = entry.schedule, last
    if entry.missed_limit is not None:
        horizon = now - entry.missed_limit
        # A fire time at the horizon itself is still in time.
        before = horizon - timedelta(milliseconds=1)
        if before > last:
            begin = made.last_fire(last, before) or last
    return made.fires_between(begin, missed, most)


def _is_in_time(entry: Entry, fire: datetime, now: datetime) -> bool:
    return entry.missed_limit is None or now - fire <= entry.missed_limit
