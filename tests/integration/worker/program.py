"""The tasks and native actors that the tests of this folder have real worker processes run."""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware
from dramatiq.middleware.threading import raise_thread_exception

from taskhub import Celery, Task
from taskhub.exceptions import Ignore, Reject
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

# -- tasks


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


@app.task(name="says")
def says(text: str) -> None:
    logging.getLogger("shop").warning(text)
    sys.stdout.write(f"{text}\n")


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


async def leave_in_a_child() -> None:
    raise SystemExit(3)


@app.task(name="sleep_in_coroutine")
async def sleep_in_coroutine(seconds: float) -> int:
    await asyncio.sleep(seconds)
    return os.getpid()


@dramatiq.actor(
    queue_name="default", actor_name="leave_natively", max_retries=0, store_results=True
)
async def leave_natively() -> None:
    raise SystemExit(3)


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


@app.task(name="fail", throws=(KeyError,))
def fail(text: str) -> None:
    raise ValueError(text)


@app.task(name="fail_as_expected", throws=(KeyError,))
def fail_as_expected(text: str) -> None:
    raise KeyError(text)


@app.task(name="give_up_process")
def give_up_process() -> None:
    raise SystemExit(7)


@app.task(name="retry_once", bind=True, max_retries=2)
def retry_once(self: Any, journal: str, countdown: float = 0.0) -> int:
    note(journal, "try", self.request.retries)
    if self.request.retries == 0:
        raise self.retry(exc=ValueError("not yet"), countdown=countdown)
    return int(self.request.retries)


@app.task(name="ignore", bind=True)
def ignore(self: Any) -> None:
    self.update_state(state="LOOKED", meta={"at": "nothing"})
    raise Ignore


@app.task(name="reject")
def reject(requeue: bool, journal: str) -> None:
    note(journal, "reject")
    if requeue and notes(journal) > 1:
        return
    raise Reject("unwanted", requeue=requeue)


@app.task(name="unstorable")
def unstorable() -> object:
    return object()


@app.task(name="half_a_pair")
def half_a_pair() -> str:
    return "\udcff"


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


class Handling(app.Task):  # type: ignore[name-defined,misc]
    """Sets a state of its own when it ends."""

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        note(args[0], "on_success", retval)
        self.update_state(state="ARCHIVED", meta={"value": retval})

    def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        note(args[0], "on_failure", str(exc), "Traceback" in einfo.traceback)

    def on_retry(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        note(args[0], "on_retry", str(exc))

    def after_return(
        self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        note(args[0], "after_return", status)


@app.task(name="handled", base=Handling, bind=True)
def handled(self: Any, journal: str, how: str) -> str:
    if how == "retry" and self.request.retries == 0:
        raise self.retry(exc=ValueError("later"), countdown=0)
    if how == "fail":
        raise ValueError("broken")
    return how


@app.task(name="once_only", acks_late=False)
def once_only(journal: str, seconds: float) -> None:
    note(journal, "begin")
    time.sleep(seconds)


@app.task(name="poison")
def poison(journal: str) -> None:
    note(journal, "poisoned")
    os._exit(9)


@app.task(name="signal_itself")
def signal_itself(journal: str, number: int) -> None:
    note(journal, "begin")
    os.kill(os.getpid(), number)
    time.sleep(60)


@app.task(name="meet", bind=True)
def meet(self: Any, parties: int) -> list[str]:
    """Wait until so many of these run, then tell whose request was seen before and after."""
    before = self.request.id
    with _met:
        _arrived.append(before)
        _met.notify_all()
        _met.wait_for(lambda: len(_arrived) >= parties, 5)
    return [before, self.request.id]


_arrived: list[str] = []
_met = threading.Condition()


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


# -- native actors


@dramatiq.actor(store_results=True)
def native_add(x: int, y: int) -> int:
    return x + y


@dramatiq.actor
def native_mark(journal: str, *words: Any) -> None:
    note(journal, *words)


@dramatiq.actor(max_retries=2, min_backoff=10, max_backoff=50, store_results=True)
def native_flaky(journal: str, failures: int) -> str:
    note(journal, "try")
    if notes(journal) <= failures:
        raise ValueError("not yet")
    return "at last"


@dramatiq.actor(throws=(KeyError,), max_retries=5, store_results=True)
def native_throws(journal: str) -> None:
    note(journal, "try")
    raise KeyError("expected")


@dramatiq.actor
def native_seen(data: Any, result: Any) -> None:
    note(data["kwargs"]["journal"], "callback", data["message_id"], result)


@dramatiq.actor(max_retries=0, store_results=True)
def native_ends(journal: str, fails: bool) -> str:
    if fails:
        raise ValueError("broken")
    return "fine"


@dramatiq.actor(store_results=True)
async def native_async(x: int) -> int:
    await asyncio.sleep(0.01)
    return 2 * x


@dramatiq.actor(time_limit=300, max_retries=0, store_results=True)
def native_slow() -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        time.sleep(0.01)


@dramatiq.actor(max_age=1, store_results=True)
def native_aged() -> None:
    """Is always too old when it arrives late."""


@dramatiq.actor(store_results=True)
def native_skippable(**words: Any) -> str:
    return "not skipped"
