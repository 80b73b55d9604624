"""Middleware: the hooks that are called, and what Dramatiq's own does."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any

import dramatiq
from dramatiq.middleware import (
    AgeLimit,
    Callbacks,
    CurrentMessage,
    Middleware,
    Pipelines,
    Retries,
    ShutdownNotifications,
    SkipMessage,
    TimeLimit,
)
from dramatiq.middleware.shutdown import Shutdown
from dramatiq.middleware.time_limit import TimeLimitExceeded
from dramatiq.rate_limits import ConcurrentRateLimiter
from dramatiq.rate_limits.backends import StubBackend
from dramatiq.results import Results
from stage import Working, make_broker, result_of, until


class Tracing(Middleware):
    """Notes the hooks that are called for each actor."""

    def __init__(self) -> None:
        self.calls: dict[str, list[str]] = {}

    def _note(self, hook: str, message: Any) -> None:
        self.calls.setdefault(message.actor_name, []).append(hook)

    def before_process_message(self, broker: Any, message: Any) -> None:
        self._note("before_process", message)
        if message.options.get("skip"):
            raise SkipMessage("as told")
        if message.options.get("refuse"):
            message.fail()
            raise SkipMessage("refused")

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: Any = None
    ) -> None:
        self._note(f"after_process {result!r} {type(exception).__name__}", message)

    def after_skip_message(self, broker: Any, message: Any) -> None:
        self._note(f"after_skip {message.failed}", message)

    def before_ack(self, broker: Any, message: Any) -> None:
        self._note("before_ack", message)

    def after_ack(self, broker: Any, message: Any) -> None:
        self._note("after_ack", message)

    def before_nack(self, broker: Any, message: Any) -> None:
        self._note("before_nack", message)

    def after_nack(self, broker: Any, message: Any) -> None:
        self._note("after_nack", message)


def middleware_sees_what_happens() -> Any:
    broker = make_broker()
    tracing = Tracing()
    broker.add_middleware(tracing)

    @dramatiq.actor(store_results=True)
    def fine() -> int:
        return 1

    @dramatiq.actor(max_retries=0, store_results=True)
    def failing() -> None:
        raise ValueError

    @dramatiq.actor(store_results=True)
    def skipped() -> int:
        return 1

    @dramatiq.actor(store_results=True)
    def refused() -> int:
        return 1

    @dramatiq.actor(max_age=1, store_results=True)
    def aged() -> int:
        return 1

    sent = [
        fine.send(),
        failing.send(),
        skipped.send_with_options(skip=True),
        refused.send_with_options(refuse=True),
        aged.send(),
    ]
    time.sleep(0.01)
    with Working(broker):
        values = [result_of(message, block=True, timeout=5000) for message in sent]
        broker.join("default")
    return [values, sorted(tracing.calls.items())]


def middleware_is_what_was_given() -> Any:
    broker = make_broker([AgeLimit(), Callbacks()])
    runs: list[int] = []

    @dramatiq.actor
    def failing() -> None:
        runs.append(1)
        raise ValueError

    with Working(broker):
        failing.send()
        broker.join("default")
        time.sleep(0.1)
        broker.join("default")
    kinds = (AgeLimit, Callbacks, TimeLimit, Pipelines, Retries, ShutdownNotifications, Results)
    return [
        runs,
        [sum(isinstance(one, kind) for one in broker.middleware) for kind in kinds],
    ]


def retries_follow_their_rules() -> Any:
    broker = make_broker()
    runs: dict[str, int] = {}
    exhausted: list[Any] = []

    def note(name: str) -> int:
        runs[name] = runs.get(name, 0) + 1
        return runs[name]

    @dramatiq.actor(max_retries=3, on_retry_exhausted="told")
    def always() -> None:
        note("always")
        raise ValueError

    @dramatiq.actor
    def told(data: Any, counts: Any) -> None:
        exhausted.append([data["actor_name"], counts])

    @dramatiq.actor
    def twice() -> None:
        if note("twice") < 3:
            raise ValueError

    @dramatiq.actor(throws=KeyError)
    def by_design() -> None:
        note("by_design")
        raise KeyError

    @dramatiq.actor(retry_when=lambda retries, error: retries < 2)
    def as_long_as() -> None:
        note("as_long_as")
        raise ValueError

    @dramatiq.actor
    def asks() -> None:
        if note("asks") < 3:
            raise dramatiq.Retry("later", delay=10)

    with Working(broker):
        for actor in (always, twice, by_design, as_long_as, asks):
            actor.send()
        broker.join("default")
        until(lambda: exhausted)
    return [sorted(runs.items()), exhausted]


def time_limits_interrupt() -> Any:
    broker = make_broker()
    seen: list[str] = []

    @dramatiq.actor(time_limit=200, max_retries=0, store_results=True)
    def spinning() -> None:
        try:
            while True:
                time.sleep(0.01)
        except TimeLimitExceeded:
            seen.append("limited")
            raise

    with Working(broker):
        message = spinning.send()
        value = result_of(message, block=True, timeout=8000)
    return [value[1], seen]


def a_shutdown_is_told_to_those_that_ask() -> Any:
    broker = make_broker()
    seen: list[str] = []
    began = threading.Event()

    @dramatiq.actor(notify_shutdown=True, max_retries=0)
    def long() -> None:
        began.set()
        try:
            while True:
                time.sleep(0.01)
        except Shutdown:
            seen.append("told")
            raise

    with Working(broker):
        long.send()
        began.wait(10)
    return seen


def coroutines_and_the_current_message() -> Any:
    broker = make_broker()
    broker.add_middleware(CurrentMessage())
    seen: list[Any] = []

    @dramatiq.actor(store_results=True)
    async def slowly(x: int) -> int:
        await asyncio.sleep(0.01)
        return 2 * x

    @dramatiq.actor
    def knows() -> None:
        message = CurrentMessage.get_current_message()
        seen.append(message.actor_name if message is not None else None)

    with Working(broker):
        message = slowly.send(21)
        knows.send()
        value = result_of(message, block=True, timeout=5000)
        broker.join("default")
    return [value, seen]


def a_rate_limiter_holds() -> Any:
    broker = make_broker()
    limiter = ConcurrentRateLimiter(StubBackend(), "one", limit=1)
    running, most = [0], [0]

    @dramatiq.actor(max_retries=100)
    def alone() -> None:
        with limiter.acquire():
            running[0] += 1
            most[0] = max(most[0], running[0])
            time.sleep(0.02)
            running[0] -= 1

    with Working(broker):
        for _ in range(4):
            alone.send()
        broker.join("default")
    return most


class Collecting(logging.Handler):
    """Collects the lines about executions of actors, and those of Dramatiq's middleware."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[list[Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name in ("dramatiq.worker.WorkerThread", "taskhub.trace", "celery.app.trace"):
            text = record.getMessage()
            kind = "skipped" if "skipped" in text else "failed"
            name = next(
                (
                    name
                    for name in ("always", "by_design", "asks", "limited", "aged")
                    if name in text
                ),
                "",
            )
            self.lines.append([name, kind, record.levelname, bool(record.exc_info)])
        elif record.name.startswith(
            ("dramatiq.middleware.retries", "dramatiq.middleware.age_limit")
        ):
            self.lines.append([record.name, record.msg.partition(" ")[0], record.levelname, False])


