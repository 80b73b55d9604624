"""The stores of messages and results, and who works on them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.command_hint import command_hint
from taskhub.config.urls import StoreURL, same_server
from taskhub.exceptions import OperationalError
from taskhub.health import Finding, Level
from taskhub.humanize import counted

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.engine.port.engine import Engine


def check_stores(app: Celery) -> Iterator[Finding]:
    """Connect to the stores, and see whether they keep what they are given."""
    engine = app.engine
    stores = engine.stores
    if not stores.is_shared:
        yield Finding(
            "warn",
            "broker",
            "memory:// is kept in each process",
            "set broker_url for tasks of workers",
        )
        return
    broker, results = stores.broker, stores.results
    findings = list(_check_store("broker", broker, stores.broker_options))
    yield from findings
    if all(finding.level != "fail" for finding in findings):
        yield from check_obstacles(engine, app.routes.names)
    if same_server(broker, results):
        if any(finding.level == "fail" and len(findings) == 1 for finding in findings):
            # A connection cannot be had, and that was reported.
            return
        yield Finding(
            "ok",
            "results",
            f"in {_place(results)}: a task and its result end in one step",
        )
        return
    yield from _check_store("results", results, stores.results_options)
    yield Finding(
        "warn",
        "results",
        "on another server than the messages: a task's result may be seen before what follows "
        "from it",
        "use one server for both (any db) to have one atomic step",
    )


def _place(results: StoreURL) -> str:
    """Return where results are that share a server with messages."""
    if results.scheme == "postgresql":
        return "the same database"
    return f"db {results.db} of the same server"


#: So many obstacles with one remedy are named.
_NAMED = 5
#: Kind of obstacle -> what it is about.
_SUBJECTS = {"rights": "rights", "key": "keys", "queue": "keys", "full": "memory", "format": "data"}


def check_obstacles(engine: Engine, queues: Sequence[str] = ()) -> Iterator[Finding]:
    """Try what workers and callers need of the stores, in a way that changes nothing.

    Args:
        engine: The engine.
        queues: The queues of the app.
    """
    try:
        obstacles = engine.obstacles(queues)
    except OperationalError as error:
        yield Finding("fail", "rights", str(error), "see the findings about the stores")
        return
    if not any(obstacle.kind == "rights" for obstacle in obstacles):
        yield Finding("ok", "rights", "the user of the URL may do all that is needed")
    for remedy in dict.fromkeys(obstacle.remedy for obstacle in obstacles):
        alike = [obstacle for obstacle in obstacles if obstacle.remedy == remedy]
        details = [obstacle.detail for obstacle in alike[:_NAMED]]
        if len(alike) > _NAMED:
            details.append(f"and {len(alike) - _NAMED} more")
        refused = "refused: " if alike[0].kind == "rights" else ""
        yield Finding("fail", _SUBJECTS[alike[0].kind], refused + "; ".join(details), remedy)


def _check_store(subject: str, url: StoreURL, options: Mapping[str, Any]) -> Iterator[Finding]:
    from taskhub.engine.factory import look_at_server

    check, fields = look_at_server(url, options, client_name="taskhub-doctor")
    level: Level = "fail" if not check.ok else "ok" if fields else "warn"
    yield Finding(level, subject, check.detail, check.advice or "")
    if fields and url.scheme == "postgresql":
        yield from database(subject, fields)
    elif fields:
        yield persistence(subject, fields)
        yield eviction(subject, fields)


#: From so many transactions without a freeze on a database is near the wraparound of their numbers;
#: the server refuses writes at two thousand million.
_OLD_TRANSACTIONS = 1_000_000_000


def database(subject: str, fields: Mapping[str, str]) -> Iterator[Finding]:
    """Check the settings of a PostgreSQL server, and how full it is, by what it says of itself."""
    if fields["autovacuum"] == "on":
        yield Finding("ok", subject, "removes dead rows by itself (autovacuum)")
    else:
        yield Finding(
            "fail",
            subject,
            "autovacuum is off: tables and indexes grow with every task",
            "set autovacuum = on",
        )
    lasting = fields["fsync"] == "on" and fields["synchronous_commit"] != "off"
    if lasting:
        yield Finding("ok", subject, "writes to disk what it has committed")
    else:
        name = "fsync" if fields["fsync"] != "on" else "synchronous_commit"
        yield Finding(
            "warn",
            subject,
            f"{name} is off: a crash of the server loses the last commits",
            f"set {name} = on",
        )
    used, limit = int(fields["connections"]), int(fields["max_connections"])
    if used * 10 > limit * 8:
        yield Finding(
            "warn",
            subject,
            f"{used} of {limit} connections are open",
            "raise max_connections, or start fewer processes",
        )
    unfrozen = int(fields["unfrozen_transactions"])
    if unfrozen > _OLD_TRANSACTIONS:
        yield Finding(
            "fail",
            subject,
            f"{unfrozen:,} transactions since the last freeze: at 2,000,000,000 the server refuses "
            "writes",
            "run VACUUM FREEZE on the database, and end transactions that are open for long",
        )


def persistence(subject: str, fields: Mapping[str, str]) -> Finding:
    """Check whether a server keeps its data over a restart, by its INFO."""
    if fields.get("aof_enabled") == "1":
        if fields.get("aof_last_write_status", "ok") != "ok":
            return Finding(
                "fail",
                subject,
                "the append-only file cannot be written",
                "look at the server's disk and log",
            )
        return Finding("ok", subject, "keeps what it holds in an append-only file")
    return Finding(
        "warn",
        subject,
        "has no append-only file: a crash of the server loses the last messages",
        "CONFIG SET appendonly yes, and write it into the server's configuration",
    )


def eviction(subject: str, fields: Mapping[str, str]) -> Finding:
    """Check what a server does when its memory is full, by its INFO."""
    policy = fields.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return Finding("ok", subject, "refuses writes when its memory is full (noeviction)")
    limit = fields.get("maxmemory_human", "unknown")
    if fields.get("maxmemory", "0") == "0":
        limit = "none now"
    return Finding(
        "fail",
        subject,
        f"may drop messages when its memory is full (maxmemory-policy {policy}, limit {limit})",
        "CONFIG SET maxmemory-policy noeviction, or use a server of its own for tasks",
    )


def check_directory(app: Celery) -> Iterator[Finding]:
    """See whether the development store, if it is used, is closed to other users."""
    if app.conf.broker_url:
        return
    from taskhub.app.stores import home_of

    directory = home_of(app.conf)
    found = directory.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.getuid() or mode != 0o700:
        yield Finding(
            "fail",
            "directory",
            f"{directory} is open to others (mode {mode:o})",
            f"chmod 700 {directory}",
        )
    else:
        yield Finding("ok", "directory", f"{directory} is closed to other users")
    yield Finding(
        "warn",
        "directory",
        "the development store is for one machine",
        "set TASKHUB_BROKER_URL for anything that others use",
    )


def check_workers(app: Celery) -> Iterator[Finding]:
    """See whether anybody works."""
    try:
        live = [name for name, left in app.engine.workers().items() if left > 0]
        waiting = sum(count.ready for count in app.engine.queues().values())
    except OperationalError:
        # The store's own check has reported it.
        return
    ready = counted(waiting, "task is", "tasks are")
    if live:
        processes = counted(len(live), "worker process lives", "worker processes live")
        yield Finding("ok", "workers", f"{processes}, {ready} ready")
    else:
        yield Finding(
            "warn",
            "workers",
            f"none live, {ready} ready",
            f"start some: {command_hint('worker')}, or {command_hint('up')}",
        )
