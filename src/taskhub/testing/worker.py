"""Workers in the process of a test (as `celery.contrib.testing.worker`)."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dramatiq.worker import Worker

from taskhub.exceptions import OperationalError
from taskhub.result import allow_join_result
from taskhub.signals import Signal
from taskhub.utils.log import base_logger, mlevel
from taskhub.utils.nodenames import anon_nodename

if TYPE_CHECKING:
    from taskhub.app.app import Celery

WORKER_LOGLEVEL = os.environ.get("WORKER_LOGLEVEL", "error")

#: How long a thread that has nothing to do waits before it looks whether it is to end, milliseconds.
LOOK_EVERY = 50

test_worker_starting = Signal(name="test_worker_starting")
test_worker_started = Signal(("worker", "consumer"), name="test_worker_started")
test_worker_stopped = Signal(("worker",), name="test_worker_stopped")


class InProcessWorker:
    """Runs tasks in threads of this process.

    Parameters:
      app: whose tasks.
      concurrency: how many at a time.
      hostname: the node's name; None: one of this process.
      queues: the only queues to serve, in a list or separated by commas; None: all.
      options: accepted as those of Celery's workers, without effect.
    """

    # pytest takes classes with `Test` in Celery's name for tests.
    __test__ = False

    def __init__(
        self,
        app: Celery,
        concurrency: int | None = None,
        hostname: str | None = None,
        queues: str | Iterable[str] | None = None,
        **options: Any,
    ) -> None:
        self.app = app
        self.concurrency = concurrency or 1
        self.hostname = hostname or anon_nodename()
        self.options = options
        names = queues.split(",") if isinstance(queues, str) else queues
        self.queues = {getattr(name, "name", name) for name in names or ()}
        self._worker: Worker | None = None

    def start(self) -> None:
        """Begin; returns when it takes tasks.

        Raises:
          OperationalError: the store is out of reach.
        """
        broker = self.app.broker
        broker.nodename = self.hostname
        for name in self.queues:
            broker.declare_queue(name)
        self._worker = Worker(
            broker,
            queues=self.queues or None,
            worker_threads=self.concurrency,
            worker_timeout=LOOK_EVERY,
        )
        self._worker.start()
        if broker.courier is None:
            self._worker.stop()
            broker.engine.ping()
            raise OperationalError("the worker could not begin: see what it has logged")

    def reload(
        self, modules: Iterable[str] | None = None, reload: bool = False, reloader: Any = None
    ) -> None:
        """Import modules, and with `reload` again those that are. Tasks declared since the start are known anyway."""
        for name in modules or ():
            found = sys.modules.get(name)
            if found is None:
                import_module(name)
            elif reload:
                (reloader or importlib.reload)(found)

    def stop(self, timeout: float = 10.0) -> bool:
        """End; returns whether all tasks have ended within `timeout` seconds. Others are given back to the store."""
        worker, self._worker = self._worker, None
        if worker is None:
            return True
        threads = list(worker.workers)
        worker.stop(timeout=int(timeout * 1000))
        return not any(thread.is_alive() for thread in threads)


@contextmanager
def start_worker(
    app: Celery,
    concurrency: int = 1,
    pool: str = "solo",
    loglevel: str | int = WORKER_LOGLEVEL,
    logfile: str | None = None,
    perform_ping_check: bool = True,
    ping_task_timeout: float = 10.0,
    shutdown_timeout: float = 10.0,
    **kwargs: Any,
) -> Generator[InProcessWorker]:
    """Run a worker of an app in this process for the length of a block; yields it.

    The app becomes the current one.

    Parameters:
      concurrency: how many tasks run at a time, in threads.
      pool: accepted as Celery's: it is always threads.
      loglevel: what is logged meanwhile.
      logfile: where that goes, too.
      perform_ping_check: run a task before the block begins.
      ping_task_timeout: how long that may take, seconds.
      shutdown_timeout: how long tasks may go on when the block has ended, seconds.
      kwargs: as of `InProcessWorker`.

    Raises:
      OperationalError: the store is out of reach.
      TimeoutError: the first task did not end in time.
      RuntimeError: tasks did not end in time.
    """
    # Apps that are finalized later get it, too.
    from taskhub.testing.tasks import ping

    test_worker_starting.send(app)
    worker = InProcessWorker(app, concurrency, **kwargs)
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

    Parameters:
      loglevel, logfile: accepted as Celery's: `start_worker` sees to logging.
    """
    app.finalize()
    app.set_current()
    app.set_default()


@contextmanager
def _logging(level: str | int, logfile: str | None) -> Generator[None]:
    """Log what taskhub says; loggers of the program, and handlers of pytest, stay as they are."""
    before = base_logger.level
    base_logger.setLevel(mlevel(level) or before)
    handler = None if logfile is None else logging.FileHandler(logfile, encoding="utf-8")
    if handler is not None:
        base_logger.addHandler(handler)
    try:
        yield
    finally:
        base_logger.setLevel(before)
        if handler is not None:
            base_logger.removeHandler(handler)
            handler.close()


def _stop(worker: InProcessWorker, timeout: float) -> None:
    if not worker.stop(timeout):
        raise RuntimeError(
            f"tasks did not end within {timeout:g} s: raise shutdown_timeout if they take longer"
        )