def failures_are_logged() -> Any:
    broker = make_broker(None)
    collecting = Collecting()

    @dramatiq.actor(max_retries=1)
    def always() -> None:
        raise ValueError

    @dramatiq.actor(throws=KeyError)
    def by_design() -> None:
        raise KeyError

    @dramatiq.actor(max_retries=1)
    def asks() -> None:
        raise dramatiq.Retry("later", delay=10)

    @dramatiq.actor(max_retries=1)
    def limited() -> None:
        raise dramatiq.RateLimitExceeded("too many")

    @dramatiq.actor(max_age=1)
    def aged() -> None:
        pass

    logging.getLogger().addHandler(collecting)
    logging.getLogger().setLevel(logging.INFO)
    try:
        for actor in (always, by_design, asks, limited, aged):
            actor.send()
        time.sleep(0.01)
        with Working(broker):
            broker.join("default")
    finally:
        logging.getLogger().removeHandler(collecting)
        logging.getLogger().setLevel(logging.WARNING)
    return sorted(collecting.lines)


def middleware_sees_when_messages_are_due() -> Any:
    broker = make_broker()
    seen: list[Any] = []

    class Due(Middleware):
        def before_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
            if delay:
                seen.append(["before", delay, message.options["eta"] >= message.message_timestamp])

        def after_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
            if delay:
                seen.append(["after", message.options["eta"] - message.message_timestamp >= delay])

        def before_process_message(self, broker: Any, message: Any) -> None:
            seen.append(["process", "eta" in message.options])

    broker.add_middleware(Due())

    @dramatiq.actor
    def later() -> None:
        pass

    with Working(broker):
        message = later.send_with_options(delay=100)
        broker.join("default")
    return [seen, "eta" in message.options]
