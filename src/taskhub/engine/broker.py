"""The Dramatiq broker on the engine."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import dramatiq
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.common import current_millis, iter_queue
from dramatiq.errors import QueueNotFound
from dramatiq.middleware import Middleware, MiddlewareError

from taskhub.engine.consumer import EngineConsumer
from taskhub.engine.courier import Courier
from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim, Engine, RetryPolicy
from taskhub.engine.throttle import Pace
from taskhub.engine.turns import TurnTaker
from taskhub.engine.work_queue import WorkQueue
from taskhub.message import Envelope, check_name, clamp_priority, decode_body, encode_body
from taskhub.outcome import ChainPlan, ChordPlan, Outcome

if TYPE_CHECKING:
    from dramatiq.worker import ConsumerThread, Worker, WorkerThread

logger = logging.getLogger(__name__)

#: While a task ends: the messages that its middleware enqueues. They leave in the task's own commit.
_captured: ContextVar[list[Envelope] | None] = ContextVar("taskhub_captured", default=None)

#: The signals that end a task.
_ENDING = frozenset(("process_message", "skip_message"))
#: The signals about one message in a worker.
_OF_MESSAGES = frozenset(("process_message", "skip_message", "ack", "nack"))
#: A task's message with one of these also concerns Dramatiq's own middleware.
NATIVE_OPTIONS = frozenset(("pipe_target", "on_success", "on_failure", "group_completion_uuid"))


def captured() -> list[Envelope]:
    """Return the messages that were enqueued since the present task began to end."""
    return _captured.get() or []


#: How long a worker's threads may take to start, seconds.
START_TIMEOUT = 5.0

#: How a `dramatiq.Message`'s priority is named in its options; 0 to 9, 9 first.
PRIORITY_OPTION = "priority"
#: When a delayed `dramatiq.Message` was due, ms since the epoch: for how long it has waited since.
READY_OPTION = "ready_at"


@contextmanager
def capturing() -> Generator[None]:
    """Collect what is enqueued in this context, as while a task ends."""
    token = _captured.set([])
    try:
        yield
    finally:
        _captured.reset(token)


class EngineBroker(dramatiq.Broker):
    """Puts Dramatiq's actors and workers on an engine.

    Parameters:
      engine: returns the engine; called when it is first needed.
      reject: makes the outcome of a message that no actor can take: unreadable, or for an unknown actor.
      hold_lease: takes the lease of a worker (by name) and returns what gives it up again.
      nodename: what this process's workers are called in inspection, e.g. "celery@host".
      middleware: as for `dramatiq.Broker`.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        *,
        reject: Callable[[Claim, Exception], Outcome],
        hold_lease: Callable[[Engine, str], Callable[[], None]],
        nodename: str | None = None,
        middleware: list[Middleware] | None = None,
    ) -> None:
        self._make_engine = engine
        self._engine: Engine | None = None
        self._reject = reject
        self._hold_lease = hold_lease
        self._give_up_lease: Callable[[], None] = _nothing
        self.nodename = nodename or f"celery@{socket.gethostname()}"
        self.courier: Courier | None = None
        self.retry_policy: RetryPolicy | None = RetryPolicy()
        #: How fast the tasks with a rate limit begin, by name; a running courier heeds changes.
        self.paces: dict[str, Pace] = {}
        self._hooks: dict[tuple[str, str], list[Callable[..., Any]]] = {}
        super().__init__(middleware)
        self.queues = set()
        self.add_middleware(_CourierLifecycle())

    @property
    def engine(self) -> Engine:
        """The engine; made on first use."""
        if self._engine is None:
            self._engine = self._make_engine()
        return self._engine

    # -- middleware: the hooks that no middleware overrides, or that are not for tasks, cost nothing

    def add_middleware(self, middleware: Middleware, **where: Any) -> None:
        """Add middleware.

        One with an attribute `native_only` does not see the messages of tasks; one with `only_when_named` sees those
        that name one of `NATIVE_OPTIONS`.
        """
        self._hooks.clear()
        super().add_middleware(middleware, **where)
        self._hooks.clear()

    def _hooks_for(self, name: str, kind: str = "native") -> list[Callable[..., Any]]:
        hooks = self._hooks.get((name, kind))
        if hooks is None:
            stack = self.middleware if name.startswith("before") else reversed(self.middleware)
            default = getattr(Middleware, name, None)
            hooks = [
                getattr(middleware, name)
                for middleware in stack
                if getattr(type(middleware), name, None) is not default
                and not (kind != "native" and getattr(middleware, "native_only", False))
                and not (kind == "task" and getattr(middleware, "only_when_named", False))
            ]
            self._hooks[name, kind] = hooks
        return hooks

    def _kind_of(self, message: Delivery) -> str:
        """Return whose message it is: of a "native" actor, a "task", or a task "mixed" with Dramatiq's composition."""
        if message.kind is None:
            if not getattr(self.actors.get(message.actor_name), "is_task", False):
                message.kind = "native"
            else:
                message.kind = "task" if NATIVE_OPTIONS.isdisjoint(message.options) else "mixed"
        return message.kind

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        kind = self._kind_of(args[0]) if signal in _OF_MESSAGES else "native"
        for hook in self._hooks_for("before_" + signal, kind):
            try:
                hook(self, *args, **kwargs)
            except MiddlewareError:
                raise
            except Exception:
                if signal == "worker_boot":
                    # A worker that could not get ready would live on and do nothing.
                    raise
                self.logger.critical("Unexpected failure in %r.", hook, exc_info=True)

    def emit_after(self, signal: str, *args: Any, **kwargs: Any) -> None:
        kind = self._kind_of(args[0]) if signal in _OF_MESSAGES else "native"
        token = _captured.set([]) if signal in _ENDING else None
        for hook in self._hooks_for("after_" + signal, kind):
            try:
                hook(self, *args, **kwargs)
            except Exception:
                self.logger.critical("Unexpected failure in %r.", hook, exc_info=True)
        if token is not None:
            _captured.reset(token)

    # -- queues

    def declare_queue(self, queue_name: str) -> None:
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(check_name("the queue name", queue_name))
            self.emit_after("declare_queue", queue_name)

    def get_declared_queues(self) -> set[str]:
        return set(self.queues)

    # -- producing

    def envelope(self, message: dramatiq.Message[Any], delay: int | None = None) -> Envelope:
        """Return the envelope of a message that is due in `delay` ms."""
        actor = self.actors.get(message.actor_name)
        priority = message.options.get(PRIORITY_OPTION)
        if priority is None and actor is not None and actor.priority:
            # Dramatiq's priorities begin at 0, lower first.
            priority = clamp_priority(None) - actor.priority
        fields: dict[str, Any] = dict(message.asdict())
        if delay:
            fields["options"] = {**message.options, READY_OPTION: current_millis() + delay}
        return Envelope(
            check_name("the message id", message.message_id),
            message.queue_name,
            clamp_priority(priority),
            encode_body(fields),
            delay or 0,
        )

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Enqueue a message on the engine.

        While a task ends, what its middleware enqueues (a retry, the next of a pipeline, a callback) is collected and
        leaves in the task's commit instead.

        Raises:
          OperationalError: the store is out of reach.
          EncodeError: an argument cannot be serialized.
        """
        if isinstance(message, MessageProxy):
            message = message._message
        if message.queue_name not in self.queues:
            raise QueueNotFound(message.queue_name)
        self.emit_before("enqueue", message, delay)
        envelope = self.envelope(message, delay)
        leaving = _captured.get()
        if leaving is not None:
            leaving.append(envelope)
        else:
            self.engine.enqueue([envelope], retry=self.retry_policy)
        self.emit_after("enqueue", message, delay)
        return message

    def send(self, envelope: Envelope, retry: RetryPolicy | None) -> None:
        """Enqueue an envelope now, whatever is ending; middleware that watches messages go out sees it, too."""
        watched = self._hooks_for("before_enqueue") or self._hooks_for("after_enqueue")
        if not watched:
            self.engine.enqueue((envelope,), retry=retry)
            return
        message: dramatiq.Message[Any] = dramatiq.Message(**decode_body(envelope.body))
        self.emit_before("enqueue", message, envelope.delay)
        self.engine.enqueue((envelope._replace(body=encode_body(message.asdict())),), retry=retry)
        self.emit_after("enqueue", message, envelope.delay)

    def send_all(
        self,
        envelopes: Sequence[Envelope],
        chords: Sequence[ChordPlan],
        chains: Sequence[ChainPlan],
        retry: RetryPolicy | None,
    ) -> None:
        """Enqueue many envelopes, with the chords that they belong to and the chains that they begin."""
        if not self._hooks_for("before_enqueue") and not self._hooks_for("after_enqueue"):
            self.engine.enqueue(envelopes, chords=chords, chains=chains, retry=retry)
            return
        self.engine.enqueue((), chords=chords, chains=chains, retry=retry)
        for envelope in envelopes:
            self.send(envelope, retry)

    # -- working

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> Consumer:
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)
        if self.courier is None:
            raise RuntimeError(
                f"queue {queue_name!r} can only be consumed by a dramatiq.Worker: it starts the courier"
            )
        return EngineConsumer(self.courier, queue_name, timeout / 1000, self._reject)

    def start_courier(self, worker: Worker) -> None:
        """Begin to claim for a worker of this process.

        Raises:
          OperationalError: the store is out of reach.
        """
        name = f"{self.nodename}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        # Before the first claim: what a worker without a lease claims would never come back.
        self._give_up_lease = self._hold_lease(self.engine, name)
        self.courier = Courier(
            self.engine,
            name,
            worker.worker_threads,
            hand_over=lambda delivery: self._hand_over(worker, delivery),
            withdraw=lambda: self._withdraw(worker),
            reject=self._reject,
            turns=TurnTaker(self.paces),
        )

    def end_courier(self, timeout: float) -> None:
        """Commit what has ended, give the rest back, and give the lease up."""
        courier, self.courier = self.courier, None
        if courier is not None:
            courier.finish(timeout)
            self._give_up_lease()

    @staticmethod
    def _hand_over(worker: Worker, delivery: Delivery) -> bool:
        """Do with a claimed message what the thread of its queue's consumer does with one that it has received.

        Returns False if there is no such thread: the watchdog is about to start another.
        """
        consumer = worker.consumers.get(delivery.queue_name)
        if consumer is None:
            return False
        consumer.handle_message(delivery)
        return True

    def _withdraw(self, worker: Worker) -> Iterable[Delivery]:
        for item in iter_queue(worker.work_queue):
            worker.work_queue.task_done()
            yield item.message

    # -- testing and housekeeping

    def flush(self, queue_name: str) -> None:
        """Drop what waits in a queue."""
        self.engine.purge(queue_name)

    def flush_all(self) -> None:
        """Drop what waits in every declared queue."""
        for queue_name in self.queues:
            self.flush(queue_name)

    def join(self, queue_name: str, *, timeout: int | None = None) -> None:
        """Wait until a queue, its delayed messages and all claims are empty; for tests."""
        deadline = None if timeout is None else current_millis() + timeout
        while True:
            counts = self.engine.queues().get(queue_name)
            waiting = counts is not None and (counts.ready or counts.delayed)
            if not waiting and not any(self.engine.held(name) for name in self.engine.workers()):
                return
            if deadline is not None and current_millis() >= deadline:
                raise dramatiq.QueueJoinTimeout(queue_name)
            time.sleep(0.02)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()


def _nothing() -> None:
    """Give up a lease that was never taken."""


def _wait_until_running(worker: Worker) -> None:
    """Wait until every thread of a worker runs: one that is stopped before would overlook it and go on for ever."""
    deadline = time.monotonic() + START_TIMEOUT
    threads: list[ConsumerThread | WorkerThread] = [*worker.workers, *worker.consumers.values()]
    while not all(thread.running for thread in threads) and time.monotonic() < deadline:
        time.sleep(0.001)


class _CourierLifecycle(Middleware):
    """Starts and ends the courier with the worker."""

    def before_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        assert isinstance(broker, EngineBroker)
        worker.work_queue = WorkQueue()  # type: ignore[assignment]
        broker.start_courier(worker)
        for queue_name in worker.consumer_whitelist or ():
            # A queue that no task here is declared on may be used by calls that name it.
            broker.declare_queue(queue_name)

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        assert isinstance(broker, EngineBroker)
        _wait_until_running(worker)
        if broker.courier is not None:
            broker.courier.start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Worker) -> None:
        assert isinstance(broker, EngineBroker)
        if broker.courier is not None:
            broker.courier.stop_claiming()
            broker.courier.closing.set()
        if isinstance(worker.work_queue, WorkQueue):
            worker.work_queue.close(len(worker.workers))

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: Worker) -> None:
        assert isinstance(broker, EngineBroker)
        broker.end_courier(timeout=30.0)
