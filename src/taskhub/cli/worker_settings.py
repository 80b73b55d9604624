"""Options of `taskhub worker` for settings of the app, and Celery's that have no effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_SETTINGS = "taskhub.settings"
_WITHOUT_EFFECT = "taskhub.without_effect"

#: Celery's options that are taken and change nothing: what they take, and why.
_ACCEPTED: tuple[tuple[tuple[str, ...], Any, str], ...] = (
    (
        ("-O", "--optimization"),
        click.Choice(("default", "fair")),
        "no process is sent what it can't begin soon",
    ),
    (("--without-gossip",), None, "workers don't gossip"),
    (("--without-mingle",), None, "workers don't mingle"),
    (("--without-heartbeat",), None, "leases stand for heartbeats"),
    (("--heartbeat-interval",), int, "leases stand for heartbeats, see lease_seconds"),
    (("-S", "--statedb"), str, "revocations are kept in the store"),
    (("--pool-start-method",), str, "processes are started anew, never forked"),
    (("--executable",), str, "processes run the same Python"),
)

#: The same by their last names: why they change nothing.
WITHOUT_EFFECT = {names[-1]: why for names, _, why in _ACCEPTED}
#: Those of them whose purpose is met anyway: who gives them misses nothing.
_MET = frozenset(
    {"--optimization", "--without-gossip", "--without-mingle", "--without-heartbeat", "--statedb"}
)


def settings(context: click.Context) -> dict[str, Any]:
    """Return the settings that options stand for."""
    return dict(context.meta.get(_SETTINGS, {}))


def without_effect(context: click.Context) -> str | None:
    """Return one line about the options whose effect will be missed; None: there are none."""
    given = context.meta.get(_WITHOUT_EFFECT, {})
    found = {name: why for name, why in given.items() if name not in _MET}
    if not found:
        return None
    return "without effect here: " + "; ".join(f"{name} ({why})" for name, why in found.items())


def setting(*names: str, sets: str, **attributes: Any) -> Callable[[F], F]:
    """Return a decorator for an option that stands for a setting."""

    def note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            context.meta.setdefault(_SETTINGS, {})[sets] = value

    return click.option(*names, expose_value=False, callback=note, **attributes)


def setting_options(function: F) -> F:
    """Add the options that stand for settings."""
    for decorate in (
        setting(
            "-E",
            "--task-events",
            "--events",
            sets="worker_send_task_events",
            is_flag=True,
            help="Send events about tasks, for monitors.",
        ),
        setting(
            "--disable-prefetch",
            sets="worker_disable_prefetch",
            is_flag=True,
            help="Claim nothing while no thread is free.",
        ),
        setting(
            "--prefetch-multiplier",
            sets="worker_prefetch_multiplier",
            type=click.IntRange(min=0),
            metavar="N",
            help="The most messages that a process holds for each of its threads; 0: no such bound "
            "(default: what can be begun within about 50 ms).",
        ),
        setting(
            "--soft-time-limit",
            sets="task_soft_time_limit",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Raise SoftTimeLimitExceeded after this time in tasks that have no soft time "
            "limit of their own.",
        ),
        setting(
            "--time-limit",
            sets="task_time_limit",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="End tasks after this time that have no time limit of their own.",
        ),
        setting(
            "--max-memory-per-child",
            sets="worker_max_memory_per_child",
            type=click.IntRange(min=1),
            metavar="KIB",
            help="Replace a process that uses more resident memory.",
        ),
        setting(
            "--max-tasks-per-child",
            sets="worker_max_tasks_per_child",
            type=click.IntRange(min=1),
            metavar="N",
            help="Replace a process that has run so many tasks.",
        ),
    ):
        function = decorate(function)
    return function


def celerys_options(function: F) -> F:
    """Add Celery's options that change nothing; `--help` does not show them."""
    for names, takes, why in _ACCEPTED:
        function = _accepted(names, takes, why)(function)
    return function


def _accepted(names: tuple[str, ...], takes: Any, why: str) -> Callable[[F], F]:
    def note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            context.meta.setdefault(_WITHOUT_EFFECT, {})[names[-1]] = why

    return click.option(
        *names, type=takes, is_flag=takes is None, expose_value=False, hidden=True, callback=note
    )
