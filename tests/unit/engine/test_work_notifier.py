"""Waiting for work: for notifications of messages, and for outcomes of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from taskhub.engine.dramatiq.work_notifier import WorkNotifier
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.message import Envelope, encode_body

#: No test waits so long, seconds.
LONG = 60.0


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine()


@pytest.fixture
def notifier(engine: MemoryEngine) -> Iterator[WorkNotifier]:
    made = WorkNotifier(engine)
    yield made
    made.close()


def send(engine: MemoryEngine, queue: str) -> None:
    engine.enqueue([Envelope("task", queue, 5, encode_body({"actor_name": "task"}))])


def test_a_message_ends_the_wait(engine: MemoryEngine, notifier: WorkNotifier) -> None:
    send(engine, "default")
    assert notifier.wait(["default"], LONG, listen=True, has_work=lambda: False) is True


def test_work_that_is_there_already_is_not_waited_for(notifier: WorkNotifier) -> None:
    assert notifier.wait(["default"], LONG, listen=True, has_work=lambda: True) is None


def test_work_that_comes_between_the_check_and_the_wait_ends_it(notifier: WorkNotifier) -> None:
    def has_work() -> bool:
        # Another thread brings work now, after this one has looked.
        notifier.interrupt_wait()
        return False

    began = time.monotonic()
    assert notifier.wait(["default"], LONG, listen=True, has_work=has_work) is False
    assert time.monotonic() - began < LONG / 2


def test_work_ends_a_wait_of_another_thread(notifier: WorkNotifier) -> None:
    waits = threading.Event()
    found: list[bool | None] = []

    def has_work() -> bool:
        waits.set()
        return False

    def wait() -> None:
        found.append(notifier.wait(["default"], LONG, listen=True, has_work=has_work))

    thread = threading.Thread(target=wait)
    thread.start()
    assert waits.wait(10)
    notifier.interrupt_wait()
    thread.join(10)
    assert found == [False]


def test_a_queue_that_is_served_from_now_on_is_waited_for(
    engine: MemoryEngine, notifier: WorkNotifier
) -> None:
    assert notifier.wait(["default"], 0.0, listen=True, has_work=lambda: False) is False
    notifier.reopen()
    send(engine, "later")
    queues = ["default", "later"]
    assert notifier.wait(queues, LONG, listen=True, has_work=lambda: False) is True
