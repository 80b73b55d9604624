"""Tasks that note what they see: of their requests, their workers, and each other."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from typing import Any

from tests.integration.worker.program.application import app, counting, note


@app.task(name="add")
def add(x: int, y: int) -> int:
    return x + y


@app.task(name="mark")
def mark(journal: str, *words: Any) -> int:
    note(journal, *words)
    return os.getpid()


@app.task(name="work")
def work(journal: str, seconds: float, word: str = "") -> int:
    note(journal, "begin", word)
    time.sleep(seconds)
    note(journal, "end", word)
    return os.getpid()


@app.task(name="wait_for_file")
def wait_for_file(journal: str, path: str) -> int:
    note(journal, "begin")
    while not os.path.exists(path):
        time.sleep(0.01)
    return os.getpid()


@app.task(name="says")
def says(text: str) -> None:
    logging.getLogger("shop").warning(text)
    sys.stdout.write(f"{text}\n")


@app.task(name="request_fields", bind=True)
def request_fields(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    request = self.request
    return {
        "id": request.id,
        "task": request.task,
        "args": request.args,
        "kwargs": request.kwargs,
        "retries": request.retries,
        "delivery_info": request.delivery_info,
        "hostname": request.hostname,
        "root_id": request.root_id,
        "parent_id": request.parent_id,
        "custom": request.get("custom"),
        "correlation_id": request.correlation_id,
        "called_directly": request.called_directly,
    }


@app.task(name="tracked", bind=True, track_started=True)
def tracked(self: Any, path: str) -> str:
    while not os.path.exists(path):
        time.sleep(0.005)
    return "done"


_arrived: list[str] = []


_met = threading.Condition()


@app.task(name="meet", bind=True)
def meet(self: Any, parties: int) -> list[str]:
    """Wait until so many of these run, then tell whose request was seen before and after."""
    before = self.request.id
    with _met:
        _arrived.append(before)
        _met.notify_all()
        _met.wait_for(lambda: len(_arrived) >= parties, 5)
    return [before, self.request.id]


@app.task(name="meet_async", bind=True)
async def meet_async(self: Any, seconds: float) -> list[str]:
    before = self.request.id
    await asyncio.sleep(seconds)
    return [before, self.request.id]


@app.task(name="current_request")
def no_request_outside() -> bool:
    """Whether a thread of one's own sees no request."""
    from taskhub.execution.request import current_request

    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.append(current_request()))
    thread.start()
    thread.join()
    return seen == [None]


@app.task(name="hooks_seen")
def hooks_seen(task_id: str) -> list[str]:
    return counting.seen.get(task_id, [])


@app.task(name="send_add")
def send_add() -> str:
    return str(add.delay(1, 2).id)
