"""Environment variables for options of `celery`, e.g. `CELERY_WORKER_CONCURRENCY` for `-c`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

#: What the variables of the program and of its commands begin with.
PREFIX = "CELERY"

_DAEMON = ("logfile", "pidfile", "uid", "gid", "umask", "executable")
_REMOTE = ("timeout", "destination", "json")

#: The options of Celery 5.7 that have a variable, by command; "": of the program. Options of our
#: own have none: a variable of that name may be somebody's setting.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "": ("workdir", "no_color", "quiet", "version", "loader", "skip_checks"),
    "worker": (
        *("hostname", "detach", "statedb", "loglevel", "optimization", "prefetch_multiplier"),
        *(
            "disable_prefetch",
            "concurrency",
            "pool",
            "task_events",
            "time_limit",
            "soft_time_limit",
        ),
        *("max_tasks_per_child", "pool_start_method", "max_memory_per_child", "purge", "queues"),
        *("exclude_queues", "include", "without_gossip", "without_mingle", "without_heartbeat"),
        *("heartbeat_interval", "autoscale", "beat", "schedule_filename", "scheduler", *_DAEMON),
    ),
    "beat": (
        *("detach", "schedule", "scheduler", "max_interval", "remote_control", "hostname"),
        *("loglevel", *_DAEMON),
    ),
    "events": ("dump", "camera", "detach", "frequency", "maxrate", "loglevel", *_DAEMON),
    "purge": ("force", "queues", "exclude_queues"),
    "call": (
        *("args", "kwargs", "eta", "countdown", "expires", "serializer", "queue", "exchange"),
        "routing_key",
    ),
    "result": ("task", "traceback"),
    "status": _REMOTE,
    "inspect": ("list", *_REMOTE),
    "control": ("list", *_REMOTE),
    "shell": ("ipython", "bpython", "python", "without_tasks", "eventlet", "gevent"),
}


def values(
    command: click.Command, name: str, environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Return the values that variables give to a command's options, by the names of its parameters.

    As in Celery, an empty variable counts as none.

    Args:
        command: The command.
        name: Its name; "" for the program.
        environment: Where the variables are looked up.
    """
    prefix = f"{PREFIX}_{name.upper()}_" if name else f"{PREFIX}_"
    given = {
        option: text
        for option in OPTIONS.get(name, ())
        if (text := environment.get(prefix + option.upper()))
    }
    found: dict[str, Any] = {}
    for parameter in command.params:
        if not isinstance(parameter, click.Option):
            continue
        for option in dict.fromkeys((parameter.name, *map(_plain, parameter.opts))):
            if option in given:
                found[parameter.name] = (given[option],) if parameter.multiple else given[option]
                break
    return found


def _plain(option: str) -> str:
    return option.lstrip("-").replace("-", "_")
