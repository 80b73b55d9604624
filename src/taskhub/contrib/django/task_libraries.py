"""The API of Django's tasks: `django.tasks` of Django 6, or the package django-tasks."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("TaskLibrary", "find_library", "taskhub_backends")


class TaskLibrary(NamedTuple):
    """The modules of one of the two, and what they name differently."""

    name: str
    tasks: ModuleType
    base: ModuleType
    backend: ModuleType
    signals: ModuleType
    exceptions: ModuleType
    normalize_json: Any


#: Package, and where it has `normalize_json`.
_LIBRARIES = (("django.tasks", "django.utils.json"), ("django_tasks", "django_tasks.utils"))


@cache
def find_library() -> TaskLibrary:
    """Return the installed library; Django's own goes first.

    Raises:
        ImproperlyConfigured: Neither is installed.
    """
    for name, json in _LIBRARIES:
        try:
            tasks = import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            continue
        return TaskLibrary(
            name,
            tasks,
            base=import_module(f"{name}.base"),
            backend=import_module(f"{name}.backends.base"),
            signals=import_module(f"{name}.signals"),
            exceptions=import_module(f"{name}.exceptions"),
            normalize_json=import_module(json).normalize_json,
        )
    raise ImproperlyConfigured(
        "TaskhubBackend needs Django 6, or the package django-tasks for older ones: "
        "pip install django-tasks"
    )


def taskhub_backends() -> list[Any]:
    """Return the backends of the setting `TASKS` that send to taskhub; none without a library."""
    from django.conf import settings

    if not getattr(settings, "TASKS", None):
        return []
    try:
        library = find_library()
    except ImproperlyConfigured:
        return []
    return [
        backend
        for backend in library.tasks.task_backends.all()
        if getattr(backend, "is_taskhub", False)
    ]
