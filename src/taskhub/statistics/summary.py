"""Sums of counted outcomes, by task and queue."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from taskhub.statistics.buckets import middle
from taskhub.statistics.tally import Subject, read_field


@dataclass(frozen=True)
class Durations:
    """How long something took, many times."""

    #: How often it fell into each bucket.
    buckets: Mapping[int, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How often it was measured."""
        return sum(self.buckets.values())

    @property
    def median(self) -> float | None:
        """Half of them took no longer, seconds; within 19 percent."""
        return self.percentile(50)

    @property
    def p95(self) -> float | None:
        """19 of 20 took no longer, seconds; within 19 percent."""
        return self.percentile(95)

    @property
    def total(self) -> float:
        """How long they took together, seconds; within 19 percent."""
        return sum(middle(bucket) * count for bucket, count in self.buckets.items())

    def percentile(self, percent: float) -> float | None:
        """Return the duration that so many percent did not exceed, seconds; None: no data."""
        wanted, seen = self.count * percent / 100, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return middle(bucket)
        return None


@dataclass(frozen=True)
class Summary:
    """What became of the executions of one task from one queue."""

    done: int = 0
    failed: int = 0
    #: Executions that ended by asking for another.
    retried: int = 0
    #: Not run: revoked or expired.
    revoked: int = 0
    #: Ended with `Ignore`.
    ignored: int = 0
    #: Requeued with `Reject(requeue=True)`, or because the store was out of reach.
    requeued: int = 0
    #: How long their code ran.
    run: Durations = Durations()
    #: How long they were ready before they began; of delayed ones, since a worker found them due.
    wait: Durations = Durations()

    @property
    def ended(self) -> int:
        """How many calls came to an end: done, failed, revoked or ignored."""
        return self.done + self.failed + self.revoked + self.ignored


def summarize(counts: Iterable[Mapping[str, int]]) -> dict[Subject, Summary]:
    """Add up what the engine has counted in some minutes, by task and queue; the busiest first."""
    ends: defaultdict[Subject, Counter[str]] = defaultdict(Counter)
    runs: defaultdict[Subject, Counter[int]] = defaultdict(Counter)
    waits: defaultdict[Subject, Counter[int]] = defaultdict(Counter)
    for minute in counts:
        for name, count in minute.items():
            try:
                subject, kind, value = read_field(name)
                if kind == "=":
                    ends[subject][value] += count
                else:
                    {"r": runs, "w": waits}[kind][subject][int(value)] += count
            except (KeyError, ValueError):
                # Of a version that counts more.
                continue
    found = {
        subject: _summary(ends[subject], Durations(runs[subject]), Durations(waits[subject]))
        for subject in {**ends, **runs, **waits}
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1].ended, item[0])))


def total(summaries: Iterable[Summary]) -> Summary:
    """Return several summaries as one, e.g. all queues of a task."""
    ends: Counter[str] = Counter()
    run: Counter[int] = Counter()
    wait: Counter[int] = Counter()
    for summary in summaries:
        ends.update({name: getattr(summary, name) for name in _COUNTED})
        run.update(summary.run.buckets)
        wait.update(summary.wait.buckets)
    return _summary(ends, Durations(run), Durations(wait))


_COUNTED = ("done", "failed", "retried", "revoked", "ignored", "requeued")


def _summary(ends: Mapping[str, int], run: Durations, wait: Durations) -> Summary:
    return Summary(**{name: ends.get(name, 0) for name in _COUNTED}, run=run, wait=wait)
