"""Worker processes, and what each runs: by their leases, and by their own reports."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from taskhub.exceptions import DecodeError
from taskhub.message import decode_body
from taskhub.web.queries.task_record import TaskRecord, read_body_fields

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView
    from taskhub.worker.leases.worker_info import WorkerInfo

__all__ = ("ProcessView", "read_processes")

#: How long workers may take to report, seconds; of others only the lease is shown.
ANSWER_TIMEOUT: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class ProcessView:
    """A worker process."""

    worker: str
    info: WorkerInfo | None
    #: Seconds left of its lease.
    lease_left: float
    #: Seconds that a lease lasts.
    lease: float
    #: What it reported; None: it did not answer.
    report: Mapping[str, Any] | None
    #: The longest first.
    running: tuple[TaskRecord, ...] = ()

    @property
    def node(self) -> str:
        """Name of the node."""
        # One that has begun its lease, but not registered yet, is known by its name only.
        return self.worker.rsplit(":", 2)[0] if self.info is None else self.info.node

    @property
    def threads(self) -> int:
        """How many tasks it runs at once."""
        return 0 if self.info is None else self.info.threads

    @property
    def state(self) -> str:
        """One of `running`, `draining`, `silent`."""
        if self.report is None and self.info is not None and self.info.listens:
            return "silent"
        if self.info is not None and not self.info.queues and self.info.cancelled:
            return "draining"
        return "running"


def read_processes(store: StoreView) -> list[ProcessView]:
    """Return the live worker processes."""
    infos = store.worker_infos()
    reports = _request_reports(store) if infos else {}
    lease = store.engine.rules.lease / 1000
    found: list[ProcessView] = []
    for worker, left in sorted(store.engine.workers().items()):
        if left <= 0 and worker not in infos:
            continue
        info, report = infos.get(worker), reports.get(worker)
        running = [
            _running(store, each, info, report) for each in (report or {}).get("running", ())
        ]
        running.sort(key=lambda record: -(record.ran or 0.0))
        found.append(
            ProcessView(
                worker=worker,
                info=info,
                lease_left=left / 1000,
                lease=lease,
                report=report,
                running=tuple(running),
            )
        )
    return found


def _request_reports(store: StoreView) -> dict[str, Mapping[str, Any]]:
    """Request reports of what worker processes do; return them by worker."""
    with warnings.catch_warnings():
        # Several workers of one name are shown side by side here.
        warnings.simplefilter("ignore")
        replies = store.app.control.broadcast("processes", reply=True, timeout=ANSWER_TIMEOUT)
    return {
        str(one["worker"]): one
        for reply in replies or ()
        for answer in reply.values()
        if isinstance(answer, list)
        for one in answer
        if isinstance(one, Mapping) and "worker" in one
    }


def _running(
    store: StoreView,
    run: Mapping[str, Any],
    info: WorkerInfo | None,
    report: Mapping[str, Any] | None,
) -> TaskRecord:
    """Return a task that a process reports to run."""
    fields: dict[str, Any] = {"task": run.get("task", ""), "shown": run.get("arguments", "")}
    try:
        if "body" in run:
            body = decode_body(str(run["body"]).encode())
            fields = read_body_fields(store.app, body, store.excerpts)
    except (DecodeError, TypeError, AttributeError, KeyError, ValueError):
        fields = {"task": "(unreadable)"}
    ran = run.get("ran")
    fields |= {
        "id": run["id"],
        "key": run.get("key") or run["id"],
        "state": "running",
        "queue": run.get("queue"),
        "priority": store.priority_of(run.get("priority")),
        "deliveries": run.get("deliveries"),
        "waited": run.get("waited"),
        "ran": ran,
        "started_at": None if ran is None else time.time() - ran,
        "worker": None if info is None else info.node,
        "host": None if info is None else info.host,
        "process": (report or {}).get("pid"),
        "thread": run.get("thread"),
        "soft_limit": run.get("soft_limit"),
        "hard_limit": run.get("hard_limit"),
        "tries": int(fields.get("tries") or 0) + 1,
        "due_at": None,
    }
    return TaskRecord(**fields)
