"""Workers in the process of a test."""

from __future__ import annotations

import importlib
import logging
import os
import socket
import sys
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dramatiq.worker import Worker

from taskhub.engine.dramatiq.internals import task_threads
from taskhub.exceptions import OperationalError
from taskhub.result import allow_join_result
from taskhub.signals import Signal
from taskhub.worker.supervisor.concurrency import pool_named

if TYPE_CHECKING:
    from taskhub.app.app import Celery

library_logger = logging.getLogger("taskhub")

WORKER_LOGLEVEL = os.environ.get("WORKER_LOGLEVEL", "error")

#: How long a thread that has nothing to do waits before it looks whether it is to end,
#: milliseconds.
LOOK_EVERY = 50

test_worker_starting = Signal(name="test_worker_starting")
test_worker_started = Signal(("worker", "consumer"), name="test_worker_started")
test_worker_stopped = Signal(("worker",), name="test_worker_stopped")


class InProcessWorker:
    """Runs tasks in threads of this process.

    Args:
        app: Whose tasks.
        concurrency: How many at a time.
        pool: "solo": one at a time, whatever `concurrency` says, as in Celery; others are threads
            here.
        hostname: The node's name; None: one of this process.
        queues: The only queues to serve, in a list or separated by commas; None: all.
        options: Accepted as those of Celery's workers, without effect.
    """

    # pytest takes classes with `Test` in Celery's name for tests.
    __test__ = False

    def __init__(
        self,
        app: Celery,
        concurrency: int | None = None,
        pool: Any = None,
        hostname: str | None = None,
        queues: str | Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        self.app = app
        self.concurrency = concurrency or 1
        self._threads = 1 if pool is not None and pool_named(pool) == "solo" else self.concurrency
        self.hostname = hostname or f"gen{os.getpid()}@{socket.gethostname()}"
        self.options = options
        names = queues.split(",") if isinstance(queues, str) else queues
        self.queues = {getattr(name, "name", name) for name in names or ()}
        self._worker: Worker | None = None

    def start(self) -> None:
        """Begin; returns when it takes tasks.

        Raises:
            OperationalError: The store is out of reach.
        """
        broker = self.app.broker
        broker.nodename = self.hostname
        for name in self.queues:
            broker.declare_queue(name)
        self._worker = Worker(
            broker,
            queues=self.queues or None,
            worker_threads=self._threads,
            worker_timeout=LOOK_EVERY,
        )
        self._worker.start()
        if broker.exchange_loop is None:
            self._worker.stop()
            broker.engine.ping()
            raise OperationalError("the worker could not begin: see what it has logged")

    def reload(
        self, modules: Iterable[str] | None = None, reload: bool = False, reloader: Any = None
    ) -> None:
        """Import modules; with `reload`, again. Tasks declared since the start are known anyway."""
        for name in modules or ():
            found = sys.modules.get(name)
            if found is None:
                import_module(name)
            elif reload:
                (reloader or importlib.reload)(found)

    def stop(self, timeout: float = 10.0) -> bool:
        """Stop; returns whether all tasks have ended in time. Messages of others are requeued.

        Args:
            timeout: How long tasks may take, seconds.
        """
        worker, self._worker = self._worker, None
        if worker is None:
            return True
        threads = task_threads(worker)
        worker.stop(timeout=int(timeout * 1000))
        return not any(thread.is_alive() for thread in threads)


@contextmanager
def start_worker(
    app: Celery,
    concurrency: int = 1,
    pool: Any = None,
    loglevel: str | int = WORKER_LOGLEVEL,
    logfile: str | None = None,
    perform_ping_check: bool = True,
    ping_task_timeout: float = 10.0,
    shutdown_timeout: float = 10.0,
    **kwargs: Any,
) -> Generator[InProcessWorker]:
    """Run a worker of an app in this process for the length of a block; yields it.

    The app becomes the current one.

    Args:
        app: The app.
        concurrency: How many tasks run at a time, in threads.
        pool: As of `InProcessWorker`.
        loglevel: What is logged meanwhile.
        logfile: Where that goes, too.
        perform_ping_check: Run a task before the block begins.
        ping_task_timeout: How long that may take, seconds.
        shutdown_timeout: How long tasks may go on when the block has ended, seconds.
        kwargs: As of `InProcessWorker`.

    Raises:
        OperationalError: The store is out of reach.
        TimeoutError: The first task did not end in time.
        RuntimeError: Tasks did not end in time.
    """
    # Apps that are finalized later get it, too.
    from taskhub.testing.tasks import ping

    test_worker_starting.send(app)
    worker = InProcessWorker(app, concurrency, pool, **kwargs)
    with ExitStack() as held:
        held.callback(lambda: test_worker_stopped.send(app, worker=worker))
        setup_app_for_worker(app, loglevel, logfile)
        held.enter_context(_logging(loglevel, logfile))
        worker.start()
        held.callback(_stop, worker, shutdown_timeout)
        test_worker_started.send(app, worker=worker, consumer=worker)
        if perform_ping_check:
            queue = next(iter(sorted(worker.queues)), None)
            with allow_join_result():
                assert (
                    app.tasks[ping.name].apply_async(queue=queue).get(ping_task_timeout) == "pong"
                )
        yield worker


def setup_app_for_worker(app: Celery, loglevel: str | int, logfile: str | None) -> None:
    """Get an app ready for a worker in this process: bind its tasks, and make it the current one.

    Args:
        app: The app.
        loglevel: Accepted as Celery's: `start_worker` sets logging up.
        logfile: Accepted as Celery's.
    """
    app.finalize()
    app.set_current()
    app.set_default()


@contextmanager
def _logging(level: str | int, logfile: str | None) -> Generator[None]:
    """Log what taskhub says; loggers of the program, and handlers of pytest, stay as they are."""
    before = library_logger.level
    number = logging.getLevelNamesMapping()[level.upper()] if isinstance(level, str) else level
    library_logger.setLevel(number or before)
    handler = None if logfile is None else logging.FileHandler(logfile, encoding="utf-8")
    if handler is not None:
        library_logger.addHandler(handler)
    try:
        yield
    finally:
        library_logger.setLevel(before)
        if handler is not None:
            library_logger.removeHandler(handler)
            handler.close()


def _stop(worker: InProcessWorker, timeout: float) -> None:
    if not worker.stop(timeout):
        raise RuntimeError(
            f"tasks did not end within {timeout:g} s: raise shutdown_timeout if they take longer"
        )
