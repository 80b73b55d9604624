"""The import name `celery`, for programs that are written against Celery and run on taskhub.

Every name here and in the modules below is that of an object of taskhub's; docs/compat.md lists them. They are looked
up when they are first used, so that importing this package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskhub.utils.offered import UnofferedModules, offered_only

if TYPE_CHECKING:
    from celery import exceptions, schedules, signals, states
    from taskhub import (
        Celery,
        Signature,
        Task,
        chain,
        chord,
        chunks,
        current_app,
        current_task,
        group,
        maybe_signature,
        shared_task,
        signature,
        subtask,
        uuid,
        xmap,
        xstarmap,
    )
    from taskhub.app import bugreport
    from taskhub.utils.version import SERIES, VERSION, __version__, version_info, version_info_t

#: Name -> the module of taskhub's that has it.
_HOMES = {
    "Celery": "taskhub",
    "SERIES": "taskhub.utils.version",
    "Signature": "taskhub",
    "Task": "taskhub",
    "VERSION": "taskhub.utils.version",
    "__version__": "taskhub.utils.version",
    "bugreport": "taskhub.app",
    "chain": "taskhub",
    "chord": "taskhub",
    "chunks": "taskhub",
    "current_app": "taskhub",
    "current_task": "taskhub",
    "group": "taskhub",
    "maybe_signature": "taskhub",
    "shared_task": "taskhub",
    "signature": "taskhub",
    "subtask": "taskhub",
    "uuid": "taskhub",
    "version_info": "taskhub.utils.version",
    "version_info_t": "taskhub.utils.version",
    "xmap": "taskhub",
    "xstarmap": "taskhub",
}

#: Modules that programs use without importing them, as Celery imports them by itself.
_MODULES = (
    "app",
    "beat",
    "canvas",
    "exceptions",
    "registry",
    "result",
    "schedules",
    "signals",
    "states",
    "utils",
)

__all__ = (
    "SERIES",
    "VERSION",
    "Celery",
    "Signature",
    "Task",
    "__version__",
    "bugreport",
    "chain",
    "chord",
    "chunks",
    "current_app",
    "current_task",
    "exceptions",
    "group",
    "maybe_signature",
    "schedules",
    "shared_task",
    "signals",
    "signature",
    "states",
    "subtask",
    "uuid",
    "version_info",
    "version_info_t",
    "xmap",
    "xstarmap",
)

UnofferedModules.install(__name__)


def _find(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__, _find)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
