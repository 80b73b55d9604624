"""Cases of Dramatiq's own: the same actors and middleware on its Redis broker and on ours; prints what each came to."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
import traceback
import uuid
from typing import Any

import dramatiq
from dramatiq.middleware import (
    AgeLimit,
    AsyncIO,
    Callbacks,
    CurrentMessage,
    GroupCallbacks,
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
from dramatiq.results import ResultFailure, ResultMissing, Results, ResultTimeout

OURS = os.environ["PARITY_LIBRARY"] == "taskhub"
STORE = os.environ["STORE"]


def make_broker(middleware: list[Any] | None = None, **results: Any) -> Any:
    """Make the library's broker, with results, and let it be the one on which actors are declared."""
    if middleware is None:
        middleware = [
            AgeLimit(),
            TimeLimit(interval=50),
            ShutdownNotifications(),
            Callbacks(),
            Pipelines(),
            Retries(min_backoff=20, max_backoff=40),
            AsyncIO(),
        ]
    if OURS:
        from taskhub.dramatiq import ResultBackend, broker

        middleware = [*middleware, Results(backend=ResultBackend(), **results)]
        made: Any = broker(STORE, middleware=middleware, taskhub_namespace=uuid.uuid4().hex)
    else:
        from dramatiq.brokers.redis import RedisBroker
        from dramatiq.results.backends import RedisBackend

        middleware = [*middleware, Results(backend=RedisBackend(url=STORE), **results)]
        made = RedisBroker(url=STORE, middleware=middleware, namespace=uuid.uuid4().hex)
    dramatiq.set_broker(made)
    made.emit_after("process_boot")
    return made


class Working:
    """A worker in this process for the length of a block."""

    def __init__(self, broker: Any, threads: int = 4, **options: Any) -> None:
        self.worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=50, **options)

    def __enter__(self) -> Any:
        self.worker.start()
        return self.worker

    def __exit__(self, *error: object) -> None:
        self.worker.stop(timeout=10_000)


def result_of(message: Any, **options: Any) -> Any:
    """Return what getting a message's result comes to."""
    try:
        return message.get_result(**options)
    except (ResultMissing, ResultTimeout) as error:
        return type(error).__name__
    except ResultFailure as error:
        return [str(error), error.orig_exc_type, error.orig_exc_msg]


def until(holds: Any) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


# -- cases


def results_are_stored_where_asked_for() -> Any:
    broker = make_broker()

    @dramatiq.actor
    def silent() -> int:
        return 1

    @dramatiq.actor(store_results=True)
    def stored() -> int:
        return 2

    @dramatiq.actor(store_results=True)
    def nothing() -> None:
        pass

    with Working(broker):
        sent = [
            silent.send(),
            silent.send_with_options(store_results=True),
            stored.send(),
            stored.send_with_options(store_results=False),
            nothing.send(),
        ]
        broker.join("default")
        return [result_of(message) for message in sent]


def the_middleware_may_store_all_results() -> Any:
    broker = make_broker(store_results=True)

    @dramatiq.actor
    def stored() -> int:
        return 2

    @dramatiq.actor(store_results=False)
    def silent() -> int:
        return 1

    with Working(broker):
        sent = [stored.send(), silent.send()]
        broker.join("default")
        return [result_of(message) for message in sent]


def results_are_forgotten_in_time() -> Any:
    broker = make_broker(result_ttl=60_000)

    @dramatiq.actor(store_results=True)
    def kept() -> int:
        return 1

    @dramatiq.actor(store_results=True, result_ttl=300)
    def forgotten() -> int:
        return 2

    with Working(broker):
        sent = [kept.send(), forgotten.send(), kept.send_with_options(result_ttl=300)]
        broker.join("default")
        until(lambda: result_of(sent[1]) == result_of(sent[2]) == "ResultMissing")
        return [result_of(message) for message in sent]


def failures_are_results() -> Any:
    broker = make_broker()

    @dramatiq.actor(store_results=True, max_retries=1)
    def failing() -> None:
        raise ValueError("no luck")

    @dramatiq.actor(max_retries=0)
    def failing_silently() -> None:
        raise ValueError("no luck")

    with Working(broker):
        sent = [failing.send(), failing_silently.send()]
        broker.join("default")
        # The result of a failure is stored after its message has left the queue.
        return [result_of(sent[0], block=True, timeout=5000), result_of(sent[1])]


def a_result_that_does_not_come_in_time() -> Any:
    make_broker()

    @dramatiq.actor(store_results=True)
    def never() -> None:
        pass

    message = never.send()
    return [result_of(message), result_of(message, block=True, timeout=200)]


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


