"""One worker process: runs Dramatiq's worker on a broker until it is told to stop."""

from __future__ import annotations

import logging
import select
import signal
import socket
from collections.abc import Collection
from typing import Any

from dramatiq.worker import Worker

from taskhub.engine.broker import EngineBroker
from taskhub.exceptions import OperationalError
from taskhub.worker.link import Link, Report

logger = logging.getLogger(__name__)

#: What is left to be written gets so long when the process must end at once, seconds.
AT_ONCE = 2.0


class _EndAtOnce(BaseException):
    """The second signal has come: what runs is given back."""


class WorkerProcess:
    """Works tasks off in this process; to be made and run by the main thread.

    Parameters:
      broker: where tasks come from, with all of them declared.
      threads: how many run at once.
      queues: the only queues to serve; empty: all that are declared.
      shutdown_timeout: seconds that tasks may go on when the process is asked to stop.
      link: where to tell what happens.
    """

    def __init__(
        self,
        broker: EngineBroker,
        *,
        threads: int,
        queues: Collection[str],
        shutdown_timeout: float,
        link: Link,
    ) -> None:
        self._broker = broker
        self._threads = threads
        self._queues = set(queues)
        self._shutdown_timeout = shutdown_timeout
        self._link = link
        self._signals = 0
        self._may_end_at_once = False
        # A signal ends the wait by a byte on this socket.
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)

    def handle_signals(self) -> None:
        """From now on SIGTERM asks for an end; the first one while nothing runs yet, too."""
        signal.set_wakeup_fd(self._outer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_signal)

    def run(self, facts: dict[str, Any]) -> int:
        """Work until told to stop; returns the exit code.

        Parameters:
          facts: what to tell the supervisor when the worker is ready.

        Raises:
          OperationalError: the store is out of reach at the start.
        """
        worker = Worker(self._broker, queues=self._queues or None, worker_threads=self._threads)
        worker.start()
        if self._broker.courier is None:
            # The broker reports what goes wrong in a boot only to its log.
            self._broker.engine.ping()
            raise OperationalError("the worker could not take a lease: see the log above")
        self._link.tell(Report("ready", facts=facts))
        self._wait()
        return self._stop(worker)

    def _wait(self) -> None:
        sockets = [self._inner]
        if self._link.connection is not None:
            sockets.append(self._link.connection)
        while not self._signals:
            readable, _, _ = select.select(sockets, (), ())
            if self._link.connection in readable:
                logger.warning("the supervisor is gone: this process ends, too")
                return

    def _stop(self, worker: Worker) -> int:
        courier = self._broker.courier
        assert courier is not None
        held = courier.holding
        if held:
            logger.info(
                "stopping: %d tasks in hand, given back if they take longer than %g s",
                held,
                self._shutdown_timeout,
            )
        given_back = 0
        try:
            self._may_end_at_once = True
            if self._signals > 1:
                raise _EndAtOnce
            worker.stop(timeout=int(self._shutdown_timeout * 1000))
            self._may_end_at_once = False
            given_back = sum(thread.is_alive() for thread in worker.workers)
        except _EndAtOnce:
            given_back = courier.holding
            self._broker.end_courier(AT_ONCE)
            if courier.is_alive():
                courier.join(AT_ONCE)
        if given_back:
            logger.warning("%d tasks did not end in time and were given back", given_back)
        self._link.tell(Report("stopped", facts={"given_back": given_back}))
        return 0

    def _on_signal(self, number: int, frame: object) -> None:
        self._signals += 1
        if self._signals > 1 and self._may_end_at_once:
            self._may_end_at_once = False
            raise _EndAtOnce
