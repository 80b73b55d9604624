"""Commands about the worker: ping, configuration, registered tasks, statistics."""

from __future__ import annotations

import os
import resource
import time
from typing import Any

from taskhub.worker.control.panel import inspect_command, ok
from taskhub.worker.control.plain_values import as_plain
from taskhub.worker.control.state import WorkerState

#: The attributes of tasks that `registered` shows.
DEFAULT_TASK_INFO_ITEMS = ("exchange", "routing_key", "rate_limit")
#: Fields of `getrusage`, as Celery names them.
_RUSAGE = (
    "utime", "stime", "maxrss", "ixrss", "idrss", "isrss", "minflt", "majflt", "nswap",
    "inblock", "oublock", "msgsnd", "msgrcv", "nsignals", "nvcsw", "nivcsw",
)  # fmt: skip
#: Revoked ids sent to another worker at once.
MOST_REVOKED = 50_000


def truth(text: Any) -> bool:
    """Return the truth value of a word of the command line.

    Raises:
        TypeError: It is neither, as Celery's `strtobool`.
    """
    if not isinstance(text, str):
        return bool(text)
    word = text.strip().lower()
    if word in ("false", "no", "0", "off", "n", "f"):
        return False
    if word in ("true", "yes", "1", "on", "y", "t"):
        return True
    raise TypeError(f"Cannot coerce {text!r} to type bool")


@inspect_command(default_timeout=0.2)
def ping(state: WorkerState, **kwargs: Any) -> dict[str, str]:
    """Ping worker(s)."""
    return ok("pong")


@inspect_command()
def clock(state: WorkerState, **kwargs: Any) -> dict[str, int]:
    """Get current logical clock value."""
    return {"clock": state.app.clock.value}


@inspect_command(visible=False)
def hello(
    state: WorkerState, from_node: str, revoked: Any = None, **kwargs: Any
) -> dict[str, Any] | None:
    """Return what another worker must know; revocations are in the store, where all read them."""
    if from_node == state.hostname:
        return None
    return {
        "revoked": state.engine.revoked(0, MOST_REVOKED),
        "clock": state.app.clock.forward(),
    }


@inspect_command()
def report(state: WorkerState, **kwargs: Any) -> dict[str, str]:
    """Information about the installation for bug reports."""
    return ok(state.app.bugreport())


@inspect_command(
    alias="dump_conf", signature="[include_defaults=False]", args=[("with_defaults", truth)]
)
def conf(state: WorkerState, with_defaults: bool = False, **kwargs: Any) -> dict[str, Any]:
    """List configuration."""
    table = state.app.conf.table(with_defaults=with_defaults)
    return {
        name: as_plain(value)
        for name, value in table.items()
        if isinstance(name, str) and not name.startswith("__")
    }


@inspect_command(
    alias="dump_tasks", variadic="taskinfoitems", signature="[attr1 [attr2 [... [attrN]]]]"
)
def registered(
    state: WorkerState, taskinfoitems: Any = None, builtins: bool = False, **kwargs: Any
) -> list[str]:
    """List of registered tasks."""
    items = [
        item
        for item in (taskinfoitems or DEFAULT_TASK_INFO_ITEMS)
        if isinstance(item, str) and not item.startswith("_")
    ]
    tasks = state.app.tasks
    names = sorted(name for name in tasks if builtins or not name.startswith("celery."))
    return [_describe(tasks[name], items) for name in names]


def _describe(task: Any, items: list[str]) -> str:
    values = ((item, getattr(task, item, None)) for item in items)
    known = [f"{item}={value}" for item, value in values if value is not None]
    return f"{task.name} [{' '.join(known)}]" if known else str(task.name)


@inspect_command()
def stats(state: WorkerState, **kwargs: Any) -> dict[str, Any]:
    """Request worker statistics/information."""
    exchange_loop = state.exchange_loop
    return {
        "total": state.activity.totals,
        "pid": os.getppid(),
        "clock": str(state.app.clock.value),
        "uptime": round(time.monotonic() - state.activity.began),
        "pool": _pool(state),
        "broker": _store(state),
        "prefetch_count": exchange_loop.prefetch.target,
        "rusage": _usage(),
    }


def _pool(state: WorkerState) -> dict[str, Any]:
    conf = state.app.conf
    threads = state.exchange_loop.prefetch.threads
    return {
        "implementation": "taskhub.worker",
        "max-concurrency": threads,
        "processes": [os.getpid()],
        "threads": {str(os.getpid()): threads},
        "max-tasks-per-child": conf.worker_max_tasks_per_child or "N/A",
        "put-guarded-by-semaphore": False,
        "timeouts": [conf.task_soft_time_limit or 0, conf.task_time_limit or 0],
        "writes": "N/A",
    }


def _store(state: WorkerState) -> dict[str, Any]:
    """Return the address of the store, in the fields of kombu's connections, no password."""
    stores = state.engine.stores
    url = stores.broker if stores.is_shared else None
    hosts = url.addresses if url is not None else ()
    host, port = hosts[0] if hosts else (None, None)
    return {
        "hostname": host if url is None or not url.path else url.path,
        "userid": None if url is None else url.username,
        "virtual_host": "/" if url is None else str(url.db),
        "port": port,
        "insist": False,
        "ssl": url is not None and url.scheme == "rediss",
        "transport": "memory" if url is None else "redis",
        "connect_timeout": state.app.conf.broker_connection_timeout,
        "transport_options": as_plain(state.app.conf.broker_transport_options or {}),
        "login_method": None,
        "uri_prefix": None,
        "heartbeat": 0,
        "failover_strategy": "round-robin",
        "alternates": [f"{host}:{port}" for host, port in hosts[1:]],
    }


def _usage() -> dict[str, Any]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {name: getattr(usage, f"ru_{name}") for name in _RUSAGE}
