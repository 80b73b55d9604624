"""The page of queues, and that of one queue."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from taskhub.web.problem import Problem
from taskhub.web.queries.bins import SPANS, bin_range
from taskhub.web.queries.cursors import page_cursors, read_cursor
from taskhub.web.queries.queue_view import QueueView
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.times import iso, iso_now, seconds

__all__ = ("describe_queue", "get_queue", "list_queues", "queue_rates")

#: Messages of a queue that are shown as next.
NEXT: Final = 20
_SORTS: Final[Mapping[str, Callable[[QueueView, Mapping[str, Any]], Any]]] = {
    "ready": lambda queue, rates: queue.ready,
    "delayed": lambda queue, rates: queue.delayed,
    "rate_limited": lambda queue, rates: queue.rate_limited,
    "running": lambda queue, rates: queue.running,
    "in_rate": lambda queue, rates: rates.get(queue.name, (0.0, 0.0))[0] or 0.0,
    "out_rate": lambda queue, rates: rates.get(queue.name, (0.0, 0.0))[1] or 0.0,
    "name": lambda queue, rates: queue.name,
}


def queue_rates(store: StoreView) -> dict[str, tuple[float | None, float]]:
    """Return each queue's incoming and outgoing messages a second in the last full minute.

    What ended is counted by the store. What came in follows from it and from how the queue has
    grown meanwhile; None where that was not seen.
    """
    ended = store.read_bins("1h")[-2].ended_by_queue
    rates: dict[str, tuple[float | None, float]] = {}
    for queue in store.queues():
        out = ended.get(queue.name, 0) / 60
        grown = store.samples.growth(queue.name)
        came = None if grown is None else max(0.0, out + grown[0] / grown[1])
        rates[queue.name] = (came, out)
    return rates


def describe_queue(
    queue: QueueView,
    rates: Mapping[str, tuple[float | None, float]],
    waits: Mapping[str, float],
    series: list[int | None],
) -> dict[str, Any]:
    """Return a queue as the API writes it."""
    came, out = rates.get(queue.name, (None, 0.0))
    paused = None
    if queue.paused is not None:
        since, by, reason = queue.paused
        paused = {"since": iso(since / 1000), "by": by or None, "reason": reason or None}
    return {
        "name": queue.name,
        "state": queue.state,
        "paused": paused,
        "ready": queue.ready,
        "delayed": queue.delayed,
        "rate_limited": queue.rate_limited,
        "running": queue.running,
        "oldest": seconds(waits.get(queue.name)),
        "in_rate": seconds(came),
        "out_rate": seconds(out),
        "served_by": list(queue.nodes),
        "threads": queue.threads,
        "series": series,
    }


def list_queues(
    store: StoreView,
    *,
    name: str = "",
    state: str | None = None,
    sort: str = "ready",
    order: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return a page of the queues."""
    offset = read_cursor(cursor)
    everything = store.queues()
    rates = queue_rates(store)
    states = Counter(queue.state for queue in everything)
    found = [
        queue
        for queue in everything
        if name.lower() in queue.name.lower() and state in (None, queue.state)
    ]

    waits = store.longest_waits(found) if sort == "oldest" else {}

    def key(queue: QueueView) -> Any:
        if sort == "oldest":
            return waits.get(queue.name, 0.0)
        return _SORTS[sort](queue, rates)

    descends = (order or ("asc" if sort == "name" else "desc")) == "desc"
    found.sort(key=lambda queue: queue.name)
    found.sort(key=key, reverse=descends)
    page = found[offset : offset + limit]
    waits = waits or store.longest_waits(page)
    bins = bin_range("1h", time.time())
    samples = store.samples.lengths("1h", bins)
    return {
        "at": iso_now(),
        "summary": {
            "total": len(everything),
            **{each: states[each] for each in ("served", "paused", "unserved", "empty")},
        },
        "total": len(found),
        "items": [
            describe_queue(queue, rates, waits, lengths_of(samples, queue.name)) for queue in page
        ],
        **page_cursors(offset, limit, offset + limit < len(found)),
    }


def lengths_of(samples: list[Mapping[str, int] | None], name: str) -> list[int | None]:
    """Return the lengths of one queue."""
    return [None if sample is None else sample.get(name, 0) for sample in samples]


def get_queue(
    store: StoreView, name: str, *, span: str = "1h", hidden: bool = False
) -> dict[str, Any]:
    """Return one queue with its next messages.

    Raises:
        Problem: There is no such queue.
    """
    queue = next((each for each in store.queues() if each.name == name), None)
    if queue is None:
        raise Problem("not_found", f"there is no queue {name!r}")
    rates = queue_rates(store)
    now = time.time()
    hour = store.samples.lengths("1h", bin_range("1h", now))
    upcoming = store.waiting([(name, 0, NEXT)])
    limited = _limits(store, upcoming)
    waits = store.longest_waits([queue])
    came, out = rates.get(name, (None, 0.0))
    shrinks = None if came is None else out - came
    return {
        "at": iso_now(),
        "queue": describe_queue(queue, rates, waits, lengths_of(hour, name)),
        "priorities": _priorities(store, name, now),
        "next": [
            {"place": place, "row": record.to_row(hidden=hidden)}
            for place, record in enumerate(upcoming, 1)
        ],
        "limits": limited,
        "empty_in": seconds(queue.ready / shrinks)
        if shrinks and shrinks > 0 and queue.ready
        else None,
        "first_seen": None,
        "series": _series(store, name, span, now),
    }


def _priorities(store: StoreView, queue: str, now: float) -> list[dict[str, Any]]:
    """Return how many messages of each priority are ready, the first priority first."""
    ages = {
        record.priority: None if record.ready_at is None else max(0.0, now - record.ready_at)
        for record in store.oldest_of_each_priority(queue)
    }
    found = store.engine.count_ready(queue)
    counts = {store.priority_of(band): count for band, count in found.items()}
    return [
        {"priority": priority, "ready": count, "oldest": seconds(ages.get(priority))}
        for priority, count in counts.items()
    ]


def _limits(store: StoreView, upcoming: list[Any]) -> list[dict[str, Any]]:
    from taskhub.web.queries.limits import rate_limits

    waiting = {record.task for record in upcoming}
    return [
        {"task": each["task"], "rate": each["rate"]}
        for each in rate_limits(store)
        if each["rate"] and (each["task"] in waiting or each["waiting"])
    ]


def _series(store: StoreView, name: str, span: str, now: float) -> dict[str, Any]:
    """Return what went in and out a second, by bin."""
    step = SPANS[span].step
    bins = bin_range(span, now)
    lengths = lengths_of(store.samples.lengths(span, bins), name)
    # Read a moment later, they may have gone on to the next bin.
    ended = {
        each.number: each.ended_by_queue.get(name, 0) if each.is_known else None
        for each in store.read_bins(span)
    }
    counts = [ended.get(number, 0) for number in bins]
    out = [None if count is None else count / step for count in counts]
    came: list[float | None] = []
    for place, rate in enumerate(out):
        before, after = (lengths[place - 1] if place else None), lengths[place]
        if rate is None or before is None or after is None:
            came.append(None)
        else:
            came.append(max(0.0, rate + (after - before) / step))
    return {
        "start": iso(bins.start * step),
        "step": step,
        "in_rate": [None if each is None else round(each, 4) for each in came],
        "out_rate": [None if each is None else round(each, 4) for each in out],
    }
