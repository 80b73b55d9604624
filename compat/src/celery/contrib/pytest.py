"""Fixtures: `pytest_plugins = ("celery.contrib.pytest",)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.testing.celery_fixtures import (
    celery_app,
    celery_class_tasks,
    celery_config,
    celery_enable_logging,
    celery_includes,
    celery_parameters,
    celery_session_app,
    celery_session_worker,
    celery_worker,
    celery_worker_parameters,
    celery_worker_pool,
    depends_on_current_app,
    pytest_configure,
    use_celery_app_trap,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "celery_app",
    "celery_class_tasks",
    "celery_config",
    "celery_enable_logging",
    "celery_includes",
    "celery_parameters",
    "celery_session_app",
    "celery_session_worker",
    "celery_worker",
    "celery_worker_parameters",
    "celery_worker_pool",
    "depends_on_current_app",
    "pytest_configure",
    "use_celery_app_trap",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
