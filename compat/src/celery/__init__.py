"""The import name `celery`, for programs that are written against Celery and run on taskhub.

Every name here and in the modules below is that of an object of taskhub's; docs/compat.md lists
them. They are looked up when they are first used, so that importing this package costs next to
nothing.
"""

from __future__ import annotations

import os.path
from importlib import import_module
from typing import TYPE_CHECKING, Any

from celery._unsupported import UnsupportedModules, unsupported_getattr

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
    from taskhub.celery_version import SERIES, VERSION, __version__, version_info, version_info_t

#: Name -> the module of taskhub's that has it.
_HOMES = {
    "Celery": "taskhub",
    "SERIES": "taskhub.celery_version",
    "Signature": "taskhub",
    "Task": "taskhub",
    "VERSION": "taskhub.celery_version",
    "__version__": "taskhub.celery_version",
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
    "version_info": "taskhub.celery_version",
    "version_info_t": "taskhub.celery_version",
    "xmap": "taskhub",
    "xstarmap": "taskhub",
}

#: Modules that programs use without importing them, as Celery imports them by itself.
_MODULES = (
    "_state",
    "app",
    "beat",
    "canvas",
    "exceptions",
    "loaders",
    "local",
    "platforms",
    "registry",
    "result",
    "schedules",
    "signals",
    "states",
    "utils",
)


__author__ = "The taskhub developers"
__homepage__ = ""

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
    "maybe_patch_concurrency",
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

UnsupportedModules.install(__name__)

if os.path.exists(os.path.join(os.path.dirname(__file__), "fixups")):
    # Celery has such a folder, and we have not.
    import warnings

    warnings.warn(
        "Celery and taskhub-compat are installed in one environment and overwrite each other's "
        "files: uninstall both, then install ours again (see `taskhub doctor`).",
        RuntimeWarning,
        stacklevel=2,
    )


def maybe_patch_concurrency(
    argv: Any = None, short_opts: Any = None, long_opts: Any = None
) -> None:
    """Do nothing: no pool replaces parts of the standard library (`-P gevent` is threads)."""


def _find(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__, _find)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
