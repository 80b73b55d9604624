"""How programs get at the app of the shipped tasks, and make it part of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from taskhub import Celery
from taskhub.actors.application import app as _application


@dataclass(frozen=True)
class CeleryService:
    """Holds the app.

    Args:
        app: that of the shipped tasks.
    """

    app: Celery


@cache
def get_celery_service() -> CeleryService:
    """Return the service, always the same one."""
    return CeleryService(_application)


def celery_app() -> Celery:
    """Return the app, for `@celery_app().task(...)`."""
    return get_celery_service().app


def init_celery(**settings: Any) -> Celery:
    """Make the app the current one of this program and return it; call it at program start.

    It connects to nothing. May be called again.

    Args:
        settings: any settings by their names, e.g. `broker_url`; they go before those of the
            environment's module.
    """
    app = celery_app()
    if settings:
        app.conf.update(settings)
    app.set_current()
    app.set_default()
    return app


def init_fastapi_celery(fastapi_app: Any, celery: Celery | None = None, **settings: Any) -> Celery:
    """Attach a Celery app to a FastAPI or Starlette application as `request.app.state.celery`.

    Its connections are closed when the application ends, after what the application's own lifespan
    does then.

    Args:
        fastapi_app: to be given before it starts.
        celery: the Celery app; None: that of the shipped tasks.
        settings: as of `init_celery`; only without `celery`.

    Raises:
        TypeError: what was given is no such application; or both an app and settings.
    """
    if celery is not None and settings:
        raise TypeError("init_fastapi_celery takes an app or settings, not both")
    router = getattr(fastapi_app, "router", None)
    if not hasattr(fastapi_app, "state") or not hasattr(router, "lifespan_context"):
        raise TypeError(
            f"init_fastapi_celery takes a FastAPI application, not a {type(fastapi_app).__name__}"
        )
    chosen = init_celery(**settings) if celery is None else celery
    fastapi_app.state.celery = chosen
    own: Any = router
    lifespan = own.lifespan_context

    @asynccontextmanager
    async def with_celery(application: Any) -> AsyncGenerator[Any]:
        try:
            async with lifespan(application) as state:
                yield state
        finally:
            # It waits for answers that are under way.
            await asyncio.to_thread(chosen.close)

    own.lifespan_context = with_celery
    return chosen
