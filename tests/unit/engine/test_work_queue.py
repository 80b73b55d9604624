"""The queue between the exchange loop and the threads: in order, and nobody waits in it forever."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from queue import Empty

import pytest

from taskhub.engine.dramatiq.work_queue import WorkQueue


def take_in_thread(queue: WorkQueue, timeout: float) -> tuple[threading.Thread, list[object]]:
    taken: list[object] = []

    def take() -> None:
        try:
            taken.append(queue.get(timeout=timeout))
        except Empty:
            taken.append(None)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread, taken


def test_messages_leave_in_the_order_in_which_they_came() -> None:
    queue = WorkQueue()
    for number in range(3):
        queue.put(number)
    assert [queue.get(timeout=1), queue.get_nowait(), queue.get()] == [0, 1, 2]
    with pytest.raises(Empty):
        queue.get(timeout=0.01)


def test_whoever_overslept_while_the_interpreter_was_held_is_woken_at_the_end() -> None:
    queue = WorkQueue()
    thread, taken = take_in_thread(queue, 0.2)
    # It waits once it has let go of the interpreter.
    while not thread.is_alive():
        pass
    thread.join(0.1)
    # Woken for something that is gone when its turn comes, and by then its time is over.
    queue.put("gone")
    with contextlib.suppress(Empty):
        # From Python 3.13 on it belongs to the one who waits.
        queue.get_nowait()
    ctypes.PyDLL(None).usleep(500_000)
    queue.close(1)
    thread.join(5)
    assert not thread.is_alive()
    assert taken in ([None], ["gone"])


def test_nobody_waits_for_a_closed_queue_and_what_is_in_it_can_be_taken_away() -> None:
    queue = WorkQueue()
    queue.put("left")
    queue.close(2)
    with pytest.raises(Empty):
        queue.get(timeout=60)
    assert queue.get_nowait() == "left"
    with pytest.raises(Empty):
        queue.get_nowait()


def test_taking_away_what_is_left_does_not_keep_those_who_wait_asleep() -> None:
    queue = WorkQueue()
    thread, taken = take_in_thread(queue, 60)
    queue.close(1)
    with pytest.raises(Empty):
        queue.get_nowait()
    thread.join(5)
    assert taken == [None]
