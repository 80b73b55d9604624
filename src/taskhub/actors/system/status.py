"""The state of the whole system, as a value: what was measured, and what of it is bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from taskhub.actors.system.host import HostLoad
from taskhub.actors.system.level import LEVELS, Level, worst
from taskhub.health import Check

__all__ = (
    "LeaderState",
    "Measurements",
    "Problem",
    "ProblemKind",
    "QueueState",
    "SystemStatus",
    "WorkerState",
)

#: What can be bad.
ProblemKind = Literal[
    "cpu",
    "memory",
    "disk",
    "unreachable",
    "slow",
    "queue_length",
    "queue_age",
    "unserved",
    "workers",
    "scheduler",
    "dead_letters",
]


@dataclass(frozen=True)
class QueueState:
    """A queue.

    Args:
        name: Its name.
        ready: Messages that could run now.
        delayed: Messages that wait for their time, or their turn.
        oldest: Seconds that the oldest ready one has been ready; None: there is none.
        served_by: The nodes that serve it.
    """

    name: str
    ready: int
    delayed: int
    oldest: float | None
    served_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkerState:
    """A worker process that lives.

    Args:
        node: The node that it is part of.
        host: Where it runs.
        process: Its id there.
        threads: How many tasks it runs at once.
    """

    node: str
    host: str
    process: int
    threads: int


@dataclass(frozen=True)
class LeaderState:
    """The scheduler that leads.

    Args:
        name: What it calls itself.
        lease_left: Seconds until it has to be heard of again.
    """

    name: str
    lease_left: float


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """What was found.

    Args:
        hosts: Hosts that could be measured.
        silent: Hosts that could not, and why.
        services: What checks of services found, by their names: broker, results, cache, e-mail,
            market data.
        queues: All queues that were ever used.
        workers: Worker processes that live.
        leader: The scheduler that leads; None: none does.
        dead_letters: Messages that were given up.
    """

    hosts: tuple[HostLoad, ...] = ()
    silent: Mapping[str, str] | None = None
    services: Mapping[str, Check] | None = None
    queues: tuple[QueueState, ...] = ()
    workers: tuple[WorkerState, ...] = ()
    leader: LeaderState | None = None
    dead_letters: int = 0


@dataclass(frozen=True)
class Problem:
    """Something that is bad.

    Args:
        kind: What.
        subject: Of whom: a host, a disk of it (``host:/path``), a service, a queue.
        level: How bad.
        detail: One line in English.
        value: The number that is bad, with its unit; empty: it is none.
        bound: From where on it is.
    """

    kind: ProblemKind
    subject: str
    level: Level
    detail: str
    value: str = ""
    bound: str = ""

    @property
    def name(self) -> str:
        """Names the problem, however bad it is."""
        return f"{self.kind}:{self.subject}" if self.subject else self.kind


@dataclass(frozen=True)
class SystemStatus:
    """The state of the system at one moment.

    Args:
        at: When it was looked at, with a zone.
        host: Who looked.
        seconds: How long that took.
        found: What was measured.
        problems: What of it is bad, the worst first.
    """

    at: datetime
    host: str
    seconds: float
    found: Measurements
    problems: tuple[Problem, ...] = ()

    @property
    def state(self) -> Level:
        """``ok``, ``warn`` or ``fail``: that of the worst problem."""
        return worst(problem.level for problem in self.problems)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for a task's result."""
        found = self.found
        bad = {
            problem.subject: problem.level
            for problem in reversed(self.problems)
            if problem.kind in ("unreachable", "slow")
        }
        return {
            "state": self.state,
            "at": self.at.isoformat(timespec="seconds"),
            "host": self.host,
            "seconds": round(self.seconds, 3),
            "problems": [
                {
                    "level": problem.level,
                    "kind": problem.kind,
                    "subject": problem.subject,
                    "detail": problem.detail,
                }
                for problem in self.problems
            ],
            "hosts": [host.as_dict() for host in found.hosts],
            "silent_hosts": dict(found.silent or {}),
            "services": {
                name: {
                    "state": bad.get(name, "ok"),
                    "seconds": round(check.seconds, 4),
                    "detail": check.detail,
                }
                for name, check in (found.services or {}).items()
            },
            "queues": [{**asdict(one), "served_by": list(one.served_by)} for one in found.queues],
            "workers": [asdict(worker) for worker in found.workers],
            "scheduler": asdict(found.leader) if found.leader else None,
            "dead_letters": found.dead_letters,
        }


def by_level(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return problems with the worst first, otherwise in their order."""
    return tuple(sorted(problems, key=lambda problem: -LEVELS.index(problem.level)))
