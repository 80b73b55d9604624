"""Search of tasks by id, and of task names, queues, workers and schedule entries."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from taskhub.web.conditions import Condition
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.task_finder import find_by_prefix

__all__ = ("search",)

#: Hits of each kind.
MOST: Final = 5
SHORTEST_ID: Final = 4


def search(store: StoreView, text: str) -> dict[str, Any]:
    """Return what goes with a text, ids first."""
    wanted = text.strip().lower()
    items: list[dict[str, Any]] = []
    if len(wanted) >= SHORTEST_ID:
        items += [
            _hit(
                "task",
                record.id,
                f"/tasks/{quote(record.id, safe='')}",
                task=record.task,
                state=record.state,
            )
            for record in find_by_prefix(store, text.strip(), MOST)
        ]
    queues = [queue for queue in store.queues() if wanted in queue.name.lower()]
    items += [
        _hit("queue", queue.name, f"/queues/{quote(queue.name, safe='')}", ready=queue.ready)
        for queue in queues[:MOST]
    ]
    infos = store.worker_infos().values()
    names = {name for name in store.app.tasks if not name.startswith("celery.")}
    names |= {name for info in infos for name in info.tasks if not name.startswith("celery.")}
    for name in sorted(name for name in names if wanted in name.lower())[:MOST]:
        condition = Condition(key="task", value=name).text
        items.append(_hit("task_name", name, f"/tasks?filter={quote(condition)}"))
    nodes = sorted({info.node for info in infos if wanted in info.node.lower()})
    items += [_hit("worker", node, "/workers") for node in nodes[:MOST]]
    entries = [each.entry.name for each in store.schedule() if wanted in each.entry.name.lower()]
    items += [
        _hit("schedule", name, f"/schedule/{quote(name, safe='')}") for name in entries[:MOST]
    ]
    return {"items": items}


def _hit(kind: str, name: str, link: str, **note: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "note": note, "link": link}
