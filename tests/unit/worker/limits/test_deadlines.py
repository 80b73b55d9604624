"""The board on which a process notes the deadlines of its tasks for the lease renewer."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from taskhub.app.app import Celery
from taskhub.worker.leases import deadlines
from taskhub.worker.leases.deadlines import Deadline, DeadlineBoard, read_deadlines
from taskhub.worker.limits import executions


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "runtime_directory", lambda: tmp_path)


def test_who_looks_sees_what_threads_have_noted_and_not_cleared() -> None:
    board = DeadlineBoard.of_this_process()
    board.write(1, 10.0, "a", "1:1")
    board.write(2, 20.0, "b", "1:2")
    board.write(3, 30.0, "c", "1:3")
    board.write(1, 11.0, "d", "2:4")
    board.clear(2)
    board.clear(3, "of another delivery")
    assert sorted(read_deadlines(os.getpid())) == [
        Deadline(11.0, "d", "2:4"),
        Deadline(30.0, "c", "1:3"),
    ]


def test_a_board_made_anew_leaves_the_one_before_to_those_who_have_mapped_it() -> None:
    before = DeadlineBoard.of_this_process()
    before.write(1, 10.0, "a", "1:1")
    after = DeadlineBoard.of_this_process()
    # On a file that was cut it would end this process by SIGBUS.
    before.write(1, 20.0, "a", "1:1")
    assert list(read_deadlines(os.getpid())) == []
    after.write(1, 30.0, "b", "1:2")
    assert list(read_deadlines(os.getpid())) == [Deadline(30.0, "b", "1:2")]


def test_tasks_that_begin_together_note_their_deadlines_on_one_board(
    app: Celery, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    boards: list[DeadlineBoard] = []
    together = threading.Barrier(2)

    def make() -> DeadlineBoard:
        # With a lock around it nobody else comes; without one the other thread does.
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(0.3)
        boards.append(DeadlineBoard.of_this_process())
        return boards[-1]

    monkeypatch.setattr(executions, "DeadlineBoard", type("Boards", (), {"of_this_process": make}))

    @app.task(time_limit=60)
    def limited() -> int:
        return len(list(read_deadlines(os.getpid())))

    work()
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: limited.delay().get(timeout=20), range(4)))
    assert len(boards) == 1
    assert all(seen)