def callbacks_and_pipelines() -> Any:
    broker = make_broker()
    seen: list[Any] = []

    @dramatiq.actor(store_results=True)
    def add(x: int, y: int) -> int:
        return x + y

    @dramatiq.actor
    def good(data: Any, value: Any) -> None:
        seen.append(["good", data["args"], value])

    @dramatiq.actor
    def bad(data: Any, error: Any) -> None:
        seen.append(["bad", data["args"], error])

    @dramatiq.actor(max_retries=0)
    def failing(text: str) -> None:
        raise ValueError(text)

    @dramatiq.actor(store_results=True)
    def alone() -> str:
        return "alone"

    with Working(broker):
        add.send_with_options(args=(1, 2), on_success=good)
        failing.send_with_options(args=("x",), on_failure=bad)
        run = (add.message(1, 2) | add.message(3) | add.message(4)).run()
        value = run.get_result(block=True, timeout=10_000)
        values = list(run.get_results(block=True))
        ignoring = (add.message(1, 2) | alone.message_with_options(pipe_ignore=True)).run()
        ignored = ignoring.get_result(block=True, timeout=10_000)
        broker.join("default")
    return [sorted(seen), value, values, ignored, run.completed, run.completed_count]


def groups_and_their_callbacks() -> Any:
    broker = make_broker()
    broker.add_middleware(GroupCallbacks(StubBackend()))
    done: list[int] = []

    @dramatiq.actor(store_results=True)
    def double(x: int) -> int:
        return 2 * x

    @dramatiq.actor
    def finished() -> None:
        done.append(1)

    with Working(broker):
        group = dramatiq.group([double.message(number) for number in range(5)])
        group.add_completion_callback(finished.message())
        run = group.run()
        run.wait(timeout=10_000)
        values = list(run.get_results(block=True, timeout=10_000))
        until(lambda: done)
    return [values, run.completed_count, done]


def priorities_keep_their_order() -> Any:
    broker = make_broker()
    order: list[int] = []

    def declare(priority: int) -> Any:
        @dramatiq.actor(actor_name=f"p{priority}", priority=priority)
        def noting() -> None:
            order.append(priority)

        return noting

    actors = {priority: declare(priority) for priority in (0, 5, 6, 10, 20, 100)}
    for priority in (20, 5, 100, 10, 0, 6):
        actors[priority].send()
        actors[priority].send()
    with Working(broker, threads=1):
        broker.join("default")
    return order


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


def delayed_messages_come_later() -> Any:
    broker = make_broker()
    order: list[str] = []

    @dramatiq.actor
    def noting(word: str) -> None:
        order.append(word)

    with Working(broker):
        noting.send_with_options(args=("late",), delay=500)
        noting.send("soon")
        broker.join("default")
    return order


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


def a_worker_is_waited_for() -> Any:
    broker = make_broker()
    done: list[int] = []

    @dramatiq.actor
    def slow() -> None:
        time.sleep(0.3)
        done.append(1)

    with Working(broker) as worker:
        slow.send()
        broker.join("default")
        worker.join()
        return done


def queues_may_be_chosen() -> Any:
    broker = make_broker()
    seen: list[str] = []

    @dramatiq.actor(queue_name="one")
    def first() -> None:
        seen.append("first")

    @dramatiq.actor(queue_name="two")
    def second() -> None:
        seen.append("second")

    first.send()
    second.send()
    with Working(broker, queues={"two"}):
        broker.join("two")
        try:
            broker.join("one", timeout=300)
        except dramatiq.QueueJoinTimeout as error:
            seen.append(type(error).__name__)
    return [seen, sorted({"one", "two", "three"} & broker.get_declared_queues())]


def an_encoder_of_ones_own() -> Any:
    from dramatiq.encoder import PickleEncoder

    before = dramatiq.get_encoder()
    dramatiq.set_encoder(PickleEncoder())
    try:
        broker = make_broker()
        seen: list[Any] = []

        @dramatiq.actor(store_results=True)
        def takes(value: Any) -> Any:
            seen.append(repr(value))
            return value

        with Working(broker):
            message = takes.send(complex(1, 2))
            piped = takes.message({1, 2}) | takes.message_with_options(pipe_ignore=False)
            value = result_of(message, block=True, timeout=5000)
            broker.join("default")
        return [repr(value), seen, len(piped.messages)]
    finally:
        dramatiq.set_encoder(before)


def generic_actors() -> Any:
    broker = make_broker()
    seen: list[str] = []

    class Base(dramatiq.GenericActor):
        class Meta:
            abstract = True

        def perform(self, *args: Any) -> None:
            seen.append(f"{type(self).__name__} {args}")

    class Report(Base):
        class Meta:
            queue_name = "reports"

    with Working(broker):
        Report.send(1, 2)
        broker.join("reports")
    return seen


CASES = [
    value
    for name, value in list(globals().items())
    if callable(value)
    and getattr(value, "__module__", None) == __name__
    and name not in ("make_broker", "Working", "result_of", "until", "Tracing")
]


def main() -> None:
    """Run all cases, or those that are named, and print what they came to."""
    wanted = sys.argv[1:]
    found = {}
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        try:
            found[case.__name__] = case()
        except BaseException:
            found[case.__name__] = traceback.format_exc()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
