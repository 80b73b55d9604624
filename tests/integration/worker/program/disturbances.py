"""Tasks that disturb the process, thread or loop that runs them."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import threading
import time

from dramatiq.middleware.threading import raise_thread_exception

from tests.integration.worker.program.application import app, note, notes

_kept: list[bytearray] = []


@app.task(name="use_memory")
def use_memory(megabytes: int, keep: bool) -> int:
    """Use memory, every page of it; `keep`: also when this has ended."""
    used = bytearray(os.urandom(4096) * (megabytes * 256))
    if keep:
        _kept.append(used)
    return os.getpid()


@app.task(name="ask_for_replacement")
def ask_for_replacement(journal: str, reason: str) -> int:
    """Ask for another process, and never end; the second time, do."""
    from taskhub.worker.ipc.client import supervisor_client

    note(journal, "asks")
    found = supervisor_client()
    assert found is not None
    if notes(journal) == 2:
        found.request_replacement(reason, abandoned=[threading.current_thread()], lost_count=1)
        threading.Event().wait()
    return os.getpid()


@app.task(name="break_exchange_loop")
def break_exchange_loop(journal: str, how: str) -> None:
    """Let the thread that claims and commits hang, or die, the first time."""
    note(journal, how)
    if notes(journal) > 1:
        return
    exchange_loop = app.broker.exchange_loop

    def hang() -> bool:
        threading.Event().wait()
        return True

    def die() -> bool:
        raise SystemExit

    exchange_loop._step = hang if how == "hang" else die  # type: ignore[method-assign]


@app.task(name="leave_coroutine")
async def leave_coroutine(how: str) -> None:
    """End as no coroutine should."""
    kinds: dict[str, BaseException] = {
        "exit": SystemExit(3),
        "interrupt": KeyboardInterrupt(),
        "generator": GeneratorExit(),
        "cancel": asyncio.CancelledError(),
    }
    await asyncio.sleep(0.01)
    if how == "child":
        await asyncio.create_task(leave_in_a_child())
    elif how == "gathered":
        await asyncio.gather(leave_in_a_child(), asyncio.sleep(0.01))
    elif how == "callback":
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        await asyncio.sleep(0.01)
    elif how == "stop":
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.01)
    elif how == "cancel oneself":
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0.01)
    else:
        raise kinds[how]


async def leave_in_a_child() -> None:
    raise SystemExit(3)


@app.task(name="sleep_in_coroutine")
async def sleep_in_coroutine(seconds: float) -> int:
    await asyncio.sleep(seconds)
    return os.getpid()


@app.task(name="break_event_loop")
async def break_event_loop(journal: str, times: int) -> None:
    """Let the loop that runs this end for good, so many times."""
    note(journal, "loop")
    if notes(journal) <= times:
        asyncio.get_running_loop()._selector.close()  # type: ignore[attr-defined]
    await asyncio.sleep(0)


@app.task(name="kill_threads")
def kill_threads() -> int:
    """Have every thread of this worker end that waits for work, as a misdirected exception does; returns how many."""
    own = threading.get_ident()
    killed = 0
    for thread in threading.enumerate():
        if type(thread).__name__ == "WorkerThread" and thread.ident != own:
            raise_thread_exception(thread.ident, SystemExit)
            killed += 1
    return killed


@app.task(name="alive_threads")
def alive_threads() -> int:
    return sum(type(thread).__name__ == "WorkerThread" for thread in threading.enumerate())


@app.task(name="hold_interpreter")
def hold_interpreter(journal: str, seconds: float) -> int:
    """Sleep in C without letting go of the interpreter."""
    note(journal, "begin")
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))
    note(journal, "end")
    return os.getpid()


@app.task(name="give_up_process")
def give_up_process() -> None:
    raise SystemExit(7)


@app.task(name="poison")
def poison(journal: str) -> None:
    note(journal, "poisoned")
    os._exit(9)


@app.task(name="signal_itself")
def signal_itself(journal: str, number: int) -> None:
    note(journal, "begin")
    os.kill(os.getpid(), number)
    time.sleep(60)
