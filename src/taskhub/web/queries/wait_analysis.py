"""Why a task waits: all that may hold it back, looked at in a fixed order, and what decides."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from taskhub.humanize import counted, duration
from taskhub.web.queries.limits import rate_limits
from taskhub.web.queries.outcome_bins import join
from taskhub.web.queries.queues import queue_rates
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.times import iso, iso_now, seconds

if TYPE_CHECKING:
    from taskhub.web.queries.queue_view import QueueView
from taskhub.web.queries.store_view import StoreView

__all__ = ("analyse_wait",)

#: Messages before it that are looked at for those of the same task.
MOST_BEFORE: Final = 500
#: Messages that are shown as next.
NEXT: Final = 4


@dataclass(frozen=True)
class Check:
    """One check: what it found, and the verdict where it decides."""

    id: str
    #: passed, decides, also, none.
    result: str
    text: str
    values: dict[str, Any]
    link: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the API writes it."""
        return {
            "id": self.id,
            "result": self.result,
            "text": self.text,
            "values": self.values,
            "link": self.link,
        }


@dataclass(frozen=True)
class Before:
    """What stands before a task in its queue."""

    #: From 1; None: it is not among the ready.
    place: int | None
    by_priority: Counter[int | None]
    of_same_task: int
    first: tuple[TaskRecord, ...]


def analyse_wait(store: StoreView, record: TaskRecord, *, hidden: bool) -> dict[str, Any]:
    """Return why a task that has not begun waits.

    Args:
        store: Reads the store.
        record: The task.
        hidden: Whether arguments are kept from who asks.
    """
    now = time.time()
    queue = next((each for each in store.queues() if each.name == record.queue), None)
    limit = next((each for each in rate_limits(store) if each["task"] == record.task), None)
    is_ready = record.state == "waiting" and record.rate_limited_until is None
    before = _before(store, record) if is_ready else Before(None, Counter(), 0, ())
    link = f"/queues/{quote(record.queue or '', safe='')}"
    checks = [
        _workers(store, record, queue),
        _pause(queue, link),
        _due(record, now),
        _expiry(record, now),
        _rate(limit, record, before, now),
        _position(before, link),
        _threads(store, queue),
    ]
    deciding = _decide(checks)
    checks = [_with_result(check, deciding) for check in checks]
    estimate = _estimate(store, record, deciding, before, queue, now)
    place = None
    if before.place is not None and queue is not None:
        ready = max(queue.ready, before.place)
        place = {
            "place": before.place,
            "ready": ready,
            "before": [
                {"priority": priority, "count": count}
                for priority, count in before.by_priority.items()
                if priority is not None
            ],
            "after": ready - before.place,
        }
    return {
        "checked_at": iso_now(),
        "verdict": _verdict(deciding, before),
        "estimate": None
        if estimate is None
        else {"seconds": seconds(estimate), "at": iso(now + estimate)},
        "more_workers_help": None
        if deciding is None
        else deciding.id in ("workers", "position", "threads"),
        "checks": [check.to_json() for check in checks],
        "place": place,
        "next": [
            {"place": number, "row": each.to_row(hidden=hidden)}
            for number, each in enumerate(before.first, 1)
        ],
    }


def _before(store: StoreView, record: TaskRecord) -> Before:
    (found,) = store.engine.stored([record.key or record.id])
    if found is None or found.position is None:
        return Before(None, Counter(), 0, ())
    by_priority: Counter[int | None] = Counter()
    left, queue = found.position, found.envelope.queue
    for band, count in store.engine.count_ready(queue).items():
        if left > 0:
            by_priority[store.priority_of(band)] = min(left, count)
            left -= count
    page = store.waiting([(queue, 0, min(found.position, MOST_BEFORE))])
    same = sum(other.task == record.task for other in page)
    return Before(found.position + 1, by_priority, same, tuple(page[:NEXT]))


# -- checks


def _workers(store: StoreView, record: TaskRecord, queue: QueueView | None) -> Check:
    nodes = list(queue.nodes) if queue is not None else []
    threads = queue.threads if queue is not None else 0
    if not nodes:
        text = f"no worker serves {record.queue}"
        return Check(
            "workers",
            "decides",
            text,
            {"nodes": [], "threads": 0, "queue": record.queue},
            "/workers",
        )
    able = {
        info.node for info in store.worker_infos().values()
        if record.queue in info.queues and (not info.tasks or record.task in info.tasks)
    }  # fmt: skip
    values = {"nodes": nodes, "threads": threads, "queue": record.queue, "task": record.task}
    if not able:
        text = f"{_listed(nodes)} serve {record.queue}, but do not know the task {record.task}"
        return Check("workers", "decides", text, {**values, "unknown_task": True}, "/workers")
    return Check(
        "workers", "passed", f"{_listed(nodes)}, {counted(threads, 'thread')}", values, "/workers"
    )


def _pause(queue: QueueView | None, link: str) -> Check:
    name = queue.name if queue is not None else ""
    if queue is not None and queue.paused is not None:
        by = queue.paused.by or None
        values = {"queue": name, "by": by, "since": iso(queue.paused.since / 1000)}
        return Check(
            "pause", "decides", f"{name} is paused{f' by {by}' if by else ''}", values, link
        )
    return Check("pause", "passed", f"{name} is not paused", {"queue": name}, link)


def _due(record: TaskRecord, now: float) -> Check:
    due = record.due_at
    if due is not None and due > now:
        values = {
            "due_at": iso(due),
            "in": seconds(due - now),
            "try": record.tries + 1 if record.tries else None,
        }
        why = f"try {record.tries + 1} is due" if record.tries else "it is due"
        return Check("due", "decides", f"{why} in {duration(due - now)}", values)
    since = record.ready_at or record.sent_at
    return Check(
        "due",
        "passed",
        "due, sent without a delay" if due is None else "due",
        {"since": iso(since)},
    )


