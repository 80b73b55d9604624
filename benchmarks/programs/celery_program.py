"""The measured program in Celery's API, run unchanged on Celery and on taskhub.

`BENCHMARK_LIBRARY` names the package that `Celery`, `chain`, `group` and `chord` are taken from.
Workers and the client import this same module, each in its own environment.
"""

from __future__ import annotations

import importlib
import os
import time
import uuid
from pathlib import Path
from typing import Any

from program import NotAvailableError

URL = os.environ["BENCHMARK_URL"]
LIBRARY = os.environ["BENCHMARK_LIBRARY"]
library = importlib.import_module(LIBRARY)

app: Any = library.Celery("benchmark", broker=URL, backend=URL)


@app.task(name="benchmark.noop")
def noop() -> None:
    """Do nothing: all that is measured is the way there and back."""


@app.task(name="benchmark.increment")
def increment(number: int) -> int:
    """Return the next number, so that a chain's end proves that every link ran."""
    return number + 1


@app.task(name="benchmark.count")
def count(results: list[Any]) -> int:
    """Return how many results a chord's header had."""
    return len(results)


@app.task(name="benchmark.moment")
def moment() -> float:
    """Return when it ends, by the host's clock."""
    return time.time()


@app.task(name="benchmark.since")
def since(moments: list[float]) -> float:
    """Return how long ago the last of some moments was, seconds."""
    return time.time() - max(moments)


@app.task(name="benchmark.hold")
def hold(journal: str) -> None:
    """Note the start in the file `journal`; the first start then holds the worker for a minute."""
    with Path(journal).open("a") as lines:
        lines.write(f"{os.getpid()} {time.monotonic()}\n")
    if len(Path(journal).read_text().splitlines()) == 1:
        time.sleep(60)


def composition(name: str) -> Any:
    """Return the library's `chain`, `group` or `chord`; raises NotAvailableError if it has none."""
    found = getattr(library, name, None)
    if found is None:
        raise NotAvailableError(f"{LIBRARY} offers no {name} yet")
    return found


def call() -> Any:
    """Enqueue one no-op and return what `wait` takes."""
    return noop.delay()


def wait(handle: Any, timeout: float) -> None:
    """Wait until the call has ended, at most `timeout` seconds."""
    handle.get(timeout=timeout)


def call_moment() -> Any:
    """Enqueue a task that returns when it ran; return what `moment_of` takes."""
    return moment.delay()


def moment_of(handle: Any, timeout: float) -> float:
    """Return when a task of `call_moment` ran, by the host's clock."""
    ran: float = handle.get(timeout=timeout)
    return ran


def call_many(size: int) -> None:
    """Enqueue `size` no-ops with the library's call for many at once."""
    composition("group")(noop.s() for _ in range(size)).apply_async()


def pour(size: int) -> None:
    """Enqueue `size` no-ops by the fastest way there is: taskhub's engine takes many at once."""
    if LIBRARY != "taskhub":
        for _ in range(size):
            noop.delay()
        return
    name = noop.name
    app.engine.enqueue(
        [app.calls.envelope(name, (), {}, str(uuid.uuid4()), {}, noop) for _ in range(size)]
    )


def run_chain(size: int, timeout: float) -> None:
    """Run a chain of `size` links and wait for its end."""
    first, *rest = [increment.s(0), *(increment.s() for _ in range(size - 1))]
    ended = composition("chain")(first, *rest).apply_async().get(timeout=timeout)
    assert ended == size, f"the chain returned {ended}, not {size}"


def run_group(size: int, timeout: float) -> None:
    """Run a group of `size` tasks and wait for all results."""
    ended = (
        composition("group")(increment.s(0) for _ in range(size)).apply_async().get(timeout=timeout)
    )
    assert ended == [1] * size, "the group's results are not all there"


def run_chord(size: int, timeout: float) -> None:
    """Run a chord with `size` tasks in its header and wait for its body."""
    header = [increment.s(0) for _ in range(size)]
    ended = composition("chord")(header)(count.s()).get(timeout=timeout)
    assert ended == size, f"the chord's body saw {ended} results, not {size}"


def run_large_chord(size: int, timeout: float) -> float:
    """Run a chord of `size` tasks; return the seconds from the end of the last to its body."""
    header = [moment.s() for _ in range(size)]
    ended: float = composition("chord")(header)(since.s()).get(timeout=timeout)
    return ended


def call_hold(journal: str) -> None:
    """Enqueue the task whose worker will be killed."""
    hold.delay(journal)
