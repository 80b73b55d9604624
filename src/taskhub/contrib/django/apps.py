"""The application of Django's registry: `INSTALLED_APPS = [..., "taskhub.contrib.django"]`."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig

__all__ = ("TaskhubConfig",)


class TaskhubConfig(AppConfig):  # type: ignore[misc]
    """Finds or makes the project's app, and adds checks, `manage.py taskhub` and an admin entry."""

    name = "taskhub.contrib.django"
    label = "taskhub"
    verbose_name = "taskhub"

    def ready(self) -> None:
        from taskhub.contrib.django import checks
        from taskhub.contrib.django.project_app import project_app

        checks.register()
        app = project_app().app
        app.broker.declare_late = _declare_late
        app.on_after_finalize.connect(_declare_queues, dispatch_uid="taskhub.contrib.django")


def _declare_late(name: str) -> None:
    """Declare the task of `django.tasks` that a message names, whose module is not imported yet."""
    from taskhub.contrib.django.task_runner import declare_late

    declare_late(name)


def _declare_queues(sender: Any = None, **_: Any) -> None:
    """Let workers serve the queues of `TASKS`."""
    from taskhub.contrib.django.task_libraries import taskhub_backends

    for backend in taskhub_backends():
        for queue in backend.queues:
            sender.broker.declare_queue(queue)
