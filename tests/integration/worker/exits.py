"""Tasks of a program that calls `sys.exit()`, or raises in a log handler, around the bodies of its tasks."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import Any

from taskhub import Celery, Task, signals
from tests.support.workers import SETTINGS_VARIABLE

app = Celery("exits", **json.loads(os.environ[SETTINGS_VARIABLE]))


def leave(task: Any, place: str) -> None:
    """Exit if the running call of a task is to do so here."""
    if task.name == "exit_around" and task.request.args[:1] == [place]:
        sys.exit(3)


class Exiting(Task):
    """Its handlers exit."""

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        leave(self, "before_start")

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        leave(self, "on_success")

    def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        leave(self, "on_failure")

    def after_return(self, *ending: Any) -> None:
        leave(self, "after_return")


@signals.task_prerun.connect
def prerun(task: Any = None, **_: Any) -> None:
    leave(task, "task_prerun")


@signals.task_postrun.connect
def postrun(task: Any = None, **_: Any) -> None:
    leave(task, "task_postrun")


@signals.task_success.connect
def success(sender: Any = None, **_: Any) -> None:
    leave(sender, "task_success")


@signals.task_failure.connect
def failure(sender: Any = None, **_: Any) -> None:
    leave(sender, "task_failure")


class TextExits(Exception):
    """Has no text."""

    def __str__(self) -> str:
        sys.exit(3)

    __repr__ = __str__


class ResultExits(dict[str, int]):
    """Has no text either."""

    def __repr__(self) -> str:
        sys.exit(3)


@app.task(name="exit_around", base=Exiting)
def exit_around(place: str) -> Any:
    if place in ("on_failure", "task_failure", "errback"):
        raise ValueError(place)
    if place == "text_of_exception":
        raise TextExits
    return ResultExits(a=1) if place == "text_of_result" else "done"


@app.task(name="exit_as_errback")
def exit_as_errback(request: Any, exc: Any, traceback: Any) -> None:
    sys.exit(3)


@app.task(name="add")
def add(x: int, y: int) -> int:
    return x + y


@app.task(name="fail")
def fail(text: str) -> None:
    raise KeyError(text)


class Raises(logging.Handler):
    """Raises instead of writing."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def emit(self, record: logging.LogRecord) -> None:
        if self.how == "exit":
            sys.exit(3)
        raise ConnectionError("the log server is away")


@app.task(name="add_log_handler")
def add_log_handler(how: str) -> None:
    logging.getLogger().addHandler(Raises(how))


@app.task(name="close_descriptors")
def close_descriptors() -> None:
    # As code does that makes a daemon of its process.
    os.closerange(3, 256)


@app.task(name="sleep_in_coroutine")
async def sleep_in_coroutine(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "slept"


@app.task(name="cancel_all_tasks")
async def cancel_all_tasks() -> int:
    mine = [asyncio.create_task(asyncio.sleep(60)) for _ in range(3)]
    for task in asyncio.all_tasks():
        task.cancel()
    await asyncio.gather(*mine, return_exceptions=True)
    return sum(task.cancelled() for task in mine)