def _expiry(record: TaskRecord, now: float) -> Check:
    if record.expires_at is None:
        return Check("expiry", "passed", "does not expire, not revoked", {})
    left = record.expires_at - now
    values = {"expires_at": iso(record.expires_at), "in": seconds(left)}
    if left <= 0:
        return Check("expiry", "decides", "has expired: a worker will end it as revoked", values)
    return Check("expiry", "passed", f"expires in {duration(left)}, not revoked", values)


def _rate(limit: dict[str, Any] | None, record: TaskRecord, before: Before, now: float) -> Check:
    until = record.rate_limited_until
    if until is not None:
        rate = limit["rate"] if limit is not None and limit["rate"] else "its rate limit"
        waiting = limit["waiting"] if limit is not None else 1
        values = {
            "rate": rate,
            "waiting": waiting,
            "before": before.of_same_task,
            "until": iso(until),
            "in": seconds(max(0.0, until - now)),
        }
        text = f"{rate}: {waiting} wait, its permit comes in {duration(until - now)}"
        return Check("rate_limit", "decides", text, values, "/limits")
    if limit is None or not limit["rate"]:
        return Check("rate_limit", "none", "none for this task", {}, "/limits")
    values = {"rate": limit["rate"], "waiting": limit["waiting"], "before": before.of_same_task}
    text = f"{limit['rate']}, {limit['waiting']} wait for permits"
    return Check("rate_limit", "also" if limit["waiting"] else "passed", text, values, "/limits")


def _position(before: Before, link: str) -> Check:
    if before.place is None:
        return Check("position", "none", "it is not among the ready messages", {}, link)
    ahead = before.place - 1
    values = {
        "before": ahead,
        "by_priority": [
            {"priority": priority, "count": count} for priority, count in before.by_priority.items()
        ],
    }
    if not ahead:
        return Check("position", "passed", "next to start", values, link)
    parts = [f"{count} of priority {priority}" for priority, count in before.by_priority.items()]
    return Check("position", "also", f"behind {ahead}: {', '.join(parts)}", values, link)


def _threads(store: StoreView, queue: QueueView | None) -> Check:
    if queue is None or not queue.nodes:
        return Check("threads", "none", "no worker serves the queue", {}, "/workers")
    serving = [each for each in store.processes() if each.info and queue.name in each.info.queues]
    busy = sum(len(each.running) for each in serving)
    total = sum(each.info.threads for each in serving if each.info)
    oldest = max((record.ran or 0.0 for each in serving for record in each.running), default=None)
    free = max(0, total - busy)
    values = {"free": free, "threads": total, "longest": seconds(oldest)}
    if free:
        return Check("threads", "passed", f"{free} of {total} are free", values, "/workers")
    text = f"0 of {total}" + (f", the longest task runs for {duration(oldest)}" if oldest else "")
    return Check("threads", "also", text, values, "/workers")


# -- what decides

#: What holds a task back for certain comes first, then what only takes time.
_ORDER: Final = ("expiry", "workers", "pause", "due", "rate_limit")


def _decide(checks: list[Check]) -> Check | None:
    by_id = {check.id: check for check in checks}
    for name in _ORDER:
        if by_id[name].result == "decides":
            return by_id[name]
    if by_id["position"].result == "also":
        return by_id["position"]
    if by_id["threads"].result == "also":
        return by_id["threads"]
    return None


def _with_result(check: Check, deciding: Check | None) -> Check:
    if deciding is not None and check.id == deciding.id:
        return Check(check.id, "decides", check.text, check.values, check.link)
    if check.result == "decides":
        return Check(check.id, "also", check.text, check.values, check.link)
    return check


def _verdict(deciding: Check | None, before: Before) -> dict[str, Any]:
    if deciding is None:
        return {
            "id": "soon",
            "text": "Nothing holds it back: a worker takes it at once.",
            "values": {},
        }
    texts = {
        "workers": ("no_worker", "No worker takes it."),
        "pause": ("paused", "Its queue is paused."),
        "due": ("due", "It is not due yet."),
        "rate_limit": ("rate_limit", "The rate limit of its task holds it back."),
        "expiry": ("expired", "It has expired."),
        "position": (
            "position",
            f"{counted((before.place or 1) - 1, 'other comes', 'others come')} first.",
        ),
        "threads": ("threads", "All threads are busy."),
    }
    name, text = texts[deciding.id]
    return {
        "id": name,
        "text": f"{text} {deciding.text[:1].upper()}{deciding.text[1:]}.",
        "values": deciding.values,
    }


def _estimate(
    store: StoreView,
    record: TaskRecord,
    deciding: Check | None,
    before: Before,
    queue: QueueView | None,
    now: float,
) -> float | None:
    """Return in how many seconds it starts, at the rates of the last minute; None: unknown."""
    if deciding is None:
        return 0.0
    if deciding.id == "due":
        return max(0.0, (record.due_at or now) - now)
    if deciding.id == "rate_limit" and record.rate_limited_until is not None:
        return max(0.0, record.rate_limited_until - now)
    if deciding.id in ("position", "threads") and queue is not None:
        out = queue_rates(store).get(queue.name, (None, 0.0))[1]
        ahead = before.place or 1
        if out:
            return ahead / out
        usual = join(each.run_by_task.get(record.task, {}) for each in store.read_bins("1h")).median
        return ahead * usual / queue.threads if usual and queue.threads else None
    return None


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
