"""Health checks against a server that is there, gone, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhub import Celery
from taskhub.exceptions import OperationalError
from tests.support.servers import Server, start_valkey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with start_valkey(tmp_path) as server:
        yield server


@pytest.fixture
def app(server: Server) -> Iterator[Celery]:
    with Celery("health", broker=server.url, set_as_current=False) as app:
        yield app


def test_a_server_that_is_there_is_connected(app: Celery) -> None:
    with app.connection() as connection:
        assert connection.ensure_connection(max_retries=1).connected


def test_a_server_that_is_gone_is_told_after_the_retries(app: Celery, server: Server) -> None:
    server.stop()
    pauses: list[float] = []

    with pytest.raises(OperationalError):
        app.connection().ensure_connection(
            lambda error, pause: pauses.append(pause),
            max_retries=2,
            interval_start=0.01,
            interval_step=0.01,
        )

    assert pauses == [0.01, 0.02]


def test_a_server_that_comes_back_is_connected(app: Celery, server: Server) -> None:
    server.stop()
    connection = app.connection()

    connection.ensure_connection(
        lambda error, pause: server.restart(),
        max_retries=20,
        interval_start=0.05,
        interval_step=0.05,
    )

    assert connection.connected


def test_no_try_is_made_after_the_timeout(app: Celery, server: Server) -> None:
    server.stop()
    began = time.monotonic()

    with pytest.raises(OperationalError):
        app.connection().ensure_connection(interval_start=60, timeout=1)

    assert time.monotonic() - began < 20


def test_lengths_of_queues(app: Celery) -> None:
    for _ in range(3):
        app.send_task("somewhere.else", queue="long")

    with app.connection_or_acquire() as connection:
        declared = connection.default_channel.queue_declare("long", passive=True)

    assert declared.message_count == 3
