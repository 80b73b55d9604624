"""A store, an SMTP server, and workers of the shipped tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from taskhub import AsyncResult, Celery
from tests.integration.actors.mail.smtp_server import SmtpServer
from tests.integration.actors.worker import Worker
from tests.support.servers import Server, start_valkey

#: Starts a worker with these variables and modules.
StartWorker = Callable[..., Worker]

#: Calls a task by name, on a queue, with these arguments.
Call = Callable[..., AsyncResult[Any]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with start_valkey(tmp_path / "store") as running:
        yield running


@pytest.fixture
def store(server: Server) -> Iterator[redis.Redis]:
    """An empty store."""
    with redis.Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def start_worker(store: redis.Redis, server: Server, tmp_path: Path) -> Iterator[StartWorker]:
    with ExitStack() as workers:

        def start(*modules: str, **variables: str) -> Worker:
            environment = {"TASKHUB_BROKER_URL": server.url, **variables}
            log = tmp_path / f"worker-{len(list(tmp_path.glob('worker-*')))}.log"
            return workers.enter_context(Worker(environment, log, *modules))

        yield start


@pytest.fixture
def call(store: redis.Redis, server: Server) -> Iterator[Call]:
    """A program that knows the tasks by what the documents say of them: name, queue, arguments."""
    with Celery(broker=server.url, set_as_current=False) as app:

        def send(name: str, queue: str, **arguments: Any) -> AsyncResult[Any]:
            return app.send_task(name, kwargs=arguments, queue=queue)

        yield send
