"""The tables of django-celery-results as a mirror of results (`django-db`)."""

from __future__ import annotations

import json
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.app.result_mirror import follow_outcomes
from taskhub.serialization import json as extended_json
from taskhub.serialization.failures import encode_exception

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: The setting `result_backend` that asks for it.
BACKEND = "django-db"


def mirror_results(app: Celery) -> None:
    """Mirror results of an app in the tables, if the setting `result_backend` says so.

    Args:
        app: The app; its worker is about to begin.
    """
    if app.conf.result_backend == BACKEND:
        follow_outcomes(app, _write_again, "django-celery-results", starts=True)


def mirror_group(app: Celery, group_id: str, members: Any) -> None:
    """Write which results a group has to its table, or delete that; without the setting nothing.

    Args:
        app: The app.
        group_id: The group.
        members: Its `as_tuple()`; None: it is deleted.
    """
    if app.conf.result_backend != BACKEND:
        return
    try:
        groups = import_module("django_celery_results.models").GroupResult._default_manager
        if members is None:
            groups.filter(group_id=group_id).delete()
        else:
            groups.store_group_result(
                "application/json", "utf-8", group_id, extended_json.dumps(members)
            )
    except Exception:
        logger.exception("group %s was not written to django-celery-results", group_id)


def _write_again(task: Any, request: Any, state: str, value: Any, traceback: str | None) -> None:
    """Write a row; on a connection that the database has closed meanwhile, on a new one."""
    try:
        _write(task, request, state, value, traceback)
    except _lost_connections():
        import_module("django.db").close_old_connections()
        _write(task, request, state, value, traceback)


def _lost_connections() -> tuple[type[Exception], ...]:
    utils = import_module("django.db.utils")
    return utils.InterfaceError, utils.OperationalError


def _write(task: Any, request: Any, state: str, value: Any, traceback: str | None) -> None:
    table = import_module("django_celery_results.models").TaskResult
    result = encode_exception(value, "json") if isinstance(value, BaseException) else value
    children = [child.as_tuple() for child in request.children]
    shown: dict[str, Any] = {}
    if state == states.STARTED:
        shown["date_started"] = import_module("django.utils.timezone").now()
    if task.app.conf.result_extended:
        shown |= {
            "task_name": request.task,
            "task_args": json.dumps(request.get("argsrepr")),
            "task_kwargs": json.dumps(request.get("kwargsrepr")),
            "worker": request.hostname,
            "periodic_task_name": request.get("periodic_task_name"),
        }
    table._default_manager.store_result(
        content_type="application/json",
        content_encoding="utf-8",
        task_id=request.id,
        result=extended_json.dumps(result),
        status=state,
        traceback=traceback,
        meta=extended_json.dumps({"children": children}),
        **shown,
    )
