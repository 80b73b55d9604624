"""Outcome counts, durations and failures in bins of time; past bins are read once."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from taskhub.statistics import Durations, failures, summarize
from taskhub.web.queries.bins import SPANS, bin_range, minutes_of_bin

if TYPE_CHECKING:
    from taskhub.engine.port.engine import Engine

__all__ = ("Bin", "FailureExample", "OutcomeBins", "join")

#: Past bins that are kept: those of all three spans, and some that have just left them.
MOST_KEPT: Final = 400


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


class OutcomeBins:
    """Reads bins; any thread may ask.

    Args:
        engine: Counts them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: OrderedDict[tuple[int, int], Bin] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, span: str) -> list[Bin]:
        """Return the bins of a span that ends now, by the store's clock."""
        step = SPANS[span].step
        minute = self._engine.current_minute()
        numbers = bin_range(span, minute * 60)
        with self._lock:
            missing = [number for number in numbers if (step, number) not in self._kept]
        # A commit that was under way when its minute ended counts in the next one, so that past
        # bins stay.
        fresh = {number: self._read(span, number) for number in self._ordered(missing, numbers[-1])}
        with self._lock:
            for number, found in fresh.items():
                if number < numbers[-1]:
                    self._kept[step, number] = found
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return [fresh.get(number) or self._kept[step, number] for number in numbers]

    @staticmethod
    def _ordered(missing: list[int], last: int) -> Iterable[int]:
        return missing if last in missing else [*missing, last]

    def _read(self, span: str, number: int) -> Bin:
        minutes = list(minutes_of_bin(span, number))
        outcomes: Counter[str] = Counter()
        run: Counter[int] = Counter()
        wait: Counter[int] = Counter()
        ended_by_task: Counter[str] = Counter()
        ended_by_queue: Counter[str] = Counter()
        failed_by_task: Counter[str] = Counter()
        run_by_task: dict[str, Counter[int]] = {}
        wait_by_task: dict[str, Counter[int]] = {}
        for subject, summary in summarize(self._engine.counts(minutes)).items():
            outcomes.update(
                succeeded=summary.done + summary.ignored, failed=summary.failed,
                retried=summary.retried, revoked=summary.revoked,
            )  # fmt: skip
            run.update(summary.run.buckets)
            wait.update(summary.wait.buckets)
            ended_by_task[subject.task] += summary.ended
            ended_by_queue[subject.queue] += summary.ended
            failed_by_task[subject.task] += summary.failed
            run_by_task.setdefault(subject.task, Counter()).update(summary.run.buckets)
            wait_by_task.setdefault(subject.task, Counter()).update(summary.wait.buckets)
        counted: Counter[tuple[str, str]] = Counter()
        examples: dict[tuple[str, str], FailureExample] = {}
        if failed_by_task.total():
            for subject, kinds in failures(self._engine.failures(minutes)).items():
                for each in kinds:
                    place = (subject.task, each.kind)
                    counted[place] += each.times
                    examples[place] = FailureExample(each.message, each.task_id, number)
        return Bin(
            number, outcomes, run, wait, ended_by_task, ended_by_queue, failed_by_task,
            run_by_task, wait_by_task, counted, examples,
        )  # fmt: skip


def join(buckets: Iterable[Mapping[int, int]]) -> Durations:
    """Return durations of several bins as one."""
    total: Counter[int] = Counter()
    for each in buckets:
        total.update(each)
    return Durations(total)
