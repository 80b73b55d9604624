"""Calls at a steady rate, as production has them, and what they cost and how late they begin.

The loop is open: each call has its moment, whatever became of those before it, so a system that
falls behind is seen to be late and gets no rest.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import redis
from program import Program

#: Seconds in which the last results must appear; a system that needs longer does not keep up.
SETTLE: Final = 3.0
#: p99 of how late tasks begin that a sustained rate stays below, ms.
SUSTAINED_P99: Final = 50.0
#: A rate is tried again before it counts as not sustained: the host may have been disturbed.
TRIES: Final = 2
#: Each rate that is tried is so many times the one before.
STEP: Final = 1.15
PERCENTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}


class Steady(NamedTuple):
    """What calls at a steady rate have shown."""

    #: Processor time of the server per task, enqueue to stored result, microseconds.
    server_us: float
    #: How late each task began, ms, in order.
    late: list[float]

    def percentile(self, share: float) -> float:
        """Return how late at most such a share of the tasks began, ms."""
        return self.late[min(len(self.late) - 1, int(share * len(self.late)))]


class Callers:
    """Threads that call at a steady rate.

    Args:
        call: What they do.
        threads: How many they are.
    """

    def __init__(self, call: Callable[[], Any], threads: int) -> None:
        self._call = call
        self._threads = threads

    def run(self, rate: int, seconds: float) -> list[tuple[float, Any]]:
        """Call at a rate; return for each call its moment, by the host's clock, and its handle."""
        begin, count = time.time() + 0.1, int(rate * seconds)

        def share(first: int) -> list[tuple[float, Any]]:
            made = []
            for number in range(first, count, self._threads):
                moment = begin + number / rate
                pause = moment - time.time()
                if pause > 0:
                    time.sleep(pause)
                made.append((moment, self._call()))
            return made

        with ThreadPoolExecutor(self._threads) as pool:
            return [call for calls in pool.map(share, range(self._threads)) for call in calls]


def run_steady(program: Program, rate: int, seconds: float, threads: int) -> Steady | None:
    """Call at a steady rate for some seconds; None: the system does not keep up."""
    with redis.Redis.from_url(os.environ["BENCHMARK_URL"]) as store:
        keys, before = store.dbsize(), _processor_time(store)
        calls = Callers(program.call_moment, threads).run(rate, seconds)
        # A result is a key; a few of the system's own come and go.
        if not _ended(store, keys + int(0.999 * len(calls))):
            return None
        used = _processor_time(store) - before
    late = sorted(
        1000 * (program.moment_of(handle, timeout=SETTLE) - moment) for moment, handle in calls
    )
    return Steady(used * 1e6 / len(calls), late)


def steady(program: Program, rate: int, seconds: float, threads: int) -> dict[str, float]:
    """Return what calls at a steady rate show; without figures if the system does not keep up."""
    found = run_steady(program, rate, seconds, threads)
    if found is None:
        return {}
    late = {name: found.percentile(share) for name, share in PERCENTILES.items()}
    return {"server_us": found.server_us, **late}


def sustained(program: Program, lowest: int, seconds: float, threads: int) -> dict[str, float]:
    """Return the highest steady rate at which tasks begin in time, calls per second."""
    reached = 0
    for rate in _rates(lowest):
        if not any(_in_time(program, rate, seconds, threads) for _ in range(TRIES)):
            return {"per_second": reached}
        reached = rate
    raise AssertionError("rates do not end")


def delay_from_threads(program: Program, size: int, threads: int) -> dict[str, float]:
    """Call from several threads, each one after the other: calls per second."""
    ready = threading.Barrier(threads + 1)

    def call() -> None:
        program.call()
        ready.wait()
        for _ in range(size // threads):
            program.call()

    with ThreadPoolExecutor(threads) as pool:
        calling = [pool.submit(call) for _ in range(threads)]
        ready.wait()
        started = time.perf_counter()
        for future in calling:
            future.result()
    return {"per_second": size / (time.perf_counter() - started)}


def first_call(size: int) -> dict[str, float]:
    """Make the first call of `size` new processes, which have declared their tasks: ms."""
    code = (
        "import importlib, os, time; "
        "program = importlib.import_module(os.environ['BENCHMARK_PROGRAM']); "
        "started = time.perf_counter(); program.call(); "
        "print(1000 * (time.perf_counter() - started))"
    )
    command = [sys.executable, "-c", code]
    environment = {
        key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"
    }
    taken = []
    for _ in range(size + 1):
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        taken.append(float(done.stdout))
    # The first writes byte code, and loads scripts into the server, once for all clients.
    return {"median_ms": statistics.median(taken[1:])}


def _rates(rate: float) -> Iterator[int]:
    while True:
        yield int(rate)
        rate *= STEP


def _in_time(program: Program, rate: int, seconds: float, threads: int) -> bool:
    found = run_steady(program, rate, seconds, threads)
    return found is not None and found.percentile(0.99) < SUSTAINED_P99


def _ended(store: Any, keys: int) -> bool:
    """Return whether there are so many keys soon."""
    deadline = time.monotonic() + SETTLE
    while store.dbsize() < keys:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _processor_time(store: Any) -> float:
    usage = store.info("cpu")
    return float(usage["used_cpu_user"]) + float(usage["used_cpu_sys"])
