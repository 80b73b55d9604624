"""Outcome counts, durations and failures in bins of time; each minute that is over is read once."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from taskhub.statistics import Durations
from taskhub.statistics.tally import Subject, read_field
from taskhub.web.queries.bins import SPANS, bin_range, minutes_of_bin
from taskhub.web.queries.budget import Budget

if TYPE_CHECKING:
    from taskhub.engine.port.engine import Engine

__all__ = ("Bin", "FailureExample", "OutcomeBins", "join")

#: Minutes that are read together.
TOGETHER: Final = 60
#: For how long one call reads bins that are not known yet, seconds.
PATIENCE: Final = 0.06
_OUTCOMES: Final = {
    "done": "succeeded",
    "ignored": "succeeded",
    "failed": "failed",
    "retried": "retried",
    "revoked": "revoked",
}
_ENDS: Final = frozenset({"done", "failed", "revoked", "ignored"})


@dataclass(frozen=True)
class FailureExample:
    """The last failure of a task with an error."""

    message: str
    task_id: str
    #: Number of the bin.
    bin: int


@dataclass(frozen=True)
class Bin:
    """What was counted in one bin."""

    number: int = 0
    #: Whether it was read; there was no time for it otherwise.
    is_known: bool = True
    outcomes: Mapping[str, int] = field(default_factory=dict)
    run: Mapping[int, int] = field(default_factory=dict)
    wait: Mapping[int, int] = field(default_factory=dict)
    #: Calls that came to an end, by task and by queue.
    ended_by_task: Mapping[str, int] = field(default_factory=dict)
    ended_by_queue: Mapping[str, int] = field(default_factory=dict)
    failed_by_task: Mapping[str, int] = field(default_factory=dict)
    run_by_task: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    wait_by_task: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    failures: Mapping[tuple[str, str], int] = field(default_factory=dict)
    examples: Mapping[tuple[str, str], FailureExample] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """Calls that came to an end."""
        return sum(self.ended_by_task.values())


class BinSum:
    """Adds up minutes as the engine counts them.

    Args:
        number: Of the bin.
        end: The first minute that is not in it yet.
    """

    def __init__(self, number: int, end: int) -> None:
        self.number = number
        self.end = end
        self._counts: Counter[str] = Counter()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], FailureExample] = {}

    def copy(self) -> BinSum:
        """Return another one with the same sums."""
        other = BinSum(self.number, self.end)
        other._counts = self._counts.copy()
        other._failures = self._failures.copy()
        other._examples = self._examples.copy()
        return other

    def add(self, counts: Mapping[str, int], failures: Mapping[str, str]) -> None:
        """Add the next minute."""
        self.end += 1
        self._counts.update(counts)
        for name, value in failures.items():
            task, _, kind, *more = name.split("\n")
            if more:
                continue
            message, _, task_id = failures.get(f"{name}\n", "").partition("\n")
            self._failures[task, kind] += int(value)
            self._examples[task, kind] = FailureExample(message, task_id, self.number)

    def to_bin(self) -> Bin:
        """Return the bin."""
        outcomes: defaultdict[str, int] = defaultdict(int)
        ended_by_task: defaultdict[str, int] = defaultdict(int)
        ended_by_queue: defaultdict[str, int] = defaultdict(int)
        failed_by_task: defaultdict[str, int] = defaultdict(int)
        durations: dict[str, defaultdict[str, defaultdict[int, int]]] = {
            kind: defaultdict(lambda: defaultdict(int)) for kind in "rw"
        }
        for name, count in self._counts.items():
            subject, kind, value = _parsed(name)
            if kind == "=":
                if value in _OUTCOMES:
                    outcomes[_OUTCOMES[value]] += count
                if value in _ENDS:
                    ended_by_task[subject.task] += count
                    ended_by_queue[subject.queue] += count
                if value == "failed":
                    failed_by_task[subject.task] += count
            elif kind in durations and value.isdigit():
                durations[kind][subject.task][int(value)] += count
        run, wait = durations["r"], durations["w"]
        return Bin(
            number=self.number, outcomes=outcomes, run=join(run.values()).buckets,
            wait=join(wait.values()).buckets, ended_by_task=ended_by_task,
            ended_by_queue=ended_by_queue, failed_by_task=failed_by_task, run_by_task=run,
            wait_by_task=wait, failures=self._failures.copy(), examples=self._examples.copy(),
        )  # fmt: skip


@lru_cache(maxsize=50_000)
def _parsed(name: str) -> tuple[Subject, str, str]:
    """Return what a field counts; the same fields come in every minute."""
    try:
        return read_field(name)
    except ValueError:
        # Of a version that counts more.
        return Subject("", ""), "", ""


class OutcomeBins:
    """Reads bins; any thread may ask.

    Args:
        engine: Counts them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: Past bins of each span by number; those that have left it are dropped.
        self._kept: dict[str, dict[int, Bin]] = {span: {} for span in SPANS}
        #: The bin of each span that is not over yet, without its last minute.
        self._growing: dict[str, BinSum] = {}
        self._locks = {span: threading.Lock() for span in SPANS}

    def read(self, span: str, patience: float = PATIENCE) -> list[Bin]:
        """Return the bins of a span that ends now, by the store's clock.

        Args:
            span: 1h, 24h or 72h.
            patience: For how long past bins are read that are not known yet, the newest first.
        """
        step = SPANS[span].step
        budget = Budget(patience)
        minute = self._engine.current_minute()
        *past, last = bin_range(span, minute * 60)
        with self._locks[span]:
            current = self._read_current(span, last, minute)
            missing = self._missing(span, past)
            together = TOGETHER * 60 // step
            for first in range(0, len(missing), together):
                if first and budget.is_exhausted():
                    break
                self._read_past(span, missing[first : first + together])
            kept = self._kept[span]
            found = [kept.get(number) or Bin(number, is_known=False) for number in past]
        return [*found, current]

    def read_ahead(self) -> bool:
        """Read a few bins that nobody has asked for yet; return whether there are more."""
        minute = self._engine.current_minute()
        for span, (step, _) in SPANS.items():
            *past, _ = bin_range(span, minute * 60)
            with self._locks[span]:
                missing = self._missing(span, past)
                self._read_past(span, missing[: TOGETHER * 60 // step])
            if missing:
                return True
        return False

    def _missing(self, span: str, numbers: Sequence[int]) -> list[int]:
        """Drop bins that have left a span; return those that are not kept, the newest first."""
        kept = self._kept[span]
        for old in [number for number in kept if number < numbers[0]]:
            del kept[old]
        return [number for number in reversed(numbers) if number not in kept]

    def _read_past(self, span: str, numbers: Sequence[int]) -> None:
        # A commit that was under way when its minute ended counts in the next one, so that past
        # bins stay.
        minutes = [minute for number in numbers for minute in minutes_of_bin(span, number)]
        found = iter(self._minutes(minutes))
        for number in numbers:
            of_bin = minutes_of_bin(span, number)
            total = BinSum(number, of_bin.start)
            for _ in of_bin:
                total.add(*next(found))
            self._kept[span][number] = total.to_bin()

    def _read_current(self, span: str, number: int, minute: int) -> Bin:
        """Return the bin that is not over yet: only its last minutes are read."""
        total = self._growing.get(span)
        if total is not None and total.number < number:
            for each in self._minutes(range(total.end, minutes_of_bin(span, total.number).stop)):
                total.add(*each)
            self._kept[span][total.number] = total.to_bin()
        if total is None or total.number != number or total.end > minute:
            total = BinSum(number, minutes_of_bin(span, number).start)
        *closed, last = self._minutes(range(total.end, minute + 1))
        for each in closed:
            total.add(*each)
        self._growing[span] = total
        present = total.copy()
        present.add(*last)
        return present.to_bin()

    def _minutes(self, minutes: Sequence[int]) -> list[tuple[Mapping[str, int], Mapping[str, str]]]:
        """Return counts and failures of some minutes."""
        counts = self._engine.counts(minutes)
        failed = [
            minute
            for minute, fields in zip(minutes, counts, strict=True)
            if any(name.endswith("\n=failed") for name in fields)
        ]
        failures = dict(zip(failed, self._engine.failures(failed), strict=True)) if failed else {}
        return [
            (fields, failures.get(minute, {}))
            for minute, fields in zip(minutes, counts, strict=True)
        ]


def join(buckets: Iterable[Mapping[int, int]]) -> Durations:
    """Return durations of several bins as one."""
    total: defaultdict[int, int] = defaultdict(int)
    for each in buckets:
        for bucket, count in each.items():
            total[bucket] += count
    return Durations(total)
