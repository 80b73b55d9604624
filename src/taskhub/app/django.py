"""Django: set up before tasks are imported, and its connections closed between tasks, as Celery does."""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskhub import signals
from taskhub.exceptions import FixupWarning

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: Names the module with Django's settings; a program that sets it uses Django.
SETTINGS_VARIABLE = "DJANGO_SETTINGS_MODULE"
_SKIP_CHECKS_VARIABLE = "CELERY_SKIP_CHECKS"
_TASK_CLASS = "taskhub.task.django:DjangoTask"


def adapt(app: Celery) -> None:
    """Adapt an app to Django, if the program uses it.

    Before the app's modules are imported Django is set up and its checks are run (not with CELERY_SKIP_CHECKS). Around
    each task that a worker runs, connections of its thread that are too old for CONN_MAX_AGE, or broken, are closed.
    Tasks get `delay_on_commit` and `apply_async_on_commit`, unless the app has a `task_cls`.
    """
    if not os.environ.get(SETTINGS_VARIABLE):
        return
    try:
        import_module("django")
    except ImportError:
        warnings.warn(
            FixupWarning(
                f"{SETTINGS_VARIABLE} is set, but Django is not installed: it is ignored."
            ),
            stacklevel=3,
        )
        return
    if app.task_cls is None:
        app.task_cls = _TASK_CLASS
    signals.import_modules.connect(_set_up, sender=app, dispatch_uid="taskhub.django")
    signals.worker_process_init.connect(_look_after_connections, dispatch_uid="taskhub.django")


def _set_up(**_: Any) -> None:
    import_module("django").setup()
    if not os.environ.get(_SKIP_CHECKS_VARIABLE):
        import_module("django.core.checks").run_checks()


def _look_after_connections(**_: Any) -> None:
    signals.task_prerun.connect(_close_old_connections, dispatch_uid="taskhub.django")
    signals.task_postrun.connect(_close_old_connections, dispatch_uid="taskhub.django")


def _close_old_connections(task: Any, **_: Any) -> None:
    # A task that runs eagerly may be in the middle of its caller's transaction.
    if not task.request.is_eager:
        import_module("django.db").close_old_connections()
        import_module("django.core.cache").close_caches()
