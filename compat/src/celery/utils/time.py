"""Times, time zones and lengths of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.utils.offered import offered_only
from taskhub.utils.time import (
    DAYNAMES,
    MONTHNAMES,
    WEEKDAYS,
    YEARMONTHS,
    LocalTimezone,
    add_seconds_to_datetime,
    adjust_timestamp,
    delta_resolution,
    ffwd,
    get_exponential_backoff_interval,
    humanize_seconds,
    is_naive,
    localize,
    make_aware,
    maybe_iso8601,
    maybe_make_aware,
    maybe_timedelta,
    rate,
    remaining,
    subtract_datetimes,
    timezone,
    to_utc,
    utcoffset,
    weekday,
    yearmonth,
)

__all__ = (
    "DAYNAMES",
    "MONTHNAMES",
    "WEEKDAYS",
    "YEARMONTHS",
    "LocalTimezone",
    "add_seconds_to_datetime",
    "adjust_timestamp",
    "delta_resolution",
    "ffwd",
    "get_exponential_backoff_interval",
    "humanize_seconds",
    "is_naive",
    "localize",
    "make_aware",
    "maybe_iso8601",
    "maybe_make_aware",
    "maybe_timedelta",
    "rate",
    "remaining",
    "subtract_datetimes",
    "timezone",
    "to_utc",
    "utcoffset",
    "weekday",
    "yearmonth",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
