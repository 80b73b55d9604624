"""The Dramatiq broker on the engine."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import dramatiq
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import ActorNotFound, QueueNotFound

from taskhub import instrumentation
from taskhub.engine.dramatiq import internals
from taskhub.engine.dramatiq.delivery import Delivery, encode_native
from taskhub.engine.dramatiq.middleware_broker import MiddlewareBroker, current_capture
from taskhub.engine.dramatiq.native_priority import (
    BROKER_PRIORITY,
    Level,
    band_of,
    bands_of,
    level_of,
)
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rate_limiter import Rate
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.message import (
    Envelope,
    PriorityOrder,
    chains_of,
    clamp_priority,
    decode_body,
    encode_body,
)
from taskhub.names import check_id, check_queue
from taskhub.outcome import ChainPlan, ChordPage, ChordPlan
from taskhub.request_id import bound_request_id, is_stamped, stamps_with

if TYPE_CHECKING:
    from dramatiq.worker import Worker

    from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop

logger = logging.getLogger(__name__)

#: How a `dramatiq.Message`'s priority is named in its options; 0 to 9, 9 first.
PRIORITY_OPTION = "priority"
#: When a delayed `dramatiq.Message` was due, ms since the epoch: for how long it has waited since.
READY_OPTION = "ready_at"
#: When one is due, for middleware and callers, as Dramatiq's brokers name it; it is not stored.
ETA_OPTION = "eta"


class Workers(Protocol):
    """The workers of a broker that run in this process; `LocalWorkers` is the implementation."""

    exchange_loop: ExchangeLoop | None

    def exchange_loop_of(self, worker: Worker) -> ExchangeLoop | None:
        """Return the exchange loop of a worker; None: the worker does not run."""
        ...

    @property
    def workers(self) -> list[Worker]:
        """The workers, in the order in which they started."""
        ...

    def consumer(self, queue_name: str, timeout: float) -> Consumer:
        """Return the consumer of a queue for the worker whose thread calls this."""
        ...

    def stop(self, timeout: float, worker: Worker | None = None) -> None:
        """Commit outcomes, requeue the rest, and release the lease."""
        ...


class EngineBroker(MiddlewareBroker):
    """Puts Dramatiq's actors and workers on an engine.

    Args:
        engine: Returns the engine; called when it is first needed.
        set_up_worker: Sets the broker up for workers, before the first one starts: sets
            `local_workers`, adds middleware.
        nodename: The name of this process's workers in inspection, e.g. "celery@host".
    """

    _local_workers: Workers

    def __init__(
        self,
        engine: Callable[[], Engine],
        *,
        set_up_worker: Callable[[EngineBroker], None],
        nodename: str | None = None,
    ) -> None:
        self._make_engine = engine
        self._engine: Engine | None = None
        self.nodename = nodename or f"celery@{socket.gethostname()}"
        #: The app whose broker it is, where that was made for Dramatiq's programs.
        self.app: Any = None
        self.retry_policy: RetryPolicy | None = RetryPolicy()
        #: The rate limits by the names of tasks; changes apply to a running exchange loop.
        self.rates: dict[str, Rate] = {}
        #: Wraps the actors that worker threads call; None: nothing does.
        self.wrap_actor: Callable[[Any], Any] | None = None
        #: Declares the actor of a name that a message has and none is declared under, if it can.
        self.declare_late: Callable[[str], object] | None = None
        #: Maps the priorities of tasks to priority bands.
        self.priority_order: Callable[[], PriorityOrder] = PriorityOrder
        #: Returns the request id of what sends a native actor's message; None: it has none.
        self.request_id: Callable[[], str | None] = bound_request_id
        # The priority bands of the declared native actors; None: not known yet.
        self._bands: Mapping[Level, int] | None = None
        super().__init__([], set_up_worker=set_up_worker)
        self.queues = set()

    @property
    def engine(self) -> Engine:
        """The engine; made on first use."""
        if self._engine is None:
            self._engine = self._make_engine()
        return self._engine

    # -- actors and queues

    def declare_actor(self, actor: dramatiq.Actor[Any, Any]) -> None:
        self._bands = None
        super().declare_actor(actor)

    def get_actor(self, actor_name: str) -> Any:
        """Return the actor of a name, wrapped where `wrap_actor` is set."""
        try:
            actor = self.actors[actor_name]
        except KeyError:
            raise ActorNotFound(actor_name) from None
        return actor if self.wrap_actor is None else self.wrap_actor(actor)

    def knows_actor(self, actor_name: str) -> bool:
        """Return whether there is an actor of a name, also if it must be looked for first."""
        if actor_name not in self.actors and self.declare_late is not None:
            self.declare_late(actor_name)
        return actor_name in self.actors

    def declare_queue(self, queue_name: str) -> None:
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(check_queue(queue_name))
            self.emit_after("declare_queue", queue_name)

    def get_declared_queues(self) -> set[str]:
        return set(self.queues)

    # -- producing

    def envelope(self, message: dramatiq.Message[Any], delay: int | None = None) -> Envelope:
        """Return the envelope of a message that is due in `delay` ms."""
        actor = self.actors.get(message.actor_name)
        priority = message.options.get(PRIORITY_OPTION)
        is_native = not getattr(actor, "is_task", False)
        if priority is None and is_native:
            priority = self._native_priority(message, actor)
        fields: dict[str, Any] = dict(message.asdict())
        if delay:
            options = dict(message.options)
            due = options.pop(ETA_OPTION, None) or internals.current_millis() + delay
            fields["options"] = {**options, READY_OPTION: due}
        if is_native:
            fields = encode_native(fields)
        return Envelope(
            check_id("the message id", message.message_id),
            check_queue(message.queue_name),
            clamp_priority(priority) if is_native else self.priority_order().band(priority),
            encode_body(fields),
            delay or 0,
            chains=chains_of(message.options),
        )

    def _native_priority(
        self, message: dramatiq.Message[Any], actor: dramatiq.Actor[Any, Any] | None
    ) -> int:
        """Return the priority band of a native actor's message, among all that are declared."""
        if self._bands is None:
            self._bands = bands_of(
                level_of(other.options.get(BROKER_PRIORITY), other.priority)
                for other in self.actors.values()
                if not getattr(other, "is_task", False)
            )
        declared = None if actor is None else actor.options.get(BROKER_PRIORITY)
        chosen = message.options.get(BROKER_PRIORITY, declared)
        return band_of(level_of(chosen, 0 if actor is None else actor.priority), self._bands)

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Enqueue a message on the engine.

        While a task ends, what its middleware enqueues (a retry, the next of a pipeline, a
        callback) is collected and leaves in the task's commit instead.

        Raises:
            OperationalError: The store is out of reach.
            EncodeError: An argument cannot be serialized.
        """
        if isinstance(message, Delivery):
            message = message.as_sent()
        elif isinstance(message, MessageProxy):
            message = internals.message_of(message)
        if message.queue_name not in self.queues:
            raise QueueNotFound(message.queue_name)
        request_id = self.request_id()
        if request_id is not None and not is_stamped(message.options):
            message = message.copy(options=stamps_with(message.options, request_id))
        if delay:
            message = message.copy(options={ETA_OPTION: internals.current_millis() + delay})
        self.emit_before("enqueue", message, delay)
        capture = current_capture()
        if not instrumentation.active:
            self._store(self.envelope(message, delay), capture)
        else:
            with instrumentation.SendOperation() as operation:
                message = self._instrumented(message, None if capture is not None else operation)
                self._store(self.envelope(message, delay), capture)
        self.emit_after("enqueue", message, delay)
        return message

    def _store(self, envelope: Envelope, capture: list[Envelope] | None) -> None:
        if capture is not None:
            capture.append(envelope)
        else:
            self.engine.enqueue([envelope], retry=self.retry_policy)

    def _instrumented(
        self, message: dramatiq.Message[Any], operation: instrumentation.SendOperation | None
    ) -> dramatiq.Message[Any]:
        """Return a native actor's message with the headers of instruments.

        Args:
            message: The message.
            operation: What instruments see of storing it now; None: it leaves in a commit.
        """
        outgoing = instrumentation.OutgoingMessage(
            message.actor_name,
            message.message_id,
            message.queue_name,
            message.options,
            self,
            is_native=True,
        )
        added = instrumentation.create(outgoing) if operation is None else operation.send(outgoing)
        if not added:
            return message
        return message.copy(
            options={"headers": {**instrumentation.headers_of(message.options), **added}}
        )

    def enqueue_envelope(self, envelope: Envelope, retry: RetryPolicy | None) -> None:
        """Enqueue an envelope at once, also while a task ends; hooks of `enqueue` are called."""
        has_hooks = self._hooks_for("before_enqueue") or self._hooks_for("after_enqueue")
        if not has_hooks:
            self.engine.enqueue((envelope,), retry=retry)
            return
        message: dramatiq.Message[Any] = dramatiq.Message(**decode_body(envelope.body))
        self.emit_before("enqueue", message, envelope.delay)
        self.engine.enqueue((envelope._replace(body=encode_body(message.asdict())),), retry=retry)
        self.emit_after("enqueue", message, envelope.delay)

    def enqueue_envelopes(
        self,
        envelopes: Sequence[Envelope],
        chords: Sequence[ChordPlan],
        chains: Sequence[ChainPlan],
        retry: RetryPolicy | None,
        page: ChordPage | None = None,
    ) -> None:
        """Enqueue many envelopes, with the chords and chains that they are part of."""
        if not self._hooks_for("before_enqueue") and not self._hooks_for("after_enqueue"):
            self.engine.enqueue(envelopes, chords=chords, chains=chains, page=page, retry=retry)
            return
        self.engine.enqueue((), chords=chords, chains=chains, page=page, retry=retry)
        for envelope in envelopes:
            self.enqueue_envelope(envelope, retry)

    # -- working

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> Consumer:
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)
        return self.local_workers.consumer(queue_name, timeout / 1000)

    @property
    def exchange_loop(self) -> ExchangeLoop | None:
        """The exchange loop of the worker that started last; None: no worker runs here."""
        return self.local_workers.exchange_loop

    def exchange_loop_of(self, worker: Worker) -> ExchangeLoop | None:
        """Return the exchange loop of a worker of this process; None: the worker does not run."""
        return self.local_workers.exchange_loop_of(worker)

    @property
    def workers(self) -> list[Worker]:
        """The workers that run in this process, in the order in which they started."""
        return self.local_workers.workers

    @property
    def local_workers(self) -> Workers:
        """The workers that run in this process."""
        self.ensure_worker_setup()
        return self._local_workers

    @local_workers.setter
    def local_workers(self, local_workers: Workers) -> None:
        self._local_workers = local_workers

    # -- testing and housekeeping

    def flush(self, queue_name: str) -> None:
        """Drop what waits in a queue."""
        self.engine.purge(queue_name)

    def flush_all(self) -> None:
        """Drop what waits in every declared queue."""
        for queue_name in self.queues:
            self.flush(queue_name)

    def join(self, queue_name: str, *, interval: int = 20, timeout: int | None = None) -> None:
        """Wait until no message of a queue is left: ready, delayed, or held by a worker; for tests.

        Args:
            queue_name: The queue.
            interval: How often to look, ms.
            timeout: How long to wait at most, ms; None: for as long as it takes.

        Raises:
            QueueNotFound: No such queue is declared.
            QueueJoinTimeout: Messages were left.
        """
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)
        deadline = None if timeout is None else internals.current_millis() + timeout
        while self.engine.unfinished(queue_name):
            if deadline is not None and internals.current_millis() >= deadline:
                raise dramatiq.QueueJoinTimeout(queue_name)
            time.sleep(interval / 1000)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
