"""The tasks of the current app: `registry.tasks`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub import current_app

if TYPE_CHECKING:
    from taskhub.app.registry import TaskRegistry

    tasks: TaskRegistry

__all__ = ("tasks",)


def _find(name: str) -> Any:
    if name != "tasks":
        raise KeyError(name)
    return current_app.tasks


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__, _find)
