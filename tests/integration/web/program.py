"""Tasks of the application whose dashboard is tested."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from taskhub import Celery, Task
from taskhub.exceptions import Reject
from tests.support.workers import SETTINGS_VARIABLE

app = Celery("shop", **json.loads(os.environ[SETTINGS_VARIABLE]))


@app.task(name="shop.add")
def add(a: int, b: int = 0, password: str = "") -> int:
    """Add two numbers."""
    return a + b


@app.task(name="shop.total")
def total(numbers: list[int]) -> int:
    """Add many numbers."""
    return sum(numbers)


@app.task(name="shop.fail")
def fail(text: str = "no") -> None:
    """Raise an exception."""
    raise ValueError(text)


@app.task(name="shop.reject")
def reject(text: str = "no") -> None:
    """Give the message up: it becomes a dead letter."""
    raise Reject(text)


@app.task(name="shop.sleep", time_limit=60, soft_time_limit=45)
def sleep(seconds: float, label: str = "") -> None:
    """Run for a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.02)


@app.task(name="shop.limited", rate_limit="1/h")
def limited(number: int = 0) -> int:
    """Run once an hour."""
    return number


@app.task(name="shop.again", bind=True, max_retries=3, default_retry_delay=300)
def again(self: Task[..., Any]) -> None:
    """Ask for another try."""
    raise self.retry(exc=TimeoutError("later"))


@app.task(name="shop.report", bind=True)
def report(self: Task[..., Any], seconds: float) -> None:
    """Say how far it is."""
    self.update_state(state="PROGRESS", meta={"current": 3, "total": 4})
    sleep(seconds)
