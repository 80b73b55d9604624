"""How programs get at the application: `get_celery_service().app`, or `celery_app()`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from taskhub import Celery
from taskhub.actors import app as _application

__all__ = ("CeleryService", "celery_app", "get_celery_service")


@dataclass(frozen=True)
class CeleryService:
    """Holds the application.

    Parameters:
        app: The application of the shipped tasks.
    """

    app: Celery


@cache
def get_celery_service() -> CeleryService:
    """Return the service, always the same one."""
    return CeleryService(_application)


def celery_app() -> Celery:
    """Return the application, for `@celery_app().task(...)`."""
    return get_celery_service().app
