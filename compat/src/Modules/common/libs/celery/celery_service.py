"""How programs get at the application: `get_celery_service().app`, or `celery_app()`."""

from taskhub.actors.service import (
    CeleryService,
    celery_app,
    get_celery_service,
    init_celery,
    init_fastapi_celery,
)

__all__ = (
    "CeleryService",
    "celery_app",
    "get_celery_service",
    "init_celery",
    "init_fastapi_celery",
)
