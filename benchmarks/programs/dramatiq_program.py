"""The measured program in Dramatiq's own API, on its stock Redis broker with results stored."""

from __future__ import annotations

import os
import time
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from program import NotAvailableError

URL = os.environ["BENCHMARK_URL"]

broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL), store_results=True))
dramatiq.set_broker(broker)


@dramatiq.actor
def noop() -> None:
    """Do nothing: all that is measured is the way there and back."""


@dramatiq.actor
def increment(number: int) -> int:
    """Return the next number, so that a pipeline's end proves that every step ran."""
    return number + 1


@dramatiq.actor
def moment() -> float:
    """Return when it ran, by the host's clock."""
    return time.time()


def call() -> Any:
    """Enqueue one no-op and return what `wait` takes."""
    return noop.send()


def wait(handle: Any, timeout: float) -> None:
    """Wait until the call has ended, at most `timeout` seconds."""
    handle.get_result(block=True, timeout=int(timeout * 1000))


def call_moment() -> Any:
    """Enqueue a task that returns when it ran; return what `moment_of` takes."""
    return moment.send()


def moment_of(handle: Any, timeout: float) -> float:
    """Return when a task of `call_moment` ran, by the host's clock."""
    ran: float = handle.get_result(block=True, timeout=int(timeout * 1000))
    return ran


def call_many(size: int) -> None:
    """Enqueue `size` no-ops with the library's call for many at once."""
    dramatiq.group(noop.message() for _ in range(size)).run()


def pour(size: int) -> None:
    """Enqueue `size` no-ops by the fastest way there is, which is one after the other."""
    call_many(size)


def run_chain(size: int, timeout: float) -> None:
    """Run a pipeline of `size` steps and wait for its end."""
    steps = [increment.message(0), *(increment.message() for _ in range(size - 1))]
    pipeline = dramatiq.pipeline(steps).run()
    ended = pipeline.get_result(block=True, timeout=int(timeout * 1000))
    assert ended == size, f"the pipeline returned {ended}, not {size}"


def run_group(size: int, timeout: float) -> None:
    """Run a group of `size` tasks and wait for all results."""
    group = dramatiq.group(increment.message(0) for _ in range(size)).run()
    ended = list(group.get_results(block=True, timeout=int(timeout * 1000)))
    assert ended == [1] * size, "the group's results are not all there"


def run_chord(size: int, timeout: float) -> None:
    """Refuse: a completion callback gets no results, so there is no equal of a chord."""
    raise NotAvailableError("Dramatiq has no chord: a group's completion callback gets no results")


def run_large_chord(size: int, timeout: float) -> float:
    """Refuse, as `run_chord`."""
    raise NotAvailableError("Dramatiq has no chord: a group's completion callback gets no results")


def call_hold(journal: str) -> None:
    """Refuse: the stock recovery takes too long to wait for."""
    raise NotAvailableError("Dramatiq's recovery is quoted, not measured")
