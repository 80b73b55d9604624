"""Calls of actors: pipelines, groups, queues, priorities, delays."""

from __future__ import annotations

import time
from typing import Any

import dramatiq
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits.backends import StubBackend
from stage import Working, make_broker, until


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
