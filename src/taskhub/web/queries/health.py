"""The health strip of the first page: what is wrong with store, queues, schedules and workers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from taskhub.humanize import counted
from taskhub.web.queries.processes import ProcessView
from taskhub.web.queries.queue_view import QueueView
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.times import seconds

__all__ = ("health_items", "is_late")

#: Part of the memory limit from which memory is a warning.
FULL: Final = 0.8
#: A lease of which less than this part is left is late: it is renewed several times before.
LATE: Final = 0.4
#: A run that is due is late after so many seconds.
LATE_RUN: Final = 30.0


def health_items(
    store: StoreView, queues: Sequence[QueueView], processes: Sequence[ProcessView]
) -> list[dict[str, Any]]:
    """Return the things of the health strip, what is wrong first."""
    items = [
        *_store_health(store),
        *_queue_health(queues),
        *_schedule_health(store),
        *_worker_health(processes),
    ]
    order = {"fail": 0, "warn": 1, "ok": 2}
    return sorted(items, key=lambda item: order[item["level"]])


def _item(
    kind: str, level: str, text: str, link: str | None = None, **values: Any
) -> dict[str, Any]:
    return {"id": kind, "level": level, "text": text, "values": values, "link": link}


def _store_health(store: StoreView) -> Iterator[dict[str, Any]]:
    facts = store.server()
    if facts.memory is not None and facts.memory_limit:
        part = facts.memory / facts.memory_limit
        level = "warn" if part >= FULL else "ok"
        if level == "warn":
            text = f"{part:.0%} of {facts.memory_limit:,} bytes"
            yield _item(
                "store_memory", level, text, "/settings",
                used=facts.memory, limit=facts.memory_limit, part=round(part, 4),
            )  # fmt: skip
    if facts.append_only_file is not None:
        on = facts.append_only_file
        yield _item(
            "append_only_file", "ok" if on else "warn", "on" if on else "off", "/settings", on=on
        )


def _queue_health(queues: Sequence[QueueView]) -> Iterator[dict[str, Any]]:
    for queue in queues:
        if queue.state == "unserved":
            text = f"{queue.name}, {queue.ready:,} waiting"
            link = f"/queues/{queue.name}"
            yield _item("unserved_queue", "warn", text, link, queue=queue.name, waiting=queue.ready)
        elif queue.state == "paused" and queue.ready:
            text = f"{queue.name}, {queue.ready:,} waiting"
            link = f"/queues/{queue.name}"
            yield _item("paused_queue", "warn", text, link, queue=queue.name, waiting=queue.ready)


def _schedule_health(store: StoreView) -> Iterator[dict[str, Any]]:
    entries = store.schedule()
    if not entries:
        return
    leader = store.leader()
    if leader is None:
        yield _item(
            "no_leader",
            "warn",
            f"{counted(len(entries), 'entry', 'entries')}, nobody sends them",
            "/schedule",
            entries=len(entries),
        )
        return
    yield _item("leader", "ok", leader[0], "/schedule", name=leader[0])
    now = time.time()
    for status in entries:
        late = None if status.next_run is None else now - status.next_run.timestamp()
        if late is not None and late > LATE_RUN:
            text = f"{status.entry.name}, {late:.0f} s late"
            link = f"/schedule/{status.entry.name}"
            yield _item(
                "late_schedule", "warn", text, link, entry=status.entry.name, late=seconds(late)
            )


def _worker_health(processes: Sequence[ProcessView]) -> Iterator[dict[str, Any]]:
    if not processes:
        yield _item("no_worker", "warn", "no worker is there", "/workers")
        return
    late = [process.node for process in processes if is_late(process)]
    level = "warn" if late else "ok"
    text = f"{len(late)} of {len(processes)}" if late else "none"
    yield _item("late_leases", level, text, "/workers", count=len(late), workers=len(processes))


def is_late(process: ProcessView) -> bool:
    """Whether the lease of a process is late."""
    return process.lease_left < process.lease * LATE
