"""State of tasks and workers in memory, made from events, for monitors."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from celery._unsupported import unsupported_getattr
from celery.events._records import (
    HEARTBEAT_DRIFT_MAX,
    HEARTBEAT_EXPIRE_WINDOW,
    TASK_EVENT_TO_STATE,
    Task,
    Worker,
    heartbeat_expires,
)

__all__ = (
    "HEARTBEAT_DRIFT_MAX",
    "HEARTBEAT_EXPIRE_WINDOW",
    "TASK_EVENT_TO_STATE",
    "State",
    "Task",
    "Worker",
    "heartbeat_expires",
)

#: Within the class the names are those of its attributes.
TaskRecord: TypeAlias = Task
WorkerRecord: TypeAlias = Worker


class State:
    """Tasks and workers, made from events: `Receiver(handlers={"*": state.event})`.

    Args:
        callback: Called with the state and each event.
        workers, tasks: To begin with, by name and id.
        max_workers_in_memory, max_tasks_in_memory: The oldest ones beyond are forgotten.
        on_node_join, on_node_leave: Called with a worker that comes or goes.
    """

    Worker = WorkerRecord
    Task = TaskRecord

    def __init__(
        self,
        callback: Callable[[State, dict[str, Any]], Any] | None = None,
        workers: Mapping[str, WorkerRecord] | None = None,
        tasks: Mapping[str, TaskRecord] | None = None,
        taskheap: Any = None,
        max_workers_in_memory: int = 5000,
        max_tasks_in_memory: int = 10000,
        on_node_join: Callable[[WorkerRecord], Any] | None = None,
        on_node_leave: Callable[[WorkerRecord], Any] | None = None,
        **_: Any,
    ) -> None:
        self.event_callback = callback
        self.workers: OrderedDict[str, WorkerRecord] = OrderedDict(workers or {})
        self.tasks: OrderedDict[str, TaskRecord] = OrderedDict(tasks or {})
        self.max_workers_in_memory = max_workers_in_memory
        self.max_tasks_in_memory = max_tasks_in_memory
        self.on_node_join, self.on_node_leave = on_node_join, on_node_leave
        self.event_count = self.task_count = 0
        self._seen_types: Counter[str] = Counter()
        self._mutex = threading.RLock()

    def event(self, event: dict[str, Any]) -> Any:
        """Take an event in; returns the object that it is about and the event's kind."""
        with self._mutex:
            return self._event(dict(event))

    def _event(self, event: dict[str, Any]) -> Any:
        self.event_count += 1
        if self.event_callback:
            self.event_callback(self, event)
        group, _, kind = event.pop("type").partition("-")
        timestamp, received = event.get("timestamp"), event.get("local_received", time.time())
        hostname = event.get("hostname")
        if group == "worker" and hostname:
            worker, created = self._worker(hostname)
            gone = kind == "offline"
            fields = {name: event[name] for name in WorkerRecord._fields if name in event}
            worker.event(kind, timestamp, received, fields)
            if gone:
                self.workers.pop(hostname, None)
            hook = self.on_node_leave if gone else self.on_node_join if created else None
            if hook:
                hook(worker)
            return (worker, created), kind
        if group == "task" and event.get("uuid"):
            task, created = self.get_or_create_task(event["uuid"])
            event.pop("uuid")
            if kind == "sent":
                event["client"] = event.pop("hostname", None)
            elif hostname:
                event["worker"] = self._worker(hostname)[0]
            if kind == "received":
                self.task_count += 1
            task.event(kind, timestamp, received, event)
            if created and task.name:
                self._seen_types[str(task.name)] += 1
            return (task, created), kind
        return None

    def _worker(self, hostname: str) -> tuple[WorkerRecord, bool]:
        worker = self.workers.get(hostname)
        if worker is not None:
            return worker, False
        worker = self.workers[hostname] = self.Worker(hostname)
        while len(self.workers) > self.max_workers_in_memory:
            self.workers.popitem(last=False)
        return worker, True

    def get_or_create_worker(self, hostname: str, **kwargs: Any) -> tuple[WorkerRecord, bool]:
        """Return a worker, and whether it was unknown."""
        worker, created = self._worker(hostname)
        worker.update(kwargs)
        return worker, created

    def get_or_create_task(self, uuid: str) -> tuple[TaskRecord, bool]:
        """Return a task, and whether it was unknown."""
        task = self.tasks.get(uuid)
        if task is not None:
            self.tasks.move_to_end(uuid)
            return task, False
        task = self.tasks[uuid] = self.Task(uuid, cluster_state=self)
        while len(self.tasks) > self.max_tasks_in_memory:
            self.tasks.popitem(last=False)
        return task, True

    def itertasks(self, limit: int | None = None) -> Iterator[tuple[str, TaskRecord]]:
        """Yield ids and tasks."""
        for index, row in enumerate(list(self.tasks.items())):
            if limit and index >= limit:
                return
            yield row

    def tasks_by_time(
        self, limit: int | None = None, reverse: bool = True
    ) -> Iterator[tuple[str, TaskRecord]]:
        """Yield ids and tasks, the latest first."""
        rows = sorted(self.tasks.items(), key=lambda row: row[1].timestamp or 0, reverse=reverse)
        return iter(rows[: limit or None])

    tasks_by_timestamp = tasks_by_time

    def tasks_by_type(
        self, name: str, limit: int | None = None, reverse: bool = True
    ) -> Iterator[tuple[str, TaskRecord]]:
        """Yield ids and tasks of a name, the latest first."""
        rows = [row for row in self.tasks_by_time(reverse=reverse) if row[1].name == name]
        return iter(rows[: limit or None])

    def tasks_by_worker(
        self, hostname: str, limit: int | None = None, reverse: bool = True
    ) -> Iterator[tuple[str, TaskRecord]]:
        """Yield ids and tasks that a worker has, the latest first."""
        rows = [
            row
            for row in self.tasks_by_time(reverse=reverse)
            if row[1].worker is not None and row[1].worker.hostname == hostname
        ]
        return iter(rows[: limit or None])

    def task_types(self) -> list[str]:
        """Return the names of tasks that were seen."""
        return sorted(self._seen_types)

    def alive_workers(self) -> Iterator[WorkerRecord]:
        """Yield the workers that count as alive."""
        return (worker for worker in list(self.workers.values()) if worker.alive)

    def clear_tasks(self, ready: bool = True) -> None:
        """Forget tasks; with `ready` those that have ended."""
        with self._mutex:
            for uuid, task in list(self.tasks.items()):
                if not ready or task.ready:
                    del self.tasks[uuid]

    def clear(self, ready: bool = True) -> None:
        """Forget tasks (with `ready` those that have ended) and workers, and count anew."""
        with self._mutex:
            self.clear_tasks(ready)
            self.workers.clear()
            self.event_count = self.task_count = 0

    def freeze_while(self, fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function while no event is taken in."""
        with self._mutex:
            return fun(
                *args, **{name: one for name, one in kwargs.items() if name != "clear_after"}
            )

    def __repr__(self) -> str:
        return f"<State: events={self.event_count} tasks={self.task_count}>"


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
