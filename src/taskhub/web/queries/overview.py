"""The first page: figures, series, failing tasks, workers and queues."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from taskhub.states import FAILURE
from taskhub.statistics import Durations
from taskhub.web.conditions import Condition
from taskhub.web.queries.bins import SPANS, bin_range
from taskhub.web.queries.health import health_items, is_late
from taskhub.web.queries.outcome_bins import Bin, FailureExample
from taskhub.web.queries.processes import ProcessView
from taskhub.web.queries.queue_view import QueueView
from taskhub.web.queries.queues import lengths_of, queue_rates
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.times import iso, iso_now, seconds

__all__ = ("get_overview", "memory_of")

#: Delayed messages that are looked at for those that wait for another try.
LOOKED_AT: Final = 1000
#: Rows of the lists.
FAILING: Final = 10
BUSIEST: Final = 8
#: Queues that have a line of their own.
LINES: Final = 3


def get_overview(store: StoreView, *, span: str = "1h", hidden: bool = False) -> dict[str, Any]:
    """Return the first page.

    Args:
        store: Reads the store.
        span: 1h, 24h or 72h.
        hidden: Whether texts of errors are kept from who asks.
    """
    now = time.time()
    bins = store.read_bins(span)
    queues, processes = store.queues(), store.processes()
    complete = all(each.is_known for each in bins)
    nothing = not any(each.ended for each in bins) and not any(queue.held for queue in queues)
    return {
        "at": iso_now(),
        "span": span,
        "empty": complete and nothing and not store.engine.dead_count(),
        "example": next(
            (name for name in sorted(store.app.tasks) if not name.startswith("celery.")), None
        ),
        "health": health_items(store, queues, processes),
        "counts": _figures(store, bins, queues, processes, now),
        "complete": complete,
        "series": _series(store, span, bins),
        "failing": _failing(store, bins, span, hidden),
        "workers": _workers(processes),
        "queues": _busiest(store, queues, span, now),
    }


# -- figures


def _figures(
    store: StoreView,
    bins: Sequence[Bin],
    queues: Sequence[QueueView],
    processes: Sequence[ProcessView],
    now: float,
) -> dict[str, Any]:
    holding = [queue for queue in queues if queue.ready or queue.rate_limited]
    oldest = store.oldest_wait()
    soonest = store.soonest_delayed(LOOKED_AT) if any(queue.delayed for queue in queues) else []
    retrying = [due for due, is_retry in soonest if is_retry]
    later = [due for due, is_retry in soonest if not is_retry]
    delayed = sum(queue.delayed for queue in queues)
    failed = sum(each.outcomes.get("failed", 0) for each in bins)
    last = max((each.number for each in bins if each.outcomes.get("failed")), default=None)
    step = 3600 / 60 if not bins else _step(bins)
    dead = store.engine.dead_count()
    first_dead = store.ended.dead.page(0, 1) if dead else []
    return {
        "waiting": {
            "count": sum(queue.ready + queue.rate_limited for queue in queues),
            "queues": len(holding),
            "queues_total": len(queues),
        },
        "delayed": {"count": max(0, delayed - len(retrying)), "next_in": _next(later, now)},
        "running": {
            "count": sum(len(process.running) for process in processes),
            "threads": sum(_threads(process) for process in processes),
        },
        "retrying": {"count": len(retrying), "next_in": _next(retrying, now)},
        "failed": {
            "count": failed,
            "last_at": None if last is None else iso(_last_failure(store, None, last, step)),
        },
        "dead": {"count": dead, "oldest_at": iso(first_dead[0].ended_at) if first_dead else None},
        "ended": {
            "count": sum(each.ended for each in bins),
            "per_minute": float(_last_minute(store)),
        },
        "oldest_wait": {
            "seconds": None if oldest is None else seconds(oldest[1]),
            "queue": None if oldest is None else oldest[0],
        },
        "late_leases": {
            "count": sum(is_late(process) for process in processes),
            "workers": len(processes),
        },
    }


def _last_failure(
    store: StoreView, tasks: Collection[str] | None, last_bin: int, step: float
) -> float:
    """Return when a task failed last: counts know only in which bin, the history knows when."""
    begin, end = last_bin * step, min(time.time(), (last_bin + 1) * step)
    newest = store.engine.history.cursors(1, tasks=tasks, states=[FAILURE])
    at = newest[0].ended_at / 1000 if newest else end
    return min(at, end) if at >= begin else end


def _step(bins: Sequence[Bin]) -> float:
    return {span.bins: float(span.step) for span in SPANS.values()}[len(bins)]


def _last_minute(store: StoreView) -> int:
    return store.read_bins("1h")[-2].ended


def _next(due: Sequence[float], now: float) -> float | None:
    return seconds(min(due) - now) if due else None


def _threads(process: ProcessView) -> int:
    return 0 if process.info is None else process.info.threads


# -- series


def _series(store: StoreView, span: str, bins: Sequence[Bin]) -> dict[str, Any]:
    step = SPANS[span].step
    numbers = range(bins[0].number, bins[0].number + len(bins))
    kinds = ("succeeded", "failed", "retried", "revoked")
    return {
        "start": iso(numbers.start * step),
        "step": step,
        "bins": len(bins),
        "outcomes": {
            kind: [each.outcomes.get(kind, 0) if each.is_known else None for each in bins]
            for kind in kinds
        },
        "wait": _percentiles([Durations(each.wait) for each in bins]),
        "run": _percentiles([Durations(each.run) for each in bins]),
        "backlog": _backlog(store.samples.lengths(span, numbers)),
    }


def _percentiles(found: Sequence[Durations]) -> dict[str, list[float | None]]:
    return {f"p{percent}": [each.percentile(percent) for each in found] for percent in (50, 95, 99)}


def _backlog(samples: list[Mapping[str, int] | None]) -> dict[str, Any]:
    """Return the lines of the longest queues, and one of all others together."""
    peaks: Counter[str] = Counter()
    for sample in samples:
        for name, length in (sample or {}).items():
            peaks[name] = max(peaks[name], length)
    chosen = [name for name, _ in peaks.most_common(LINES)]
    rest = [name for name in peaks if name not in chosen]
    if len(rest) == 1:
        chosen, rest = chosen[: LINES - 1], [*chosen[LINES - 1 :], *rest]
    others = None
    if rest:
        values = [
            None if sample is None else sum(sample.get(name, 0) for name in rest)
            for sample in samples
        ]
        others = {"count": len(rest), "values": values}
    return {
        "queues": [{"name": name, "values": lengths_of(samples, name)} for name in chosen],
        "others": others,
    }


# -- failing tasks


def _failing(store: StoreView, bins: Sequence[Bin], span: str, hidden: bool) -> dict[str, Any]:
    """Return the most frequent pairs of task and error, and how many there are."""
    total: Counter[tuple[str, str]] = Counter()
    runs: Counter[str] = Counter()
    examples: dict[tuple[str, str], FailureExample] = {}
    for each in bins:
        total.update(each.failures)
        runs.update(each.ended_by_task)
        examples.update(each.examples)
    step = SPANS[span].step
    first: dict[tuple[str, str], int] = {}
    for each in bins:
        for pair in each.failures:
            first.setdefault(pair, each.number)
    found = []
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    for (task, error), count in ordered[:FAILING]:
        example = examples[task, error]
        conditions = (
            Condition(key="task", value=task),
            Condition(key="state", value="failed"),
            Condition(key="error", value=error),
            Condition(key="since", value=span),
        )
        found.append(
            {
                "task": task,
                "error": error,
                "message": None if hidden else example.message,
                "failed": count,
                "runs": max(count, runs[task]),
                "series": [
                    each.failures.get((task, error), 0) if each.is_known else None for each in bins
                ],
                "first_at": iso(first[task, error] * step),
                "last_at": iso(_last_failure(store, [task], example.bin, step)),
                "task_id": example.task_id or None,
                "filter": " ".join(condition.text for condition in conditions),
            }
        )
    return {"total": len(ordered), "items": found}


# -- workers and queues


def _workers(processes: Sequence[ProcessView]) -> dict[str, Any]:
    nodes: dict[str, list[ProcessView]] = {}
    for process in processes:
        nodes.setdefault(process.node, []).append(process)
    items: list[dict[str, Any]] = [
        {
            "node": node,
            "busy": sum(len(process.running) for process in members),
            "threads": sum(_threads(process) for process in members),
            "memory": memory_of(members),
            "lease": seconds(max(process.lease - process.lease_left for process in members)),
        }
        for node, members in sorted(nodes.items())
    ]
    return {
        "nodes": len(items),
        "busy": sum(item["busy"] for item in items),
        "threads": sum(item["threads"] for item in items),
        "items": items,
    }


def memory_of(members: Sequence[ProcessView]) -> int | None:
    """Return the memory of some processes together, bytes; None: none has reported it."""
    report = [
        int(each.report["memory"]) for each in members if each.report and each.report.get("memory")
    ]
    return sum(report) if report else None


def _busiest(
    store: StoreView, queues: Sequence[QueueView], span: str, now: float
) -> dict[str, Any]:
    rates = queue_rates(store)
    samples = store.samples.lengths(span, bin_range(span, now))
    ordered = sorted(queues, key=lambda queue: (-queue.ready, -queue.running, queue.name))
    busiest = ordered[:BUSIEST]
    waits = store.longest_waits(busiest)
    return {
        "total": len(queues),
        "items": [
            {
                "name": queue.name,
                "ready": queue.ready,
                "oldest": seconds(waits.get(queue.name)),
                "in_rate": seconds(rates[queue.name][0]),
                "out_rate": seconds(rates[queue.name][1]),
                "series": lengths_of(samples, queue.name),
            }
            for queue in busiest
        ],
    }
