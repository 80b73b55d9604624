"""The shipped tasks in this process: no store, no server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhub import Celery


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Celery]:
    """The app of the shipped tasks, which runs calls at once and writes mail to files."""
    for name in ("TASKHUB_SMTP_URL", "TASKHUB_CACHE_URL", "TASKHUB_CONFIG", "TASKHUB_OPERATORS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TASKHUB_BROKER_URL", "memory://")
    monkeypatch.setenv("TASKHUB_HOME", str(tmp_path))
    from taskhub.actors import app, services

    broker = app.conf.broker_url
    assert broker == "memory://", f"a test before has used the shipped app, with {broker}"
    with monkeypatch.context() as changes:
        changes.setitem(app.conf, "task_always_eager", True)
        _forget(services)
        yield app
        _forget(services)


def _forget(services: object) -> None:
    names = (
        "_mailer",
        "_cache_cleaner",
        "_market_data",
        "_prober",
        "_operators",
        "_status_settings",
    )
    for name in names:
        getattr(services, name).cache_clear()
