"""Retry, revoke, terminate and delete tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from taskhub.control.revocation import revoke_ids
from taskhub.humanize import counted
from taskhub.web.actions.actor import Actor, Done
from taskhub.web.filters import Filter
from taskhub.web.problem import Problem
from taskhub.web.queries.queues import queue_rates
from taskhub.web.queries.task_finder import find_task
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.task_search import TABS, TaskSearch
from taskhub.web.queries.tasks import describe_filter
from taskhub.web.queries.times import iso_now, seconds

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = (
    "Batch",
    "act_on_ids",
    "act_on_task",
    "apply_batch",
    "check_signal",
    "plan_action",
    "reason_to_skip",
    "tasks_to_act_on",
)

#: Tabs of which tasks an action may act on.
TABS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "retry": ("failed",),
    "revoke": ("retrying", "waiting", "delayed"),
    "terminate": ("running",),
    "delete": ("failed", "succeeded", "revoked"),
}
#: Tasks of a dry run that are looked at.
MOST_PLANNED: Final = 100_000
_SIGNALS: Final = frozenset({"SIGTERM", "SIGKILL", "SIGUSR1", "SIGINT", "SIGQUIT"})


@dataclass(frozen=True)
class Batch:
    """Some tasks, and what is to be done to them."""

    action: str
    records: Sequence[TaskRecord]
    signal: str = "SIGTERM"


@dataclass
class Applied:
    """What became of a batch."""

    ids: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def reason_to_skip(action: str, record: TaskRecord) -> str | None:
    """Return why a task is left alone; None: it is acted on."""
    state = "failed" if record.state == "dead" else record.state
    if state not in TABS_OF[action]:
        if action in ("retry", "terminate"):
            return "not_failed" if action == "retry" else "not_running"
        return "running" if state == "running" else "ended" if action == "revoke" else state
    if action == "retry" and not record.replayable:
        return "message_gone"
    return None


def reason_to_act(record: TaskRecord) -> str:
    """Return of which kind a task is that is acted on."""
    if record.state == "dead":
        return "dead"
    if record.state == "failed":
        return "after_last_retry" if record.tries > 1 else "not_retried"
    return "ended" if record.state in ("succeeded", "revoked") else record.state


def apply_batch(store: StoreView, batch: Batch) -> Applied:
    """Act on some tasks; those that cannot be acted on are skipped."""
    applied = Applied()
    able: list[TaskRecord] = []
    for record in batch.records:
        reason = reason_to_skip(batch.action, record)
        if reason is None:
            able.append(record)
        else:
            applied.skipped[reason] += 1
    if able:
        acts = {"retry": _retry, "delete": _delete, "revoke": _revoke, "terminate": _terminate}
        applied.ids = acts[batch.action](store, able, batch.signal)
        applied.skipped["changed_meanwhile"] += len(able) - len(applied.ids)
    return applied


def _retry(store: StoreView, able: Sequence[TaskRecord], signal: str) -> list[str]:
    done = set(store.ended.retry_failed(able))
    return [record.id for record in able if (record.key or record.id) in done]


def _delete(store: StoreView, able: Sequence[TaskRecord], signal: str) -> list[str]:
    done = set(store.ended.delete_ended(able))
    return [record.id for record in able if (record.key or record.id) in done]


def _revoke(store: StoreView, able: Sequence[TaskRecord], signal: str) -> list[str]:
    ids = [record.id for record in able]
    revoke_ids(store.app, ids)
    return ids


def _terminate(store: StoreView, able: Sequence[TaskRecord], signal: str) -> list[str]:
    ids = [record.id for record in able]
    nodes = sorted({record.worker for record in able if record.worker})
    store.app.control.terminate(ids, destination=nodes or None, signal=signal)
    return ids


def act_on_ids(
    store: StoreView, actor: Actor, action: str, ids: Sequence[str], signal: str | None = None
) -> Done:
    """Act on tasks that are named by their ids."""
    unique = list(dict.fromkeys(ids))
    records = store.find_tasks(unique)
    applied = apply_batch(store, Batch(action, records, check_signal(signal)))
    applied.skipped["unknown_id"] += len(unique) - len(records)
    one = len(unique) == 1
    actor.note(
        store,
        f"tasks.{action}",
        "task" if one else "tasks",
        unique[0] if one else f"{len(unique)} selected",
        task=records[0].task if one and records else None,
        done=len(applied.ids),
        matched=len(unique),
    )
    skipped = tuple((reason, count) for reason, count in applied.skipped.items() if count)
    return Done(
        action, tuple(applied.ids), skipped, f"{len(applied.ids)} of {counted(len(unique), 'task')}"
    )


def act_on_task(
    store: StoreView, actor: Actor, task_id: str, action: str, body: Mapping[str, Any]
) -> Done:
    """Act on one task; a retry may have edited arguments.

    Raises:
        Problem: There is no such task, or its state does not allow it.
    """
    signal = check_signal(body.get("signal"))
    record = find_task(store, task_id)
    if record is None:
        raise Problem("not_found", f"nothing is kept of a task {task_id!r}")
    edited = is_edited(action, body)
    reason = reason_to_skip(action, record)
    if reason is not None and not (edited and record.state in ("failed", "dead")):
        raise Problem("conflict", _refusal(action, record, reason))
    if edited:
        return _retry_edited(store, actor, record, body)
    applied = apply_batch(store, Batch(action, [record], signal))
    if not applied.ids:
        raise Problem("conflict", f"task {record.id} has changed meanwhile: look again")
    how = str(body.get("reason") or "")
    actor.note(
        store, f"tasks.{action}", "task", record.id, task=record.task, done=1, matched=1, how=how
    )
    return Done(action, tuple(applied.ids), (), f"{action} of {record.id}")


def is_edited(action: str, body: Mapping[str, Any]) -> bool:
    """Whether a retry sends other arguments than before."""
    return action == "retry" and not body.keys().isdisjoint({"args", "kwargs", "queue"})


def _retry_edited(
    store: StoreView, actor: Actor, record: TaskRecord, body: Mapping[str, Any]
) -> Done:
    """Send a failed task again with other arguments, under a new id; the failed one stays."""
    args = body.get("args", record.args)
    kwargs = body.get("kwargs", record.kwargs)
    if args is None or kwargs is None:
        raise Problem("conflict", f"arguments of {record.id} are not kept: give args and kwargs")
    options: dict[str, Any] = {"queue": body.get("queue") or record.queue}
    if record.priority is not None:
        options["priority"] = record.priority
    try:
        result = store.app.send_task(record.task, args=args, kwargs=kwargs, **options)
    except (TypeError, ValueError) as error:
        raise Problem("invalid", f"the task cannot be sent so: {error}") from error
    before: dict[Any, Any] = {**dict(enumerate(record.args or ())), **(record.kwargs or {})}
    after: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
    names = [str(name) for name in {**before, **after} if before.get(name) != after.get(name)]
    changed = names[:10]
    actor.note(
        store,
        "tasks.edit",
        "task",
        record.id,
        task=record.task,
        done=1,
        matched=1,
        how=f"with edited arguments: {', '.join(changed)}" if changed else "",
        values={"arguments": changed, "new_id": result.id},
    )
    return Done("retry", (str(result.id),), (), f"sent as {result.id}")


def _refusal(action: str, record: TaskRecord, reason: str) -> str:
    if reason == "message_gone":
        return f"task {record.id} cannot be retried: its message is no longer kept"
    return f"{action} does not go: task {record.id} is {record.state}"


def check_signal(name: str | None) -> str:
    """Return the name of a signal.

    Raises:
        Problem: It is none that ends tasks.
    """
    chosen = name or "SIGTERM"
    if chosen not in _SIGNALS:
        raise Problem("invalid", f"signal: {chosen!r} is none of {', '.join(sorted(_SIGNALS))}")
    return chosen


# -- all that match


def tasks_to_act_on(store: StoreView, wanted: Filter, before: float | None) -> Iterator[TaskRecord]:
    """Yield the tasks that match, whether they can be acted on or not."""
    search = TaskSearch(store, wanted)
    for tab in TABS:
        for record in search.each(tab):
            at = record.ended_at if record.ended_at is not None else record.sent_at
            if before is None or at is None or at <= before:
                yield record


def plan_action(
    store: StoreView, action: str, wanted: Filter, before: float | None
) -> dict[str, Any]:
    """Return what an action on all that match would do."""
    at = iso_now()
    now = datetime.now(UTC).timestamp() if before is None else before
    acts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    queues: Counter[str] = Counter()
    looked = 0
    for record in islice(tasks_to_act_on(store, wanted, now), MOST_PLANNED):
        looked += 1
        reason = reason_to_skip(action, record)
        if reason is not None:
            skipped[reason] += 1
            continue
        acts[reason_to_act(record)] += 1
        if action == "retry" and record.queue is not None:
            queues[record.queue] += 1
    return {
        "action": action,
        "at": at,
        "filter": describe_filter(wanted),
        "matched": looked,
        "acts": acts.total(),
        "reasons": _reasons(acts),
        "skipped": _reasons(skipped),
        "at_least": looked == MOST_PLANNED,
        "queues": _loads(store, queues),
    }


def _reasons(found: Counter[str]) -> list[dict[str, Any]]:
    return [{"reason": reason, "count": count} for reason, count in found.most_common() if count]


def _loads(store: StoreView, queues: Counter[str]) -> list[dict[str, Any]]:
    """Return how many messages a retry adds to the queues, and how long they will take."""
    rates = queue_rates(store) if queues else {}
    waiting = {queue.name: queue.ready for queue in store.queues()}
    loads: list[dict[str, Any]] = []
    for queue, adds in queues.most_common(20):
        out = rates[queue][1] if queue in rates else 0.0
        takes = seconds(adds / out) if out else None
        load = {"queue": queue, "waiting": waiting.get(queue, 0), "adds": adds, "seconds": takes}
        loads.append(load)
    return loads
