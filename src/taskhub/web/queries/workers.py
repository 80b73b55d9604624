"""The page of workers: nodes, processes, and what each thread runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from taskhub.web.queries.overview import memory_of
from taskhub.web.queries.processes import ProcessView
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.times import iso, iso_now, seconds

if TYPE_CHECKING:
    from taskhub.worker.leases.worker_info import WorkerInfo

__all__ = ("WORKER_ACTIONS", "list_workers")

#: Actions of a node, by its state.
WORKER_ACTIONS: Final = (
    "drain",
    "resume",
    "stop",
    "grow",
    "shrink",
    "add_queue",
    "cancel_queue",
    "replace",
)


def list_workers(store: StoreView, *, rows: int = 100, hidden: bool = False) -> dict[str, Any]:
    """Return the nodes with their processes.

    Args:
        store: Reads the store.
        rows: Running tasks of each process that are listed.
        hidden: Whether arguments, and texts of exceptions, are kept from who asks.
    """
    processes = store.processes()
    nodes: dict[str, list[ProcessView]] = {}
    for process in processes:
        nodes.setdefault(process.node, []).append(process)
    items = [_node(node, members, rows, hidden) for node, members in sorted(nodes.items())]
    infos = [process.info for process in processes if process.info is not None]
    return {
        "at": iso_now(),
        "summary": {
            "nodes": len(items),
            "hosts": len({info.host for info in infos}),
            "processes": len(processes),
            "threads": sum(info.threads for info in infos),
            "busy": sum(len(process.running) for process in processes),
            "versions": sorted({info.version for info in infos if info.version}),
        },
        "items": items,
    }


def _node(node: str, members: Sequence[ProcessView], rows: int, hidden: bool) -> dict[str, Any]:
    infos = [process.info for process in members if process.info is not None]
    states = {process.state for process in members}
    queues = sorted({queue for info in infos for queue in info.queues})
    state = "running"
    if states == {"silent"}:
        state = "silent"
    elif states & {"draining"} and not queues:
        state = "draining"
    renewed = [process.lease - process.lease_left for process in members]
    return {
        "node": node,
        "host": infos[0].host if infos else "",
        "queues": queues,
        "state": state,
        "threads": sum(info.threads for info in infos),
        "busy": sum(len(process.running) for process in members),
        "memory": memory_of(members),
        "lease": seconds(max(renewed, default=None)),
        "started_at": iso(min((info.started for info in infos), default=None)),
        "restarts": sum(counted) if (counted := _restarts(infos)) else None,
        "restart_reason": _last_reason(infos, hidden),
        "version": infos[0].version if infos else None,
        "processes": [_process(process, rows, hidden) for process in members],
        "actions": _actions(state, infos),
    }


def _restarts(infos: Sequence[WorkerInfo]) -> list[int]:
    return [info.restarts for info in infos if info.restarts is not None]


def _last_reason(infos: Sequence[WorkerInfo], hidden: bool) -> str | None:
    """Return why a process of a node was restarted the last time."""
    restarted = [info for info in infos if info.restarts]
    last = max(restarted, key=lambda info: info.started, default=None)
    return _reason(last, hidden)


def _reason(info: WorkerInfo | None, hidden: bool) -> str | None:
    """Return why a process was restarted; if hidden, without the text of an exception."""
    if info is None:
        return None
    return (info.restart_reason_without_text if hidden else info.restart_reason) or None


def _actions(state: str, infos: Sequence[Any]) -> list[str]:
    if not any(info.listens for info in infos):
        return []
    hidden = {"resume"} if state != "draining" else {"drain"}
    return [action for action in WORKER_ACTIONS if action not in hidden]


def _process(process: ProcessView, rows: int, hidden: bool) -> dict[str, Any]:
    report = process.report or {}
    return {
        "number": report.get("number"),
        "pid": process.info.process if process.info is not None else int(report.get("pid", 0)),
        "key": process.worker,
        "memory": report.get("memory"),
        "threads": process.info.threads if process.info is not None else 0,
        "busy": len(process.running),
        "held": int(report.get("held", len(process.running))),
        "lease_left": seconds(process.lease_left),
        "state": process.state,
        "restarts": None if process.info is None else process.info.restarts,
        "restart_reason": _reason(process.info, hidden),
        "running": [_running(record, hidden) for record in process.running[:rows]],
    }


def _running(record: TaskRecord, hidden: bool) -> dict[str, Any]:
    return {
        "id": record.id,
        "task": record.task,
        "arguments": None if hidden else record.arguments,
        "queue": record.queue,
        "since": iso(record.started_at),
        "ran": seconds(record.ran),
        "soft_limit": record.soft_limit,
        "hard_limit": record.hard_limit,
        "thread": record.thread,
    }
