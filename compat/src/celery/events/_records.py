"""Tasks and workers, made from events (as `celery.events.state`)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskhub import states

if TYPE_CHECKING:
    from celery.events.state import State

#: A worker counts as alive for so many times the seconds between its heartbeats.
HEARTBEAT_EXPIRE_WINDOW = 200.0
#: How far apart clocks may be, seconds.
HEARTBEAT_DRIFT_MAX = 16

#: What a task is in after an event, without "task-".
TASK_EVENT_TO_STATE: Mapping[str, str] = {
    "sent": states.PENDING,
    "received": states.RECEIVED,
    "started": states.STARTED,
    "failed": states.FAILURE,
    "retried": states.RETRY,
    "succeeded": states.SUCCESS,
    "revoked": states.REVOKED,
    "rejected": states.REJECTED,
}


def heartbeat_expires(
    timestamp: float,
    freq: float = 60,
    expire_window: float = HEARTBEAT_EXPIRE_WINDOW,
    **_: Any,
) -> float:
    """Return until when a worker counts as alive after a heartbeat."""
    return timestamp + float(freq or 60) * expire_window / 100


class Worker:
    """A worker, made from its events."""

    heartbeat_max = 4
    expire_window = HEARTBEAT_EXPIRE_WINDOW
    _fields = (
        "hostname",
        "pid",
        "freq",
        "heartbeats",
        "clock",
        "active",
        "processed",
        "loadavg",
        "sw_ident",
        "sw_ver",
        "sw_sys",
    )

    def __init__(self, hostname: str | None = None, freq: float = 60, **fields: Any) -> None:
        self.hostname = hostname
        self.freq = freq
        self.heartbeats: list[float] = []
        self.pid: int | None = None
        self.clock = 0
        self.active: int | None = None
        self.processed: int | None = None
        self.loadavg: Any = None
        self.sw_ident: str | None = None
        self.sw_ver: str | None = None
        self.sw_sys: str | None = None
        self.__dict__.update(fields)

    def event(
        self,
        type_: str | None,
        timestamp: float | None = None,
        local_received: float | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Take an event in, without "worker-"."""
        for name, value in (fields or {}).items():
            setattr(self, name, value)
        if type_ == "offline":
            self.heartbeats = []
        elif local_received and timestamp:
            self.heartbeats = [*self.heartbeats, local_received][-self.heartbeat_max :]

    def update(self, f: Mapping[str, Any], **kw: Any) -> None:
        """Set fields."""
        self.__dict__.update({**f, **kw})

    @property
    def heartbeat_expires(self) -> float:
        """Until when it counts as alive."""
        return heartbeat_expires(self.heartbeats[-1], self.freq, self.expire_window)

    @property
    def alive(self) -> bool:
        """Whether it counts as alive."""
        return bool(self.heartbeats) and time.time() < self.heartbeat_expires

    @property
    def status_string(self) -> str:
        """ONLINE or OFFLINE."""
        return "ONLINE" if self.alive else "OFFLINE"

    @property
    def id(self) -> str:
        """Its name and process."""
        return f"{self.hostname}.{self.pid}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Worker) and self.hostname == other.hostname

    def __hash__(self) -> int:
        return hash(self.hostname)

    def __repr__(self) -> str:
        return f"<Worker: {self.hostname} ({self.status_string})>"


class Task:
    """A task, made from its events."""

    name: Any = None
    received: Any = None
    sent: Any = None
    started: Any = None
    succeeded: Any = None
    failed: Any = None
    retried: Any = None
    revoked: Any = None
    rejected: Any = None
    args: Any = None
    kwargs: Any = None
    eta: Any = None
    expires: Any = None
    retries: Any = None
    worker: Any = None
    result: Any = None
    exception: Any = None
    timestamp: Any = None
    runtime: Any = None
    traceback: Any = None
    exchange: Any = None
    routing_key: Any = None
    root_id: Any = None
    parent_id: Any = None
    client: Any = None
    root: Any = None
    parent: Any = None
    children: Any = None
    state: str = states.PENDING
    clock: int = 0

    _fields = (
        "uuid",
        "name",
        "state",
        "received",
        "sent",
        "started",
        "rejected",
        "succeeded",
        "failed",
        "retried",
        "revoked",
        "args",
        "kwargs",
        "eta",
        "expires",
        "retries",
        "worker",
        "result",
        "exception",
        "timestamp",
        "runtime",
        "traceback",
        "exchange",
        "routing_key",
        "clock",
        "client",
        "root",
        "root_id",
        "parent",
        "parent_id",
        "children",
    )
    #: What `info` returns by default.
    _info_fields = (
        "args",
        "kwargs",
        "retries",
        "result",
        "eta",
        "runtime",
        "expires",
        "exception",
        "exchange",
        "routing_key",
        "root_id",
        "parent_id",
    )

    def __init__(
        self, uuid: str | None = None, cluster_state: State | None = None, **kwargs: Any
    ) -> None:
        self.uuid = uuid
        self.cluster_state = cluster_state
        self.__dict__.update(kwargs)

    def event(
        self,
        type_: str,
        timestamp: float | None = None,
        local_received: float | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Take an event in, without "task-"."""
        given = dict(fields or {})
        state = TASK_EVENT_TO_STATE.get(type_)
        if state is not None:
            self.__dict__[type_] = timestamp
        new = state or type_.upper()
        # One that comes late, e.g. "received" behind "started", must not take the task back.
        late = states.precedence(new) > states.precedence(self.state)
        if late and new != states.RETRY and self.state != states.RETRY:
            given = {name: value for name, value in given.items() if getattr(self, name, 0) is None}
        else:
            self.state = new
            self.timestamp = timestamp
        self.__dict__.update(given)

    def info(self, fields: Any = None, extra: Any = ()) -> dict[str, Any]:
        """Return the fields that are known, for people."""
        names = [*(self._info_fields if fields is None else fields), *extra]
        found = {name: getattr(self, name, None) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def as_dict(self) -> dict[str, Any]:
        """Return all fields."""
        return {name: getattr(self, name, None) for name in self._fields}

    @property
    def id(self) -> str | None:
        """The id."""
        return self.uuid

    @property
    def origin(self) -> Any:
        """Who sent it, or runs it."""
        return self.client if self.worker is None else self.worker.id

    @property
    def ready(self) -> bool:
        """Whether it has ended."""
        return self.state in states.READY_STATES

    def __repr__(self) -> str:
        return f"<Task: {self.name}({self.uuid}) {self.state} clock:{self.clock}>"
