"""The calling side of every row, run inside the measured system's environment.

    python client.py OPERATION ARGUMENT

`bench.py` sets the environment: BENCHMARK_PROGRAM, BENCHMARK_LIBRARY and BENCHMARK_URL. The last
line printed is a JSON object: the figures, or why there are none.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import random
import resource
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, cast

import redis
from program import NotAvailableError, Program
from steady import delay_from_threads, first_call, steady, sustained

WARM_UP_CALLS = 20
WARM_UP_TIME = 3.0  # seconds
IDLE_PAUSE = (0.4, 0.8)  # seconds
BATCH = 10_000
TOP_UP_PERIOD = 0.005  # seconds between two looks at how much is waiting
STEADY = {"steady": steady, "sustained": sustained}


def fill(program: Program, size: int) -> dict[str, float]:
    """Enqueue `size` no-ops by single calls, as services do; not measured."""
    for _ in range(size):
        program.call()
    return {}


def pour(program: Program, size: int) -> None:
    """Enqueue `size` no-ops by the fastest way there is, some thousands at once."""
    for start in range(0, size, BATCH):
        program.pour(min(BATCH, size - start))


def warm_up(program: Program) -> None:
    """Call and wait for long enough that every worker process has started and served."""
    ready = time.monotonic() + WARM_UP_TIME
    for number in itertools.count():
        program.wait(program.call(), timeout=60)
        if number >= WARM_UP_CALLS and time.monotonic() > ready:
            return


def delay(program: Program, size: int) -> dict[str, float]:
    """Call one after the other in one thread: calls per second."""
    for _ in range(WARM_UP_CALLS):
        program.call()
    started = time.perf_counter()
    for _ in range(size):
        program.call()
    return {"per_second": size / (time.perf_counter() - started)}


def bulk(program: Program, size: int) -> dict[str, float]:
    """Enqueue one group of `size`, building it included: messages per second."""
    program.call()
    started = time.perf_counter()
    program.call_many(size)
    return {"per_second": size / (time.perf_counter() - started)}


def engine(program: Program, size: int) -> dict[str, float]:
    """Enqueue `size` no-ops by the fastest way there is: messages per second."""
    program.call()
    started = time.perf_counter()
    program.pour(size)
    return {"per_second": size / (time.perf_counter() - started)}


def roundtrip(program: Program, size: int) -> dict[str, float]:
    """Call and wait, with pauses in which the system falls idle: milliseconds.

    The pauses vary, so that no system's polling period falls into step with them.
    """
    warm_up(program)
    pauses = random.Random(0)
    taken = []
    for _ in range(size):
        time.sleep(pauses.uniform(*IDLE_PAUSE))
        started = time.perf_counter()
        program.wait(program.call(), timeout=60)
        taken.append((time.perf_counter() - started) * 1000)
    return {"median_ms": statistics.median(taken), "p95_ms": statistics.quantiles(taken, n=20)[-1]}


def start(program: Program, size: int) -> dict[str, float]:
    """Start `size` processes that only declare the tasks: milliseconds of CPU time each."""
    environment = {
        key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"
    }
    code = (
        "import importlib, os; "
        "module = importlib.import_module(os.environ['BENCHMARK_PROGRAM']); "
        "app = getattr(module, 'app', None)\n"
        "if app is not None: app.finalize()"
    )
    taken = []
    for number in range(size + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # The first writes byte code.
        if number:
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            taken.append(used * 1000)
    return {"median_ms": statistics.median(taken)}


def timed(run: Callable[[int, float], None], program: Program, size: int) -> dict[str, float]:
    """Run a composition once, after single calls that woke every worker: seconds."""
    warm_up(program)
    started = time.perf_counter()
    run(size, 300.0)
    return {"seconds": time.perf_counter() - started}


def large_chord(program: Program, size: int) -> dict[str, float]:
    """Run a large chord once: seconds in all, and milliseconds from its last part to its body."""
    warm_up(program)
    started = time.perf_counter()
    waited = program.run_large_chord(size, 600.0)
    return {"seconds": time.perf_counter() - started, "body_ms": waited * 1000}


def feed(program: Program, size: int) -> dict[str, float]:
    """Keep about `size` no-ops waiting until standard input is closed.

    Prints a line when that many wait for the first time, and returns how many did at the least in
    19 of 20 looks. A result's key tells that a task has
    ended, so what waits is what was sent less the keys that were added.
    """
    store = redis.Redis.from_url(os.environ["BENCHMARK_URL"])
    pour(program, size)
    sent, keys, looks = size, store.dbsize(), [size]
    print("filled", flush=True)
    while not select.select([sys.stdin], [], [], TOP_UP_PERIOD)[0]:
        waiting = sent - (store.dbsize() - keys)
        looks.append(waiting)
        if waiting < size:
            pour(program, size - waiting)
            sent += size - waiting
    return {"waiting": sorted(looks)[len(looks) // 20]}


def hold(program: Program, journal: str) -> dict[str, float]:
    """Enqueue the task whose worker is to be killed."""
    program.call_hold(journal)
    return {}


def measure(operation: str, argument: str) -> dict[str, float]:
    """Import the program and perform one operation with it."""
    program = cast(Program, importlib.import_module(os.environ["BENCHMARK_PROGRAM"]))
    if operation == "hold":
        return hold(program, argument)
    if operation in STEADY:
        rate, seconds, threads = argument.split(",")
        warm_up(program)
        return STEADY[operation](program, int(rate), float(seconds), int(threads))
    if operation == "delay_threads":
        size, _, threads = argument.partition(",")
        return delay_from_threads(program, int(size), int(threads))
    size = int(argument)
    operations: dict[str, Callable[[], dict[str, float]]] = {
        "fill": lambda: fill(program, size),
        "delay": lambda: delay(program, size),
        "bulk": lambda: bulk(program, size),
        "engine": lambda: engine(program, size),
        "roundtrip": lambda: roundtrip(program, size),
        "first_call": lambda: first_call(size),
        "start": lambda: start(program, size),
        "chain": lambda: timed(program.run_chain, program, size),
        "group": lambda: timed(program.run_group, program, size),
        "chord": lambda: timed(program.run_chord, program, size),
        "large_chord": lambda: large_chord(program, size),
        "feed": lambda: feed(program, size),
    }
    return operations[operation]()


def main() -> None:
    """Perform the operation named on the command line and print the answer."""
    _, operation, argument = sys.argv
    answer: dict[str, Any]
    try:
        answer = measure(operation, argument)
    except NotAvailableError as reason:
        answer = {"not_available": str(reason)}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
