"""Tasks for tests."""

from __future__ import annotations

from taskhub.app.shared import shared_task


@shared_task(name="celery.ping")
def ping() -> str:
    """Return "pong"."""
    return "pong"
