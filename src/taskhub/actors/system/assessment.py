"""What of the measurements is bad."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from taskhub.actors.system.host import HostLoad
from taskhub.actors.system.level import Threshold
from taskhub.actors.system.settings import Thresholds
from taskhub.actors.system.status import Measurements, Problem, ProblemKind, QueueState, by_level
from taskhub.command_hint import command_hint, serving_hint
from taskhub.health import Check
from taskhub.humanize import counted, duration, percent, short_duration

__all__ = ("assess",)

_COUNTS: Final = "{:,.0f}"


def assess(found: Measurements, limits: Thresholds) -> tuple[Problem, ...]:
    """Return what is bad, the worst first."""
    return by_level(tuple(_problems(found, limits)))


def _problems(found: Measurements, limits: Thresholds) -> Iterator[Problem]:
    for name, check in (found.services or {}).items():
        yield from _service(name, check, limits.latency)
    for host in found.hosts:
        yield from _host(host, limits)
    for queue in found.queues:
        yield from _queue(queue, limits)
    living = len(found.workers)
    level = limits.workers.assess(living)
    if level != "ok":
        least = limits.workers.bound(level)
        yield Problem(
            "workers",
            "",
            level,
            f"{counted(living, 'worker process lives', 'worker processes live')}, fewer than "
            f"{least:g}",
            f"{living}",
            f"{least:g}",
        )
    if found.leader is None:
        yield Problem(
            "scheduler",
            "",
            "warn",
            f"no scheduler leads, so no periodic job is started: {command_hint('scheduler')}",
        )
    level = limits.dead_letters.assess(found.dead_letters)
    if level != "ok":
        yield Problem(
            "dead_letters",
            "",
            level,
            f"{found.dead_letters:,} "
            f"{'message was' if found.dead_letters == 1 else 'messages were'} given up: "
            f"{command_hint('dead', 'list')}",
            f"{found.dead_letters:,}",
            _COUNTS.format(limits.dead_letters.bound(level)),
        )


def _service(name: str, check: Check, latency: Threshold) -> Iterator[Problem]:
    if not check.ok:
        advice = f": {check.advice}" if check.advice else ""
        yield Problem("unreachable", name, "fail", f"{name}: {check.detail}{advice}", check.detail)
        return
    level = latency.assess(check.seconds)
    if level != "ok":
        took, bound = short_duration(check.seconds), short_duration(latency.bound(level))
        yield Problem(
            "slow", name, level, f"{name} took {took} to answer, {bound} is too long", took, bound
        )


def _host(host: HostLoad, limits: Thresholds) -> Iterator[Problem]:
    yield from _used("cpu", "CPU", host.name, host.busy_percent, limits.cpu)
    yield from _used("memory", "memory", host.name, host.memory_percent, limits.memory)
    for disk in host.disks:
        subject = f"{host.name}:{disk.path}"
        yield from _used("disk", f"disk {disk.path}", subject, disk.percent, limits.disk, host.name)


def _used(
    kind: ProblemKind,
    what: str,
    subject: str,
    value: float,
    limit: Threshold,
    host: str | None = None,
) -> Iterator[Problem]:
    level = limit.assess(value)
    if level != "ok":
        used, bound = percent(value), percent(limit.bound(level))
        detail = f"{what} of {host or subject} is {used} in use, {bound} is too much"
        yield Problem(kind, subject, level, detail, used, bound)


def _queue(queue: QueueState, limits: Thresholds) -> Iterator[Problem]:
    name = queue.name
    level = limits.queue_length.assess(queue.ready)
    if level != "ok":
        waiting, bound = f"{queue.ready:,}", _COUNTS.format(limits.queue_length.bound(level))
        yield Problem(
            "queue_length",
            name,
            level,
            f"{waiting} {'message is' if queue.ready == 1 else 'messages are'} ready in queue "
            f"{name}, {bound} are too many",
            waiting,
            bound,
        )
    level = limits.queue_age.assess(queue.oldest or 0.0)
    if level != "ok":
        age, bound = duration(queue.oldest or 0.0), duration(limits.queue_age.bound(level))
        yield Problem(
            "queue_age",
            name,
            level,
            f"the oldest message of queue {name} has been ready for {age}, {bound} is too long",
            age,
            bound,
        )
    if queue.ready and not queue.served_by:
        detail = f"no live worker serves queue {name}, where messages wait: {serving_hint(name)}"
        yield Problem("unserved", name, "warn", detail)
