"""Where the shipped tasks keep what is not a task: in the store of the messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from taskhub.actors.application import app
from taskhub.app.stores import home_of
from taskhub.config.urls import StoreURL


def home() -> Path:
    """Return the project's directory for what taskhub keeps."""
    return home_of(app.conf)


def broker_store() -> StoreURL | None:
    """Return where tasks are kept; None: in this process."""
    from taskhub.engine.redis.engine import RedisEngine

    engine = app.engine
    if not isinstance(engine, RedisEngine):
        return None
    url = engine.broker_url
    # Celery's place for the name of the sentinels' master.
    master = url.service_name or engine.broker_options.get("master_name")
    return replace(url, service_name=master)


def notes_store() -> StoreURL | None:
    """Return where to note what was done; None: in this process.

    What runs at once, in the caller's process, is never delivered again: it needs no store.
    """
    return None if app.conf.task_always_eager else broker_store()
