"""What taskhub uses of Dramatiq without its documentation works in the installed version."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from types import FrameType
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.compat import StreamablePipe
from dramatiq.middleware import Middleware

from taskhub.engine.dramatiq import internals
from tests.support.workers import until


class Stage:
    """A worker of Dramatiq's with one task thread, on a broker in memory."""

    def __init__(self) -> None:
        self.broker = StubBroker()
        self.begun, self.goes_on = threading.Event(), threading.Event()
        self.values: list[Any] = []

        @dramatiq.actor(broker=self.broker, max_retries=0, throws=KeyError)
        def work(value: Any) -> None:
            self.begun.set()
            assert self.goes_on.wait(20)
            self.values.append(value)
            if value == "bad":
                raise KeyError(value)

        self.work = work
        self.worker = dramatiq.Worker(
            self.broker, queues={"default"}, worker_threads=1, worker_timeout=20
        )


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A stage whose worker runs."""
    made = Stage()
    made.worker.start()
    yield made
    made.goes_on.set()
    made.worker.stop()
    made.broker.close()


def test_a_proxy_tells_its_message_and_exception(stage: Stage) -> None:
    seen: list[tuple[Any, Any]] = []

    class Sees(Middleware):
        def after_process_message(self, broker: Any, message: Any, **_: Any) -> None:
            seen.append((internals.message_of(message), internals.exception_of(message)))

    stage.broker.add_middleware(Sees())
    stage.goes_on.set()
    sent = [stage.work.send("good"), stage.work.send("bad")]
    until(lambda: len(seen) == 2, "both messages are processed")

    found = {message.message_id: error for message, error in seen}
    assert found[sent[0].message_id] is None
    assert isinstance(found[sent[1].message_id], KeyError)


def test_task_threads_are_added_and_left_out(stage: Stage) -> None:
    (first,) = internals.task_threads(stage.worker)
    internals.add_thread(stage.worker)
    _, second = internals.task_threads(stage.worker)
    assert first.is_alive()
    assert second.is_alive()

    internals.set_task_threads(stage.worker, [second])
    assert internals.task_threads(stage.worker) == [second]
    stop = getattr(first, "stop")  # noqa: B009 - as where a thread is abandoned
    stop()
    until(lambda: not first.is_alive(), "the thread that was left out ends")


def test_a_frame_tells_which_message_its_thread_processes(stage: Stage) -> None:
    message = stage.work.send("good")
    assert stage.begun.wait(20)
    (thread,) = internals.task_threads(stage.worker)
    frame: FrameType | None = sys._current_frames()[thread.ident or 0]
    found = []
    while frame is not None:
        found.append(internals.processed_message(frame))
        frame = frame.f_back

    assert [one.message_id for one in found if one is not None] == [message.message_id]


def test_queues_are_allowed_and_consumed(stage: Stage) -> None:
    assert internals.allowed_queues(stage.worker) == ("default",)
    stage.broker.declare_queue("other")
    assert "other" not in internals.consumer_threads(stage.worker)

    internals.allow_queue(stage.worker, "other")
    internals.add_consumer(stage.worker, "other")
    assert internals.consumer_threads(stage.worker)["other"].is_alive()
    assert set(internals.allowed_queues(stage.worker)) == {"default", "other"}


def test_the_thread_of_a_queue_is_replaced(stage: Stage) -> None:
    before = internals.consumer_threads(stage.worker)["default"]
    stop = getattr(before, "stop")  # noqa: B009 - Dramatiq's
    stop()
    before.join(20)

    internals.replace_consumer(stage.worker, "default")
    after = internals.consumer_threads(stage.worker)["default"]
    assert after is not before
    stage.goes_on.set()
    stage.work.send("good")
    until(lambda: stage.values == ["good"], "the message is processed")


def test_a_message_is_handed_to_the_thread_of_its_queue(stage: Stage) -> None:
    stage.goes_on.set()
    message = dramatiq.broker.MessageProxy(stage.work.message("by hand"))
    assert internals.hand_over(stage.worker, message)
    until(lambda: stage.values == ["by hand"], "the message is processed")

    elsewhere = stage.work.message("nobody").copy(queue_name="elsewhere")
    assert not internals.hand_over(stage.worker, dramatiq.broker.MessageProxy(elsewhere))


def test_what_waits_is_taken_back(stage: Stage) -> None:
    stage.work.send("runs")
    assert stage.begun.wait(20)
    for value in ("waits", "waits, too"):
        assert internals.hand_over(
            stage.worker, dramatiq.broker.MessageProxy(stage.work.message(value))
        )
    assert [message.args for message in internals.take_all(stage.worker)] == [
        ("waits",),
        ("waits, too",),
    ]
    assert list(internals.take_all(stage.worker)) == []


def test_a_worker_takes_another_work_queue() -> None:
    stage, queue = Stage(), Queue[Any]()
    seen: list[Any] = []

    class Looks(Middleware):
        def before_process_message(self, broker: Any, message: Any) -> None:
            seen.append(internals.work_queue_of_thread())

    stage.broker.add_middleware(Looks())
    internals.set_work_queue(stage.worker, queue)
    stage.worker.start()
    stage.goes_on.set()
    stage.work.send("good")
    until(lambda: seen, "a thread has looked")
    stage.worker.stop()
    assert seen == [queue]
    assert internals.work_queue_of_thread() is None


def test_middleware_of_a_worker_is_told_from_others(stage: Stage) -> None:
    own = [one for one in stage.broker.middleware if internals.belongs_to(one, stage.worker)]
    assert len(own) == 1
    assert not internals.belongs_to(own[0], dramatiq.Worker(StubBroker()))


def test_a_pipe_to_the_parent_of_a_process_is_told_from_a_stream() -> None:
    assert internals.is_piped(StreamablePipe(None))  # type: ignore[arg-type]
    assert not internals.is_piped(sys.stderr)


def test_processes_of_its_command_line_are_told_from_others(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, os, sys\n"
        "import dramatiq\n"
        "from dramatiq.brokers.stub import StubBroker\n"
        "from taskhub.engine.dramatiq import internals\n"
        "def show():\n"
        "    print('found', internals.is_command_line_process(), flush=True)\n"
        "class Show(dramatiq.Middleware):\n"
        "    def after_worker_boot(self, broker, worker):\n"
        "        show()\n"
        "dramatiq.set_broker(StubBroker(middleware=[Show()]))\n"
        "if __name__ == '__main__':\n"
        "    show()\n"
        "    child = multiprocessing.get_context('fork').Process(target=show)\n"
        "    child.start()\n"
        "    child.join()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path))}
    alone = subprocess.run(
        [sys.executable, str(program)],
        env=environment, stdout=subprocess.PIPE, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert alone.stdout.split() == ["found", "False", "found", "False"]
    worker = subprocess.Popen(
        [sys.executable, "-m", "dramatiq", "program", "-p", "1", "-t", "1"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert worker.stdout is not None
        found = next(line for line in worker.stdout if line.startswith("found"))
        assert found == "found True\n"
    finally:
        worker.terminate()
        worker.communicate(timeout=60)
