"""The engine on Redis and Valkey: turns each verb of the port into one script call."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.config.urls import StoreURL, same_server
from taskhub.engine.port.claims import Claim, Completion, Exchange, GivenUp, Suspects
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import Obstacle
from taskhub.engine.port.results import DocumentCallback, Subscription
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.engine.redis.administration import RedisAdministration
from taskhub.engine.redis.arguments import (
    call_arguments,
    message_arguments,
    page_arguments,
    wire_key,
)
from taskhub.engine.redis.canvas_store import RedisCanvasStore
from taskhub.engine.redis.claims import MARKS, read_batch, read_keys, suspected_arguments
from taskhub.engine.redis.commits import commit_call
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.engine.redis.connector import Connector
from taskhub.engine.redis.inspection import RedisInspection
from taskhub.engine.redis.monitoring import RedisMonitoring
from taskhub.engine.redis.optional_writes import OptionalWriteWarnings
from taskhub.engine.redis.rate_limiter import RedisRateLimiter
from taskhub.engine.redis.results import PREFIX, ResultStore
from taskhub.engine.redis.staging import PAGE, stage
from taskhub.engine.redis.store_connection import Channel, script_call
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPage, ChordPlan

if TYPE_CHECKING:
    from taskhub.engine.port.audit_log import AuditLog
    from taskhub.engine.port.control_bus import ControlBus
    from taskhub.engine.port.history import History
    from taskhub.engine.port.locks import Locks
    from taskhub.engine.port.notifier import Notifier, Receiver, Topic
    from taskhub.engine.port.outbox_store import OutboxStore
    from taskhub.engine.port.schedule_store import ScheduleStore
    from taskhub.engine.port.transfer import StoreTransfer

logger = logging.getLogger(__name__)


class RedisEngine(
    RedisAdministration,
    RedisCanvasStore,
    RedisInspection,
    RedisMonitoring,
    Engine,
):
    """Stores messages and results on one server (one atomic step), or results on another.

    With results on another server a completion is three steps: result, consequences,
    acknowledgement (the last two are one script). A crash between them runs the task again, and its
    result may then be seen before its consequences.

    Args:
        broker: where messages are kept.
        results: where results are kept; None: with the messages.
        rules: limits and times.
        clock: the present in ms; None: the server's clock. Tests pass theirs.
    """

    def __init__(
        self,
        broker: StoreURL,
        results: StoreURL | None = None,
        *,
        rules: EngineRules | None = None,
        clock: Callable[[], int] | None = None,
        socket_timeout: float = 5.0,
        client_name: str = "taskhub",
        broker_options: dict[str, Any] | None = None,
        results_options: dict[str, Any] | None = None,
    ) -> None:
        self.rules = rules or EngineRules()
        self.stores = EngineStores(
            broker=broker,
            results=results or broker,
            rules=self.rules,
            broker_options=broker_options or {},
            results_options=results_options or {},
        )
        self._namespace = self.rules.keys
        self._clock = clock
        self._broker = Connector(
            broker,
            client_name=client_name,
            socket_timeout=socket_timeout,
            transport_options=self.stores.broker_options,
        )
        self._results_connector = self._broker
        if self.stores.results != broker:
            self._results_connector = Connector(
                self.stores.results,
                client_name=client_name,
                socket_timeout=socket_timeout,
                transport_options=self.stores.results_options,
            )
        self._one_server = same_server(broker, self.stores.results)
        dbs = ""
        if self._one_server and self.stores.results.db != broker.db:
            dbs = f"{self.stores.results.db} {broker.db}"
        #: As the scripts read it.
        self._results_key = f"{dbs or ' '} {self.rules.results_prefix}{PREFIX}"
        self._warnings = OptionalWriteWarnings(broker.masked())
        self._open()

    def _open(self) -> None:
        self._pool = ChannelPool(self._broker, self.rules.idle_connections)
        results_pool = self._pool
        if self._results_connector is not self._broker:
            results_pool = ChannelPool(self._results_connector, self.rules.idle_connections)
        self._results_pool = results_pool
        self._results = ResultStore(
            self._results_connector, results_pool, self.rules.results_prefix
        )
        # At the end: until then no thread may take what belongs to the parent process for ours.
        self._process = os.getpid()

    def _here(self) -> None:
        """Begin anew in a forked process: a connection belongs to the process that opened it."""
        if self._process != os.getpid():
            self._open()

    def _channels(self) -> ChannelPool:
        self._here()
        return self._pool

    def _results_channels(self) -> ChannelPool:
        self._here()
        return self._results_pool

    def _now(self) -> str:
        return "" if self._clock is None else str(self._clock())

    def _run(self, name: str, *arguments: Any) -> Any:
        self._here()
        return self._pool.run(name, self._namespace, (self._now(), *arguments))

    def _index_outcomes(self) -> None:
        """Bring what has ended into counts and history (outcomes.lua).

        A server that does not let this user write still lets it read: without the last few.
        """
        try:
            self._run("index_outcomes", self.rules.statistics_ttl, self.rules.history_limit)
        except StoreRefused as refusal:
            logger.debug("outcomes are not indexed: %s", refusal)

    # -- producing

    def enqueue(
        self,
        envelopes: Sequence[Envelope],
        *,
        chords: Sequence[ChordPlan] = (),
        chains: Sequence[ChainPlan] = (),
        page: ChordPage | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._here()
        name = "enqueue"
        if not (chords or chains or page or len(envelopes) > PAGE):
            arguments = message_arguments(envelopes)
        else:
            name = "enqueue_canvas"
            staged, pages = stage(self._pool, self._namespace, self._now(), envelopes, retry)
            arguments = [
                *(staged, pages),
                *page_arguments(page),
                *call_arguments(chords, chains, envelopes, envelopes[pages * PAGE :]),
            ]

        def command(channel: Channel) -> list[tuple[Any, ...]]:
            call = ("", "") if retry is None else (channel.name, channel.next_number())
            return [script_call(name, self._namespace, (self._now(), *call, *arguments))]

        self._pool.attempt(command, retry)

    # -- working

    def exchange(
        self,
        worker: str,
        completions: Sequence[Completion],
        queues: Sequence[str],
        limit: int | None,
        suspects: Suspects = "all",
    ) -> Exchange:
        self._here()
        commands: list[tuple[Any, ...]] = []
        now, call = self._now(), None
        if completions:
            if not self._one_server:
                self._results.write_all(completions)
            call = commit_call(
                self._namespace,
                (now, worker, self._results_key),
                completions,
                queues if limit else (),
                self.rules,
                with_documents=self._one_server,
            )
            commands.append(call.command)
        if limit is not None:
            suspected = suspected_arguments(suspects, self.rules.max_deliveries)
            arguments = (now, worker, limit, self.rules.lease, *suspected, *queues)
            commands.append(script_call("claim", self._namespace, arguments))
        # Not repeated here: what the lost reply would have said is found out by reconciling.
        replies = self._pool.request(commands)
        committed: list[bool] = []
        if call is not None:
            if isinstance(replies[0], StoreRefused):
                raise replies[0]
            committed, refused, should_index = call.read(replies[0])
            self._warnings.warn(refused)
            if should_index:
                with contextlib.suppress(OperationalError):
                    # What is committed stays so, and those who read index, too.
                    self._index_outcomes()
        if limit is None:
            return Exchange(committed, None)
        if isinstance(replies[-1], StoreRefused):
            return Exchange(committed, None, replies[-1])
        batch = read_batch(replies[-1])
        if batch.trouble:
            self._warnings.warn([batch.trouble], "does not give out messages of all queues")
        return Exchange(committed, batch)

    def acknowledge(self, worker: str, claim: Claim) -> bool:
        mark = MARKS[GivenUp.ACKNOWLEDGED_EARLY]
        return bool(self._run("acknowledge", worker, wire_key(claim.key), claim.token, mark))

    def mark_timed_out(self, worker: str, key: str, token: str) -> bool:
        return bool(
            self._run("acknowledge", worker, wire_key(key), token, MARKS[GivenUp.TIMED_OUT])
        )

    def requeue(self, worker: str, keys: Sequence[str]) -> list[str]:
        if not keys:
            return []
        return read_keys(self._run("requeue", worker, "only", *map(wire_key, keys)))

    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        return read_keys(self._run("requeue", worker, "except", *map(wire_key, held)))

    def notifier(self, topics: Sequence[Topic], receiver: Receiver | None = None) -> Notifier:
        from taskhub.engine.redis.notifier import RedisNotifier

        reception = None
        if receiver is not None:
            from taskhub.engine.redis.reception import Reception

            lease = self.rules.lease
            reception = Reception(
                self._broker, self._namespace, receiver, lease, self._channels, self._now
            )
        return RedisNotifier(self._broker, self._namespace, topics, self._channels, reception)

    # -- liveness

    def renew(self, workers: Sequence[str], lease: int) -> list[str]:
        self._index_outcomes()
        return [
            worker.decode()
            for worker in self._run("renew", lease, self.rules.history_ttl, *workers)
        ]

    def reclaim(self, worker: str, *, only_expired: bool = False) -> int | None:
        reply = self._run("reclaim", worker, "expired" if only_expired else "")
        return None if reply is None else int(reply)

    def register_worker(self, worker: str, worker_info: str) -> bool:
        return bool(self._run("register_worker", worker, worker_info))

    # -- parts of the port: a program that only sends tasks does not load them

    @property
    def control_bus(self) -> ControlBus:
        from taskhub.engine.redis.control_bus import RedisControlBus

        return RedisControlBus(self._broker, self._namespace, self._channels, self._now)

    def schedule_store(self, name: str) -> ScheduleStore:
        from taskhub.engine.redis.schedule_store import RedisScheduleStore

        return RedisScheduleStore(name, self._namespace, self._channels, self._now)

    def outbox_store(self, outbox: str) -> OutboxStore:
        from taskhub.engine.redis.outbox_store import RedisOutboxStore

        return RedisOutboxStore(outbox, self._namespace, self._channels, self._now)

    @property
    def transfer(self) -> StoreTransfer:
        from taskhub.engine.redis.transfer import RedisTransfer

        return RedisTransfer(self.rules, self._channels, self._results_channels, self._now)

    @property
    def locks(self) -> Locks:
        from taskhub.engine.redis.locks import RedisLocks

        return RedisLocks(self._namespace, self._channels, self._now)

    @property
    def audit_log(self) -> AuditLog:
        from taskhub.engine.redis.audit_log import RedisAuditLog

        return RedisAuditLog(self._namespace, self._channels, self._now)

    @property
    def history(self) -> History:
        from taskhub.engine.redis.history import RedisHistory

        return RedisHistory(
            self._namespace, self.rules, self._channels, self._now, self._index_outcomes
        )

    @property
    def rate_limiter(self) -> RedisRateLimiter:
        return RedisRateLimiter(self._namespace, self._channels, self._now)

    def obstacles(self, queues: Sequence[str] = ()) -> list[Obstacle]:
        from taskhub.engine.redis.obstacles import Obstacles

        self._here()
        return Obstacles(
            self._namespace,
            self._results_key if self._one_server else "",
            self.rules.results_prefix + PREFIX,
            self._broker,
            self._results_connector,
        ).find(queues, self._now())

    def format_obstacle(self) -> Obstacle | None:
        from taskhub.engine.redis.obstacles import format_obstacle

        self._here()
        (stored,) = self._pool.call([("GET", f"{self._namespace}:format")])
        return format_obstacle(self._namespace, stored)

    # -- results

    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        proof = (held[0], held[1].key, held[1].token) if held is not None else ("", "", "")
        subject = (task_id, document, "" if ttl is None else ttl)
        if self._one_server:
            return bool(self._run("store", *proof, self._results_key, *subject))
        if held is not None and self.held(held[0]).get(held[1].key) != held[1].token:
            return False
        arguments = (self._now(), "", "", "", self._results_key, *subject)
        return bool(self._results_pool.run("store", self._namespace, arguments))

    def documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        self._here()
        return self._results.read(task_ids)

    def forget(self, task_ids: Sequence[str]) -> None:
        self._here()
        self._results.delete(task_ids)

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        self._here()
        return self._results.follow(task_ids, callback)

    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        self._here()
        self._results.store_group(group_id, document, ttl)

    def group(self, group_id: str) -> bytes | None:
        self._here()
        return self._results.group(group_id)

    def forget_group(self, group_id: str) -> None:
        self._here()
        self._results.forget_group(group_id)

    def close(self) -> None:
        if self._process == os.getpid():
            self._pool.close()
            self._results_pool.close()
            self._results.close()
