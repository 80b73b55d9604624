"""Crontabs, intervals and instants to compare: the same ones in every run."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

#: Both hemispheres, none, half an hour (Lord Howe), at midnight (Santiago), and one that is UTC.
ZONES: Final = (
    "America/New_York",
    "Europe/Berlin",
    "Asia/Shanghai",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kolkata",
    "UTC",
)
_WEEKDAYS: Final = ("sun", "mon", "tuesday", "wed", "thu", "Friday", "sat")
_MONTHS: Final = (
    "jan",
    "feb",
    "march",
    "april",
    "MAY",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
#: Name, least and greatest value, names of values.
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day_of_week", 0, 6, _WEEKDAYS),
    ("day_of_month", 1, 31, ()),
    ("month_of_year", 1, 12, _MONTHS),
)


def field(chance: random.Random, lowest: int, highest: int, names: tuple[str, ...]) -> Any:
    """Return one field as somebody may write it."""

    def value() -> Any:
        number = chance.randint(lowest, highest)
        return names[number - lowest] if names and chance.random() < 0.5 else number

    def part() -> str:
        first, last, step = value(), value(), chance.randint(1, highest)
        return chance.choice((f"{first}", f"{first}-{last}", f"{first}-{last}/{step}", f"*/{step}"))

    kind = chance.random()
    if kind < 0.15:
        return chance.randint(lowest, highest)
    if kind < 0.3:
        return [chance.randint(lowest, highest) for _ in range(chance.randint(1, 4))]
    return ",".join(part() for _ in range(chance.choice((1, 1, 1, 2, 3))))


def crontab(chance: random.Random) -> dict[str, Any]:
    """Return the fields of a crontab; half of the fields match always."""
    return {
        name: field(chance, lowest, highest, names) if chance.random() < 0.5 else "*"
        for name, lowest, highest, names in _FIELDS
    }


def changes(zone: str) -> list[datetime]:
    """Return when a zone puts its clocks forward or back, 2019 to 2026."""
    here = ZoneInfo(zone)
    begin = datetime(2019, 1, 1, tzinfo=UTC)
    hours = [begin + timedelta(hours=number) for number in range(8 * 366 * 24)]
    return [
        later
        for earlier, later in pairwise(hours)
        if earlier.astimezone(here).utcoffset() != later.astimezone(here).utcoffset()
    ]


def instant(chance: random.Random, zone: str, found: list[datetime]) -> datetime:
    """Return an instant, mostly one about which one may err."""
    here = ZoneInfo(zone)
    year = chance.randint(2019, 2026)
    kind = chance.random()
    if kind < 0.45 and found:
        base, spread = chance.choice(found), 4 * 3600
    elif kind < 0.6:
        base, spread = datetime(chance.choice((2020, 2024)), 2, 29, 12, tzinfo=here), 40 * 3600
    elif kind < 0.75:
        base, spread = datetime(year, 1, 1, tzinfo=here), 30 * 3600
    else:
        base, spread = datetime(year, 7, 1, tzinfo=here), 180 * 24 * 3600
    moment = base.astimezone(UTC) + timedelta(seconds=chance.randint(-spread, spread))
    # Often a full minute: there `before`, `at` and `after` differ.
    return moment.replace(second=0) if chance.random() < 0.5 else moment


def crontabs(number: int, seed: int) -> list[dict[str, Any]]:
    """Return pairs of crontab and instants: last run and present, in seconds since the epoch."""
    chance = random.Random(seed)
    found = {zone: changes(zone) for zone in ZONES}
    cases = []
    for _ in range(number):
        zone = chance.choice(ZONES)
        last = instant(chance, zone, found[zone])
        now = last + timedelta(seconds=chance.choice((0, 1, 59, 60, 3600, 7200, 86400, 3_000_000)))
        cases.append(
            {
                "zone": zone,
                "fields": crontab(chance),
                "last": int(last.timestamp()),
                "now": int(now.timestamp()),
                "deadline": chance.choice((None, None, 30, 3600)),
            }
        )
    return cases


def intervals(number: int, seed: int) -> list[dict[str, Any]]:
    """Return pairs of interval and instants."""
    chance = random.Random(seed)
    found = {zone: changes(zone) for zone in ZONES}
    lengths = (0, 0.25, 1, 7, 30, 60, 90, 900, 3600, 5400, 7200, 43200, 86400, 129600, 604800, -5)
    cases = []
    for _ in range(number):
        zone = chance.choice(ZONES)
        last = instant(chance, zone, found[zone])
        cases.append(
            {
                "zone": zone,
                "seconds": chance.choice(lengths),
                "relative": chance.random() < 0.7,
                "last": int(last.timestamp()),
                "now": int(last.timestamp()) + chance.choice((0, 1, 30, 60, 3600, 86400)),
            }
        )
    return cases
