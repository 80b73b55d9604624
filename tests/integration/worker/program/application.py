"""The application whose tasks and native actors the tests have real worker processes run."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware

from taskhub import Celery
from tests.support.workers import SETTINGS_VARIABLE

app = Celery("program", **json.loads(os.environ[SETTINGS_VARIABLE]))


def note(journal: str, *words: Any) -> None:
    """Add a line to a journal: the time, the process, and some words; never mixed with another's."""
    line = json.dumps([time.time(), os.getpid(), *words]) + "\n"
    descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def notes(journal: str) -> int:
    """Return how many lines a journal has."""
    with open(journal, encoding="utf-8") as lines:
        return len(list(lines))


class Counting(Middleware):
    """What a user's middleware for metrics looks like."""

    def __init__(self) -> None:
        self.seen: dict[str, list[str]] = {}

    def before_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
        self._count("before_enqueue", message)

    def before_process_message(self, broker: Any, message: Any) -> None:
        self._count("before_process_message", message)

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: Any = None
    ) -> None:
        self._count("after_process_message", message)

    def after_ack(self, broker: Any, message: Any) -> None:
        self._count("after_ack", message)

    def _count(self, hook: str, message: Any) -> None:
        self.seen.setdefault(message.message_id, []).append(hook)


counting = Counting()
app.broker.add_middleware(counting)


class SkipsWhenTold(Middleware):
    """Skips the messages that ask for it."""

    def before_process_message(self, broker: Any, message: Any) -> None:
        if "skip" in message.kwargs:
            raise dramatiq.middleware.SkipMessage("as told")


app.broker.add_middleware(SkipsWhenTold())
