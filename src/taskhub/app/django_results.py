"""The tables of django-celery-results as a mirror of results (`django-db`)."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskhub.app.result_mirror import follow_outcomes
from taskhub.serialization import json as extended_json
from taskhub.serialization.failures import encode_exception

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: The setting `result_backend` that asks for it.
BACKEND = "django-db"


def mirror_results(app: Celery) -> None:
    """Mirror results of an app in the tables, if the setting `result_backend` says so.

    Args:
        app: The app; its worker is about to begin.
    """
    if app.conf.result_backend == BACKEND:
        follow_outcomes(app, _write, "django-celery-results")


def _write(task: Any, request: Any, state: str, value: Any, traceback: str | None) -> None:
    table = import_module("django_celery_results.models").TaskResult
    result = encode_exception(value, "json") if isinstance(value, BaseException) else value
    children = [child.as_tuple() for child in request.children]
    shown: dict[str, Any] = {}
    if task.app.conf.result_extended:
        shown = {
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
