"""taskhub: Celery's API on Dramatiq workers.

Names are resolved when they are first used, so that importing this package costs nothing but
itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskhub.version import __version__ as __version__

if TYPE_CHECKING:
    from taskhub import signals, states
    from taskhub.app import Celery, current_app, current_task, shared_task
    from taskhub.app import Celery as TaskHub
    from taskhub.canvas.chain import chain
    from taskhub.canvas.chord import chord
    from taskhub.canvas.group import group
    from taskhub.canvas.maps import chunks, xmap, xstarmap
    from taskhub.canvas.signature import Signature, maybe_signature, signature
    from taskhub.canvas.signature import signature as subtask
    from taskhub.execution.request import current_request_id
    from taskhub.message import new_task_id as uuid
    from taskhub.request_id import bind_request_id
    from taskhub.result import AsyncResult, GroupResult, ResultSet
    from taskhub.task import Task


_HOMES = {
    "AsyncResult": ("taskhub.result", "AsyncResult"),
    "Celery": ("taskhub.app", "Celery"),
    "GroupResult": ("taskhub.result", "GroupResult"),
    "ResultSet": ("taskhub.result", "ResultSet"),
    "Signature": ("taskhub.canvas", "Signature"),
    "Task": ("taskhub.task", "Task"),
    "TaskHub": ("taskhub.app", "Celery"),
    "bind_request_id": ("taskhub.request_id", "bind_request_id"),
    "chain": ("taskhub.canvas", "chain"),
    "chord": ("taskhub.canvas", "chord"),
    "chunks": ("taskhub.canvas", "chunks"),
    "current_app": ("taskhub.app", "current_app"),
    "current_request_id": ("taskhub.execution.request", "current_request_id"),
    "current_task": ("taskhub.app", "current_task"),
    "group": ("taskhub.canvas", "group"),
    "maybe_signature": ("taskhub.canvas", "maybe_signature"),
    "shared_task": ("taskhub.app", "shared_task"),
    "signals": ("taskhub.signals", None),
    "signature": ("taskhub.canvas", "signature"),
    "states": ("taskhub.states", None),
    "subtask": ("taskhub.canvas", "subtask"),
    "uuid": ("taskhub.message", "new_task_id"),
    "xmap": ("taskhub.canvas", "xmap"),
    "xstarmap": ("taskhub.canvas", "xstarmap"),
}

__all__ = [
    "AsyncResult",
    "Celery",
    "GroupResult",
    "ResultSet",
    "Signature",
    "Task",
    "TaskHub",
    "bind_request_id",
    "chain",
    "chord",
    "chunks",
    "current_app",
    "current_request_id",
    "current_task",
    "group",
    "maybe_signature",
    "shared_task",
    "signals",
    "signature",
    "states",
    "subtask",
    "uuid",
    "xmap",
    "xstarmap",
]


def __getattr__(name: str) -> Any:
    try:
        module, attribute = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'taskhub' has no attribute {name!r}") from None
    found = import_module(module)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
