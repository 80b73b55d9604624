"""Private parts of Dramatiq: the only module that uses names which its documentation lacks.

`tests/unit/engine/test_dramatiq_internals.py` checks each part against the installed version;
`pyproject.toml` allows the minor versions that the suite has passed with.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Collection, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from dramatiq.asyncio import EventLoopThread, get_event_loop_thread, set_event_loop_thread
from dramatiq.broker import MessageProxy
from dramatiq.common import current_millis, iter_queue
from dramatiq.compat import StreamablePipe
from dramatiq.middleware import Middleware, shutdown
from dramatiq.threading import is_gevent_active
from dramatiq.worker import WorkerThread

if TYPE_CHECKING:
    from dramatiq.message import Message
    from dramatiq.worker import Worker

__all__ = (
    "EventLoopThread",
    "add_consumer",
    "add_thread",
    "allow_queue",
    "allowed_queues",
    "belongs_to",
    "consumer_threads",
    "current_millis",
    "exception_of",
    "get_event_loop_thread",
    "hand_over",
    "is_command_line_process",
    "is_gevent_active",
    "is_patched_late",
    "is_piped",
    "message_of",
    "processed_message",
    "replace_consumer",
    "set_event_loop_thread",
    "set_task_threads",
    "set_work_queue",
    "take_all",
    "task_threads",
    "work_queue_of_thread",
)

# -- messages


def message_of(proxy: MessageProxy) -> Message[Any]:
    """Return the message that a proxy stands for."""
    return proxy._message


def exception_of(proxy: MessageProxy) -> BaseException | None:
    """Return the exception that processing a message has raised; None: none, or it was cleared."""
    error: BaseException | None = proxy._exception
    return error


# -- threads of a worker


def task_threads(worker: Worker) -> list[threading.Thread]:
    """Return the threads that run tasks."""
    return list(worker.workers)


def set_task_threads(worker: Worker, threads: Collection[threading.Thread]) -> None:
    """Keep only these of a worker's task threads; it does not wait for the others when it stops."""
    worker.workers = [thread for thread in worker.workers if thread in threads]


def add_thread(worker: Worker) -> None:
    """Start one more task thread."""
    worker._add_worker()


def processed_message(frame: FrameType) -> Any:
    """Return the message that a task thread processes in a frame; None: the frame is another."""
    if frame.f_code is WorkerThread.process_message.__code__:
        return frame.f_locals.get("message")
    return None


# -- queues of a worker


def consumer_threads(worker: Worker) -> dict[str, threading.Thread]:
    """Return the consumer threads of a worker, by queue."""
    return dict(worker.consumers)


def add_consumer(worker: Worker, queue: str) -> None:
    """Start the consumer thread of a queue, if there is none."""
    worker._add_consumer(queue)


def replace_consumer(worker: Worker, queue: str) -> None:
    """Start another consumer thread for a queue whose thread has died."""
    died = worker.consumers.pop(queue)
    worker._add_consumer(queue)
    # What ends before the new thread has a consumer of its own is acknowledged by this one.
    worker.consumers[queue].consumer = died.consumer


def allowed_queues(worker: Worker) -> tuple[str, ...]:
    """Return the queues that a worker is restricted to; (): it serves every declared one."""
    return tuple(worker.consumer_whitelist or ())


def allow_queue(worker: Worker, queue: str) -> None:
    """Add a queue to those that a worker is restricted to."""
    if worker.consumer_whitelist:
        worker.consumer_whitelist.add(queue)


def hand_over(worker: Worker, message: MessageProxy) -> bool:
    """Pass a message on to the task threads, as the consumer thread of its queue does.

    Returns:
        Whether there is such a thread.
    """
    consumer = worker.consumers.get(message.queue_name)
    if consumer is None:
        return False
    consumer.handle_message(message)
    return True


def set_work_queue(worker: Worker, queue: Any) -> None:
    """Replace the work queue of a worker that has not started yet."""
    worker.work_queue = queue


def work_queue_of_thread() -> Any:
    """Return the work queue of the worker of this thread; None: it is no worker's thread."""
    return getattr(threading.current_thread(), "work_queue", None)


def take_all(worker: Worker) -> Iterator[Any]:
    """Take the messages that wait for a task thread."""
    for item in iter_queue(worker.work_queue):
        worker.work_queue.task_done()
        yield item.message


# -- the rest


def belongs_to(middleware: Middleware, worker: Worker) -> bool:
    """Whether a worker has added this middleware for itself."""
    return getattr(middleware, "worker", None) is worker


def is_command_line_process() -> bool:
    """Whether this is a worker process of Dramatiq's command line, which starts it again."""
    return multiprocessing.parent_process() is not None and "dramatiq.cli" in sys.modules


def is_patched_late() -> bool:
    """Whether gevent has replaced threads after Dramatiq was imported, which looks only then."""
    return is_gevent_active() and not hasattr(shutdown, "_GeventShutdownManager")


def is_piped(stream: Any) -> bool:
    """Whether a stream is the pipe of a process of Dramatiq's command line to its parent."""
    return isinstance(stream, StreamablePipe)
