"""Measurements and states for tests, all well unless they say otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from taskhub.actors.system import (
    Disk,
    HostLoad,
    LeaderState,
    Measurements,
    Problem,
    QueueState,
    SystemStatus,
    WorkerState,
)
from taskhub.health import Check

HOST = HostLoad("one", 10.0, 4, 0.5, 40.0, 6 << 30, 10 << 30, (Disk("/", 50.0, 5 << 30, 10 << 30),))
WELL = Measurements(
    hosts=(HOST,),
    services={"broker": Check(True, 0.001, "Valkey"), "e-mail": Check(True, 0.02, "smtp answers")},
    queues=(QueueState("default", 3, 1, 2.0, ("celery@one",)), QueueState("old", 0, 0, None)),
    workers=(WorkerState("celery@one", "one", 7, 8),),
    leader=LeaderState("one:12", 4.5),
)


def found(**changes: Any) -> Measurements:
    return replace(WELL, **changes)


def host(**changes: Any) -> Measurements:
    return found(hosts=(replace(HOST, **changes),))


def status(*problems: Problem) -> SystemStatus:
    return SystemStatus(datetime(2026, 11, 27, tzinfo=UTC), "one", 0.5, WELL, problems)
