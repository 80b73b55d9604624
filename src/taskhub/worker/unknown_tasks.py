"""Unknown tasks: messages of tasks that are not registered here are requeued for other workers.

Several programs may serve a queue: the old and the new version of an application while it is
deployed, or two applications. A worker that claims a message which it cannot run requeues it as
long as some live worker of the queue knows the task, and for a grace period if none does: one that
does may be about to start.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.port.engine import Engine
from taskhub.exceptions import OperationalError
from taskhub.execution import outcomes
from taskhub.message import Envelope, chains_of, decode_body, encode_body
from taskhub.outcome import Outcome
from taskhub.worker.leases.worker_info import WorkerInfo, read_worker_infos

logger = logging.getLogger(__name__)

#: More losses than any message may have: it is not run again.
TOO_MANY_LOSSES = 1_000_000
#: The option of a message that holds its `Requeues`.
OPTION = "requeues"
#: How old the known worker infos may be, seconds; and before a message is rejected.
INFO_AGE, LAST_INFO_AGE = 2.0, 0.25
#: Bounds of the delay of a message that is requeued, ms: each time it is twice as long.
FIRST_DELAY, LONGEST_DELAY = 50, 2000
#: How long it counts how often a message was lost with its workers, seconds.
LOST_FOR = 600.0
#: How often a task is logged at most, seconds.
LOG_PERIOD = 60.0
#: For how many tasks it is known when they were logged.
TASKS_LOGGED = 1000


class Requeues(NamedTuple):
    """How often a message was requeued by workers that do not know its task."""

    #: In a row, with no live worker that does.
    unknown: int = 0
    #: While there was one.
    known: int = 0
    #: How often it had been lost with a worker before: requeued, it is stored anew, and is still
    #: given up in time.
    lost: int = 0
    #: When that was counted, seconds since the epoch: a dead letter that is retried begins anew.
    counted_at: int = 0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Requeues:
        """Read the options of a message; none where they hold something else."""
        counts = options.get(OPTION)
        if not isinstance(counts, list | tuple) or len(counts) != len(cls._fields):
            return cls()
        if not all(isinstance(count, int) and 0 <= count < 1 << 31 for count in counts):
            return cls()
        return cls(*counts)

    @property
    def delay(self) -> int:
        """The delay of the message now, ms."""
        times = min(self.unknown or self.known, 10)
        return int(min(LONGEST_DELAY, FIRST_DELAY << times))

    @property
    def waited(self) -> int:
        """How long it was delayed while no worker knew its task, ms."""
        return sum(Requeues(unknown).delay for unknown in range(1, self.unknown + 1))


def lost_deliveries(options: Mapping[str, Any]) -> int:
    """Return how often a message was lost with a worker before it was requeued here."""
    if OPTION not in options:
        return 0
    requeues = Requeues.from_options(options)
    return requeues.lost if time.time() - requeues.counted_at < LOST_FOR else 0


class LiveWorkers:
    """Worker infos of the live workers, read every few seconds at most.

    Args:
        engine: Returns the store.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._worker_infos: list[WorkerInfo] = []
        self._read_at = float("-inf")

    def find(self, task: str, queue: str, max_age: float = INFO_AGE) -> WorkerInfo | None:
        """Return a live worker of a queue that knows a task; None: there is none.

        Args:
            task: The name of the task.
            queue: The queue.
            max_age: How old the answer may be, seconds.

        Raises:
            OperationalError: The store is out of reach.
        """
        now = time.monotonic()
        if now - self._read_at > max_age:
            self._worker_infos = list(read_worker_infos(self._engine().worker_infos()).values())
            self._read_at = now
        return next(
            (
                worker_info
                for worker_info in self._worker_infos
                if queue in worker_info.queues and task in worker_info.tasks
            ),
            None,
        )


class UnknownTasks:
    """Requeues messages of tasks that are not registered in this worker, or has them rejected.

    Args:
        workers: The live workers.
        grace: Returns for how long a message waits for a worker that knows its task, seconds.
    """

    def __init__(self, workers: LiveWorkers, grace: Callable[[], float]) -> None:
        self._workers = workers
        self._grace = grace
        self._logged_until: dict[tuple[str, str], float] = {}

    def requeue(self, delivery: Delivery) -> Outcome | None:
        """Return the outcome that stores a message anew, with a delay; None: its grace is over.

        It counts as no delivery, and makes no event. The message keeps its id and priority; among
        those of the same priority it goes to the end.
        """
        before = Requeues.from_options(delivery.options)
        task, queue, claim = delivery.actor_name, delivery.queue_name, delivery.claim
        try:
            worker = self._workers.find(task, queue)
            is_over = before.waited >= self._grace() * 1000
            if worker is None and is_over:
                # One may have started since.
                worker = self._workers.find(task, queue, LAST_INFO_AGE)
        except OperationalError as error:
            logger.warning("%s; message %s requeued", error, claim.task_id)
            return outcomes.requeued(delivery, LONGEST_DELAY)
        if worker is None and is_over:
            return None
        self._log(task, queue, worker)
        now = before._replace(
            unknown=before.unknown + 1 if worker is None else 0,
            known=before.known + (worker is not None),
            lost=lost_deliveries(delivery.options)
            + (claim.delivery - 1 if claim.given_up is None else TOO_MANY_LOSSES),
            counted_at=int(time.time()),
        )
        fields = decode_body(claim.body)
        fields["options"] = {**(fields.get("options") or {}), OPTION: list(now)}
        # Messages that were claimed together are not all ready again at once.
        delay = round(now.delay * random.uniform(0.75, 1.25))
        chains = chains_of(delivery.options)
        message = Envelope(
            claim.task_id, claim.queue, claim.priority, encode_body(fields), delay, chains=chains
        )
        return outcomes.requeued(delivery)._replace(publish=(message,))

    def _log(self, task: str, queue: str, worker: WorkerInfo | None) -> None:
        """Log that messages of a task are requeued, now and then."""
        now = time.monotonic()
        if now < self._logged_until.get((task, queue), 0.0):
            return
        if len(self._logged_until) >= TASKS_LOGGED:
            self._logged_until.clear()
        self._logged_until[task, queue] = now + LOG_PERIOD
        if worker is None:
            logger.warning(
                "task %.200s of queue %.200s is not registered in this worker, and no live worker "
                "of the queue knows it: its messages are requeued for %g s (task_unknown_grace)",
                *(task, queue, self._grace()),
            )
        else:
            logger.info(
                "task %.200s of queue %.200s is not registered in this worker: its messages are "
                "requeued for %s, which knows it",
                *(task, queue, worker.node),
            )
