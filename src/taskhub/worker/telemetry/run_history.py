"""The run history of periodic jobs: a worker notes the outcome of each run that it executes.

It is for people who look at a schedule, not a part of a commit: an outcome whose note is lost with
its worker, or with the connection to the store, is missing in the history.
"""

from __future__ import annotations

import logging
import threading
import time
from queue import SimpleQueue
from typing import Any, NamedTuple

from dramatiq.middleware import Middleware

from taskhub import states
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.port.schedule_store import RunOutcome
from taskhub.exceptions import OperationalError
from taskhub.outcome import Outcome
from taskhub.worker.node import AppOfWorker

logger = logging.getLogger(__name__)

#: The header of a message that names the entry of the schedule that sent it.
ENTRY_HEADER = "periodic_entry"
#: At its end a worker waits so long for notes to be written, seconds.
GRACE = 5.0


class _Note(NamedTuple):
    entry: str
    task_id: str
    outcome: RunOutcome


class RunHistory(Middleware):
    """Writes outcomes of periodic runs in a thread of its own, which begins with the first.

    Args:
        app: The app whose schedule it is.
    """

    def __init__(self, app: AppOfWorker) -> None:
        self._app = app
        self._pending: SimpleQueue[_Note | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        assert isinstance(broker, EngineBroker)
        exchange_loop = broker.exchange_loop_of(worker)
        if exchange_loop is not None:
            exchange_loop.outcome_hooks.observe = self.observe

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._pending.put(None)
            thread.join(GRACE)

    def observe(self, delivery: Delivery, outcome: Outcome, runtime: float) -> None:
        """Note the outcome of a message if a schedule has sent it. Returns at once."""
        headers = delivery.options.get("headers")
        if not headers or ENTRY_HEADER not in headers:
            return
        found = run_outcome(outcome, runtime, time.time())
        if found is not None:
            self._pending.put(_Note(str(headers[ENTRY_HEADER]), outcome.task_id, found))
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="taskhub-run-history", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while (note := self._pending.get()) is not None:
            try:
                store = self._app.engine.schedule_store(self._app.main or "")
                store.record_outcome(*note)
            except OperationalError as error:
                logger.warning("%s; the history of entry %r lacks an outcome", error, note.entry)


def run_outcome(outcome: Outcome, runtime: float, now: float) -> RunOutcome | None:
    """Return what the history says of an outcome; None: the message was requeued.

    Args:
        outcome: The outcome.
        runtime: How long its code ran, seconds; 0: it did not.
        now: The present, seconds since the epoch.
    """
    if outcome.state == states.REJECTED and outcome.publish:
        return None
    started_at = int((now - runtime) * 1000) if runtime > 0 else None
    error = (outcome.error or "").partition("\n")[0]
    return RunOutcome(outcome.state, started_at, round(runtime, 6), error)
