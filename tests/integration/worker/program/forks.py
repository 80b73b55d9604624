"""Tasks that fork, or use processes of their own."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from typing import Any

import dramatiq

from taskhub import Task
from tests.integration.worker.program.application import app, note


def fork_here(how: str, journal: str) -> int:
    """Fork; the child ends in some way, the parent waits for it and notes its exit code."""
    child = os.fork()
    if not child:
        note(journal, "child", os.getpid())
        if how in ("exit", "both"):
            sys.exit(3)
        if how == "raise":
            raise ValueError("in the child")
        if how == "_exit":
            os._exit(4)
        if how == "sleep":
            time.sleep(600)
        return -1
    threading.Thread(target=note_end, args=(child, journal)).start()
    if how == "both":
        sys.exit(3)
    return os.getpid()


def note_end(child: int, journal: str) -> None:
    _, status = os.waitpid(child, 0)
    note(journal, "ended", os.waitstatus_to_exitcode(status))


@app.task(name="fork")
def fork(how: str, journal: str) -> int:
    return fork_here(how, journal)


@app.task(name="fork_in_coroutine")
async def fork_in_coroutine(how: str, journal: str) -> int:
    await asyncio.sleep(0)
    return fork_here(how, journal)


@dramatiq.actor(queue_name="default", actor_name="fork_natively", max_retries=0, store_results=True)
def fork_natively(how: str, journal: str) -> int:
    return fork_here(how, journal)


class ForksInHandler(Task[Any, Any]):
    """Forks when its body has ended."""

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        fork_here(*args)


@app.task(name="fork_in_handler", base=ForksInHandler)
def fork_in_handler(how: str, journal: str) -> int:
    return os.getpid()


@app.task(name="use_processes")
def use_processes() -> dict[str, Any]:
    start = multiprocessing.get_context("fork")
    processes = {
        "returned": start.Process(target=int),
        "raised": start.Process(target=int, args=("x",)),
        "exited": start.Process(target=sys.exit, args=(5,)),
        "terminated": start.Process(target=time.sleep, args=(600,)),
    }
    for process in processes.values():
        process.start()
    processes["terminated"].terminate()
    for process in processes.values():
        process.join()
    with start.Pool(2) as pool:
        squares = pool.map(square, [1, 2, 3])
    done = subprocess.run([sys.executable, "-c", "raise SystemExit(6)"], check=False)
    codes = {name: process.exitcode for name, process in processes.items()}
    return {**codes, "subprocess": done.returncode, "pool": squares}


def square(number: int) -> int:
    return number * number
