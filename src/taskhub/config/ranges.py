"""Ranges of the settings that are numbers or durations, in their units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("RANGES", "Range", "check_range", "milliseconds")

#: The longest duration, seconds: a thousand years. Every store can add it to the present, and count
#: it in milliseconds.
LONGEST: Final = 31_536_000_000
#: The shortest that stores can measure, seconds.
SHORTEST: Final = 0.001


class Range(NamedTuple):
    """The numbers that a setting takes."""

    least: float
    most: float
    #: What stands behind the numbers in an error.
    unit: str = ""
    #: What 0 means, where it is allowed although it is below `least`.
    zero: str = ""

    def holds(self, number: float) -> bool:
        """Return whether a number is in the range; NaN is in none."""
        return self.least <= number <= self.most or (bool(self.zero) and number == 0)

    def __str__(self) -> str:
        bounds = f"from {_plain(self.least)} to {_plain(self.most)}{self.unit}"
        return f"0 ({self.zero}) or {bounds}" if self.zero else bounds


_SECONDS: Final = " seconds"
_KEPT: Final = Range(SHORTEST, LONGEST, _SECONDS, "forever")
_FROM_ZERO: Final = Range(0, LONGEST, _SECONDS)
_LIMIT: Final = Range(SHORTEST, LONGEST, _SECONDS, "no limit")
_SOME: Final = Range(SHORTEST, LONGEST, _SECONDS)
_BYTES: Final = Range(1, 2**40, " bytes", "no limit")
_COUNT: Final = Range(0, 2**31 - 1)

#: Setting -> its range; settings that are not here take every number.
RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {
        "beat_cron_starting_deadline": _FROM_ZERO,
        "broker_connection_max_retries": _COUNT,
        "broker_connection_timeout": _SOME,
        "broker_pool_limit": _COUNT,
        "control_queue_ttl": _SOME,
        "dead_letter_expires": _SOME,
        "event_stream_length": _COUNT,
        "failed_limit": _COUNT,
        "failed_max_bytes": _BYTES,
        "history_expires": Range(SHORTEST, LONGEST, _SECONDS, "not at all"),
        "history_limit": _COUNT,
        "lease_seconds": Range(0.1, 24 * 60 * 60, _SECONDS),
        "outbox_interval": Range(SHORTEST, 60 * 60, _SECONDS),
        "result_expires": _KEPT,
        "result_failure_expires": _KEPT,
        "result_max_size": Range(4096, 2**40, " bytes", "no limit"),
        "revocation_expires": _KEPT,
        "scheduler_grace": _FROM_ZERO,
        "scheduler_lease": Range(0.1, 24 * 60 * 60, _SECONDS),
        "statistics_expires": Range(SHORTEST, LONGEST, _SECONDS, "not at all"),
        # More deliveries than that mark what is over its time limit.
        "task_max_deliveries": Range(1, 100_000),
        "task_max_message_size": _BYTES,
        "task_soft_time_limit": _LIMIT,
        "task_time_limit": _LIMIT,
        "task_unknown_grace": _FROM_ZERO,
        "worker_max_memory_per_child": Range(1, 2**40, " KiB", "no bound"),
        "worker_max_tasks_per_child": Range(1, 2**31 - 1, "", "no bound"),
        "worker_prefetch_multiplier": _COUNT,
        "worker_shutdown_timeout": _FROM_ZERO,
        "worker_soft_shutdown_timeout": _FROM_ZERO,
        # What is well may take its time: below, processes would be replaced for being busy.
        "worker_stuck_after": Range(1, LONGEST, _SECONDS),
    }
)


def check_range(name: str, value: Any) -> Any:
    """Return the value of a setting, a number or a timedelta, if it is in the setting's range.

    Raises:
        ImproperlyConfigured: It is not; the message names the range.
    """
    bounds = RANGES.get(name)
    if bounds is None:
        return value
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if not bounds.holds(number):
        raise ImproperlyConfigured(f"Setting {name} must be {bounds}, not {value!r}.")
    return value


def milliseconds(value: float | timedelta | None) -> int | None:
    """Return a duration (timedelta or seconds) in ms, at least one; None or 0: without end.

    Raises:
        ImproperlyConfigured: It is negative, or longer than any store can keep something.
    """
    if not value:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if not 0 < seconds <= LONGEST:
        raise ImproperlyConfigured(f"A duration must be {_KEPT}, not {value!r}.")
    return max(1, int(seconds * 1000))


def _plain(number: float) -> str:
    return f"{number:,.12g}" if number < 1e6 else f"{int(number):,}"
