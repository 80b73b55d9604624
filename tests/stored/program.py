"""The tasks whose calls are kept as data of each version, and that later versions must finish.

Names, arguments and results stay as they are: stored messages name them.
"""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import dramatiq

from taskhub import Task
from tests.stored.application import MAKING, make_app
from tests.support.workers import SETTINGS_VARIABLE

_settings = json.loads(os.environ.get(SETTINGS_VARIABLE, "{}"))
app = make_app(_settings)
_making = MAKING in _settings


def _stop_if_making() -> None:
    if _making:
        threading.Event().wait()


@app.task(name="stored.add")
def add(x: int, y: int) -> int:
    return x + y


@app.task(name="stored.total")
def total(parts: list[int]) -> int:
    return sum(parts)


@app.task(name="stored.values")
def values() -> dict[str, Any]:
    return {
        "decimal": Decimal("1.50"),
        "moment": datetime(2026, 11, 30, 12, tzinfo=UTC),
        "text": "任务 ✓",
        "list": [1, None, 2.5, True],
    }


@app.task(name="stored.fail")
def fail(order: int) -> str:
    if _making:
        raise ValueError(f"no luck with order {order}")
    return f"order {order}"


@app.task(name="stored.again", bind=True, max_retries=5)
def again(self: Task[..., int]) -> int:
    if not self.request.retries:
        raise self.retry(countdown=10)
    return self.request.retries


@app.task(name="stored.hold")
def hold(word: str) -> str:
    _stop_if_making()
    return word


@app.task(name="stored.report", bind=True)
def report(self: Task[..., str]) -> str:
    if _making:
        self.update_state(state="PROGRESS", meta={"done": 3, "of": 10})
        _stop_if_making()
    return "reported"


@app.task(name="stored.limited", rate_limit="1/h")
def limited(number: int) -> int:
    return number


@dramatiq.actor(broker=app.broker, actor_name="stored.actor", queue_name="default")
def actor(x: int) -> None:
    app.engine.store_group(f"actor-{x}", "[]", None)


if not _making:

    @app.task(name="stored.unknown")
    def unknown(word: str) -> str:
        return word
