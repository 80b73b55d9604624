"""Runs the blocks of the task list, each as a program of its own, and prints what they come to, one JSON for each.

Usage: client.py BLOCK... ; a block is a file. `declarations.py` holds those that declare tasks.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

import declarations
import placeholders

WAIT = 60


def run(code: str, name: str) -> dict[str, object]:
    """Run a block; returns its names that were told, and what it printed."""
    names = {**vars(placeholders), "arg1": 1, "arg2": 2, "arg3": 3, "__name__": name}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec"), names)
    told: dict[str, object] = {"printed": printed.getvalue()}
    result = names.get("result")
    if hasattr(result, "get") and "PENDING" not in code:
        told["value"] = result.get(timeout=WAIT)
        told["id"] = result.id
    for inspected in ("active", "registered", "scheduled"):
        if inspected in names:
            told[inspected] = names[inspected]
    if "task_id" in names:
        told["task_id"] = names["task_id"]
    return told


def tell(value: object) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


for path in map(Path, sys.argv[1:]):
    code = path.read_text("utf-8")
    tell(run(code, path.name))
    if "AsyncResult(task_id)" in code:
        # The same with ids that mean something.
        done = placeholders.task1.delay(1, 1)
        done.get(timeout=WAIT)
        failed = placeholders.failing.apply_async(link_error=declarations.on_failure.s())
        failed.get(timeout=WAIT, propagate=False)
        for task_id in (done.id, failed.id):
            tell(run(code.replace("xxx-xxx-xxx", task_id), path.name))

tasks = ("retry_task", "manual_retry_task", "main_task")
tell({name: getattr(declarations, name).delay().get(timeout=WAIT) for name in tasks})
retry = declarations.retry_task
retried = retry.autoretry_for == (ConnectionError, TimeoutError)
tell([retry.max_retries, retry.default_retry_delay, retried])
