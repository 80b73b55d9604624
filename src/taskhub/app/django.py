"""Django support: setup before tasks are imported, and connections closed between tasks."""

from __future__ import annotations

import os
import sys
import warnings
import weakref
from functools import partial
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

    Before the app's modules are imported Django is set up and its checks are run (not with
    CELERY_SKIP_CHECKS). Around each task that a worker runs, connections of its thread that are too
    old for CONN_MAX_AGE, or broken, are closed. Settings that change, as in tests, count at once.
    Tasks get `delay_on_commit` and `apply_async_on_commit`, unless the app has a `task_cls`.
    """
    if not os.environ.get(SETTINGS_VARIABLE) and not _is_configured():
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
    app.mirror_group = partial(_mirror_group, weakref.ref(app))
    signals.import_modules.connect(_set_up, sender=app, dispatch_uid="taskhub.django")
    _follow_settings(app)
    signals.worker_process_init.connect(_look_after_connections, dispatch_uid="taskhub.django")


def _is_configured() -> bool:
    """Return whether the program has given Django its settings itself (`settings.configure`)."""
    conf = sys.modules.get("django.conf")
    return conf is not None and conf.settings.configured


def _follow_settings(app: Celery) -> None:
    """Reload the configuration when Django reports a changed setting (`override_settings`)."""
    followed = weakref.ref(app)

    def changed(**_: Any) -> None:
        app = followed()
        if app is not None and app.conf.loaded:
            app.conf.reload()
            # They keep routes and defaults of the configuration.
            vars(app).pop("calls", None)

    import_module("django.core.signals").setting_changed.connect(
        changed, weak=False, dispatch_uid=f"taskhub.{id(app)}"
    )
    weakref.finalize(app, _unfollow, id(app))


def _unfollow(number: int) -> None:
    import_module("django.core.signals").setting_changed.disconnect(
        dispatch_uid=f"taskhub.{number}"
    )


def _set_up(sender: Any = None, **_: Any) -> None:
    import_module("django").setup()
    if sender is not None:
        from taskhub.app.django_results import mirror_results

        mirror_results(sender)
    if not os.environ.get(_SKIP_CHECKS_VARIABLE):
        import_module("django.core.checks").run_checks()


def _mirror_group(reference: weakref.ref[Celery], group_id: str, members: Any) -> None:
    from taskhub.app.django_results import mirror_group

    app = reference()
    if app is not None:
        mirror_group(app, group_id, members)


def _look_after_connections(**_: Any) -> None:
    signals.task_prerun.connect(_close_old_connections, dispatch_uid="taskhub.django")
    signals.task_postrun.connect(_close_old_connections, dispatch_uid="taskhub.django")


def _close_old_connections(task: Any, **_: Any) -> None:
    # A task that runs eagerly may be in the middle of its caller's transaction.
    if not task.request.is_eager:
        import_module("django.db").close_old_connections()
        import_module("django.core.cache").close_caches()
