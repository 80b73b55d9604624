"""Local workers: the workers of a broker in this process, with their exchange loops and leases."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from dramatiq.middleware import Middleware

from taskhub.engine.dramatiq import internals
from taskhub.engine.dramatiq.boot_obstacles import check_green_threads
from taskhub.engine.dramatiq.consumer import EngineConsumer
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.engine.dramatiq.forked_children import watch_forks
from taskhub.engine.dramatiq.suspect_isolation import SuspectEvent
from taskhub.engine.dramatiq.work_queue import WorkQueue
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.engine import Engine
from taskhub.outcome import Outcome

if TYPE_CHECKING:
    from dramatiq.worker import Worker

    from taskhub.engine.dramatiq.broker import EngineBroker

#: How long a worker's threads may take to start, seconds.
START_TIMEOUT = 5.0
#: How long an exchange loop may take to commit and to requeue at its end, seconds.
STOP_TIMEOUT = 30.0


class WorkerHooks(NamedTuple):
    """What the worker package contributes to a broker whose workers run."""

    #: Makes the outcome of a message that no actor can take: unreadable, or for an unknown actor.
    reject: Callable[[Claim, Exception], Outcome]
    #: Acquires the lease of a worker (by name) and returns what releases it.
    acquire_lease: Callable[[Engine, str], Callable[[], None]]
    #: Makes the outcome that requeues a message for an unknown actor; None: it is to be rejected.
    requeue_unknown: Callable[[Delivery], Outcome | None]
    #: Notifies the supervisor of suspects.
    notify_supervisor: Callable[[SuspectEvent], None]


class LocalWorkers:
    """The workers of a broker that run in this process, each with its exchange loop and its lease.

    Args:
        broker: The broker.
        hooks: What the worker package contributes.
    """

    def __init__(self, broker: EngineBroker, hooks: WorkerHooks) -> None:
        self._broker = broker
        self._hooks = hooks
        # By worker: its exchange loop, and what releases its lease.
        self._exchange_loops: dict[Worker, tuple[ExchangeLoop, Callable[[], None]]] = {}
        #: The exchange loop of the worker that started last; None: no worker runs.
        self.exchange_loop: ExchangeLoop | None = None

    def exchange_loop_of(self, worker: Worker) -> ExchangeLoop | None:
        """Return the exchange loop of a worker; None: the worker does not run."""
        return self._exchange_loops[worker][0] if worker in self._exchange_loops else None

    @property
    def workers(self) -> list[Worker]:
        """The workers, in the order in which they started."""
        return list(self._exchange_loops)

    def consumer(self, queue_name: str, timeout: float) -> EngineConsumer:
        """Return the consumer of a queue for the worker whose thread calls this.

        Args:
            queue_name: The queue.
            timeout: How long its thread waits at a time, seconds.

        Raises:
            RuntimeError: No worker runs.
        """
        exchange_loop = self._exchange_loop_of_thread()
        if exchange_loop is None:
            raise RuntimeError(
                f"queue {queue_name!r} can only be consumed by a dramatiq.Worker: it starts the "
                "exchange loop"
            )
        return EngineConsumer(exchange_loop, queue_name, timeout, self._hooks.reject)

    def _exchange_loop_of_thread(self) -> ExchangeLoop | None:
        """Return the exchange loop of the worker whose consumer thread this is."""
        work_queue = internals.work_queue_of_thread()
        if work_queue is None:
            return self.exchange_loop
        for worker, (exchange_loop, _) in list(self._exchange_loops.items()):
            if worker.work_queue is work_queue:
                return exchange_loop
        return None

    def start(self, worker: Worker) -> None:
        """Acquire a lease for a worker of this process, and make its exchange loop.

        Raises:
            OperationalError: The store is out of reach.
        """
        watch_forks()
        name = f"{self._broker.nodename}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        # Before the first claim: what a worker without a lease claims is never reclaimed.
        release_lease = self._hooks.acquire_lease(self._broker.engine, name)
        self.exchange_loop = exchange_loop = ExchangeLoop(
            self._broker.engine,
            name,
            worker.worker_threads,
            hand_over=lambda delivery: self._hand_over(worker, exchange_loop, delivery),
            withdraw=lambda: internals.take_all(worker),
            reject=self._hooks.reject,
            rates=self._broker.rates,
            notify_supervisor=self._hooks.notify_supervisor,
        )
        self._exchange_loops[worker] = exchange_loop, release_lease

    def stop(self, timeout: float, worker: Worker | None = None) -> None:
        """Commit outcomes, requeue the rest, and release the lease.

        Args:
            timeout: How long to wait for the exchange loop, seconds.
            worker: Whose; None: of all workers of this process.
        """
        for ended in self.workers if worker is None else [worker]:
            if ended not in self._exchange_loops:
                continue
            exchange_loop, release_lease = self._exchange_loops.pop(ended)
            self.exchange_loop = next(
                (left for left, _ in reversed(self._exchange_loops.values())), None
            )
            exchange_loop.finish(timeout)
            release_lease()

    def _hand_over(self, worker: Worker, exchange_loop: ExchangeLoop, delivery: Delivery) -> bool:
        """Pass a claimed message on to the task threads, as the consumer thread of its queue does.

        Returns:
            False if there is no such thread: the watchdog is about to start another.
        """
        # The store keeps what is not due. Dramatiq would hold it in this process.
        delivery.options.pop("eta", None)
        delivery.exchange_loop = exchange_loop
        if not self._broker.knows_actor(delivery.actor_name):
            outcome = self._hooks.requeue_unknown(delivery)
            if outcome is not None:
                exchange_loop.requeue_unknown(delivery, outcome)
                return True
        return internals.hand_over(worker, delivery)


def _wait_until_running(worker: Worker) -> None:
    """Wait until every thread of a worker runs: one that is stopped before would go on forever."""
    deadline = time.monotonic() + START_TIMEOUT
    threads: list[Any] = [
        *internals.task_threads(worker),
        *internals.consumer_threads(worker).values(),
    ]
    while not all(thread.running for thread in threads) and time.monotonic() < deadline:
        time.sleep(0.001)


class ExchangeLoopMiddleware(Middleware):
    """Starts and stops the exchange loop with the worker."""

    def before_worker_boot(self, broker: Any, worker: Worker) -> None:
        check_green_threads()
        queue = WorkQueue()
        internals.set_work_queue(worker, queue)
        broker.local_workers.start(worker)
        queue.exchange_loop = broker.exchange_loop_of(worker)
        for queue_name in internals.allowed_queues(worker):
            # A queue that no task here is declared on may be used by calls that name it.
            broker.declare_queue(queue_name)

    def after_worker_boot(self, broker: Any, worker: Worker) -> None:
        _wait_until_running(worker)
        exchange_loop = broker.exchange_loop_of(worker)
        if exchange_loop is not None:
            exchange_loop.start()

    def before_worker_shutdown(self, broker: Any, worker: Worker) -> None:
        exchange_loop = broker.exchange_loop_of(worker)
        if exchange_loop is not None:
            exchange_loop.stop_claiming()
            exchange_loop.closing.set()
        if isinstance(worker.work_queue, WorkQueue):
            worker.work_queue.close(len(internals.task_threads(worker)))

    def after_worker_shutdown(self, broker: Any, worker: Worker) -> None:
        broker.local_workers.stop(STOP_TIMEOUT, worker)
        # Dramatiq's own goes on to start threads of a worker that has ended, for queues that are
        # declared later.
        broker.remove_middleware(lambda found: internals.belongs_to(found, worker))
