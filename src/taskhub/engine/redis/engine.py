"""The engine on Redis and Valkey: turns each verb of the port into one script call."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from taskhub.config.urls import StoreURL, same_server
from taskhub.engine.locks import Locks
from taskhub.engine.mailbox import Mailbox
from taskhub.engine.port import (
    OVERDUE,
    Bell,
    Claim,
    ClaimBatch,
    DocumentCallback,
    Ending,
    Engine,
    Exchange,
    RetryPolicy,
    Subscription,
)
from taskhub.engine.redis.bell import RedisBell
from taskhub.engine.redis.chains import chain_arguments
from taskhub.engine.redis.channel import Channel, script_call
from taskhub.engine.redis.connecting import Connector
from taskhub.engine.redis.inspection import RedisLooking, chord_parts
from taskhub.engine.redis.locks import RedisLocks
from taskhub.engine.redis.mailbox import RedisMailbox
from taskhub.engine.redis.monitoring import RedisMonitoring
from taskhub.engine.redis.pool import ChannelPool
from taskhub.engine.redis.results import ResultStore
from taskhub.engine.redis.throttle import RedisThrottle
from taskhub.engine.redis.timetable import RedisTimetable
from taskhub.engine.rules import EngineRules
from taskhub.engine.timetable import Timetable
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan, Outcome

#: Messages per script call when many are enqueued: long enough to be fast, short enough not to hold the server up.
ENQUEUE_PAGE = 500
#: Waiting messages dropped per script call.
PURGE_PAGE = 1000


class RedisEngine(RedisLooking, RedisMonitoring, Engine):
    """Stores messages and results on one server (one atomic step), or results on another.

    With results on another server an ending is three steps: result, consequences, acknowledgement (the last two are
    one script). A crash between them runs the task again, and its result may then be seen before its consequences.

    Parameters:
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
        self.broker_url = broker
        self.results_url = results or broker
        self.broker_options = broker_options or {}
        self.results_options = results_options or {}
        self._namespace = "{" + self.rules.namespace + "}"
        self._clock = clock
        self._broker = Connector(
            broker,
            client_name=client_name,
            socket_timeout=socket_timeout,
            transport_options=self.broker_options,
        )
        self._results_connector = self._broker
        if self.results_url != broker:
            self._results_connector = Connector(
                self.results_url,
                client_name=client_name,
                socket_timeout=socket_timeout,
                transport_options=self.results_options,
            )
        self._one_server = same_server(broker, self.results_url)
        self._dbs = ""
        if self._one_server and self.results_url.db != broker.db:
            self._dbs = f"{self.results_url.db} {broker.db}"
        self._open()

    def _open(self) -> None:
        self._pool = ChannelPool(self._broker)
        results_pool = self._pool
        if self._results_connector is not self._broker:
            results_pool = ChannelPool(self._results_connector)
        self._results_pool = results_pool
        self._results = ResultStore(self._results_connector, results_pool)
        # At the end: until then no thread may take what belongs to the parent process for ours.
        self._process = os.getpid()

    def _here(self) -> None:
        """Begin anew in a forked process: a connection belongs to the process that opened it."""
        if self._process != os.getpid():
            self._open()

    def _channels(self) -> ChannelPool:
        self._here()
        return self._pool

    def _now(self) -> str:
        return "" if self._clock is None else str(self._clock())

    def _run(self, name: str, *arguments: Any) -> Any:
        self._here()
        return self._pool.run(name, self._namespace, (self._now(), *arguments))

    # -- producing

    def enqueue(
        self,
        envelopes: Sequence[Envelope],
        *,
        chords: Sequence[ChordPlan] = (),
        chains: Sequence[ChainPlan] = (),
        retry: RetryPolicy | None = None,
    ) -> None:
        self._here()
        if chains:
            entries = chain_arguments(chains, envelopes, chords)
            arguments = [field for entry in entries for field in entry]
            self._pool.run("store_chains", self._namespace, (self._now(), *arguments), retry)
        if chords:
            arguments = [field for chord in chords for field in chord_arguments(chord)]
            self._pool.run("open_chords", self._namespace, (self._now(), *arguments), retry)
        for start in range(0, len(envelopes), ENQUEUE_PAGE):
            pairs: list[Any] = []
            for envelope in envelopes[start : start + ENQUEUE_PAGE]:
                pairs += (envelope.record(), envelope.due())

            def command(channel: Channel, pairs: list[Any] = pairs) -> list[tuple[Any, ...]]:
                call = ("", "") if retry is None else (channel.name, channel.next_number())
                return [script_call("enqueue", self._namespace, (self._now(), *call, *pairs))]

            self._pool.attempt(command, retry)

    # -- working

    def exchange(
        self, worker: str, endings: Sequence[Ending], queues: Sequence[str], limit: int | None
    ) -> Exchange:
        self._here()
        commands = []
        now = self._now()
        if endings:
            if not self._one_server:
                self._write_results_apart(endings)
            commands.append(
                script_call(
                    "commit",
                    self._namespace,
                    (
                        *(now, worker, self._dbs, self.rules.statistics_ttl),
                        *(self.rules.events_kept, claimed_from(queues if limit else ())),
                        *self._commit_arguments(endings),
                    ),
                )
            )
        if limit is not None:
            arguments = (now, worker, limit, self.rules.lease, *queues)
            commands.append(script_call("claim", self._namespace, arguments))
        # Not repeated here: what the lost reply would have told is found out by reconciling.
        replies = self._pool.call(commands, retry=None)
        committed = [flag == 1 for flag in replies[0]] if endings else []
        batch = None if limit is None else read_batch(replies[-1])
        return Exchange(committed, batch)

    def _commit_arguments(self, endings: Sequence[Ending]) -> list[Any]:
        arguments: list[Any] = []
        dead_ttl = self.rules.dead_letter_ttl
        counts = self.rules.statistics_ttl > 0
        for claim, outcome, tally in endings:
            documents = all_documents(outcome) if self._one_server else ()
            arguments += (
                tally if counts else "",
                len(outcome.events),
                *outcome.events,
                claim.key,
                claim.token,
                outcome.dead or "",
                dead_ttl,
                outcome.joined or "",
                "" if outcome.ttl is None else outcome.ttl,
                len(documents),
            )
            for document in documents:
                arguments += document
            arguments += body_arguments(outcome.publish)
            arguments.append(len(outcome.parts))
            for part in outcome.parts:
                arguments += part
            arguments.append(len(outcome.chords))
            for chord in outcome.chords:
                arguments += chord_arguments(chord)
            arguments.append(len(outcome.extends))
            for extension in outcome.extends:
                arguments += extension
            chains = chain_arguments(outcome.chains, outcome.publish, outcome.chords, outcome.spent)
            arguments.append(len(chains))
            for chain in chains:
                arguments += chain
        return arguments

    def _write_results_apart(self, endings: Sequence[Ending]) -> None:
        documents = [
            (task_id, text, outcome.ttl)
            for _, outcome, _ in endings
            for task_id, text in all_documents(outcome)
        ]
        if documents:
            self._results.write(documents)

    def acknowledge(self, worker: str, claim: Claim) -> bool:
        limit = self.rules.max_deliveries
        return bool(self._run("acknowledge", worker, claim.key, claim.token, limit))

    def condemn(self, worker: str, key: str, token: str) -> bool:
        return bool(self._run("acknowledge", worker, key, token, OVERDUE))

    def give_back(self, worker: str, keys: Sequence[str]) -> list[str]:
        if not keys:
            return []
        return [key.decode() for key in self._run("give_back", worker, "only", *keys)]

    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        return [key.decode() for key in self._run("give_back", worker, "except", *held)]

    def bell(self, queues: Sequence[str]) -> Bell:
        return RedisBell(self._broker, self._namespace, queues)

    # -- liveness

    def renew(self, workers: Sequence[str], lease: int) -> list[str]:
        return [worker.decode() for worker in self._run("renew", lease, *workers)]

    def release(self, worker: str, *, only_expired: bool = False) -> int | None:
        reply = self._run("release", worker, "expired" if only_expired else "")
        return None if reply is None else int(reply)

    def introduce(self, worker: str, card: str) -> bool:
        return bool(self._run("introduce", worker, card))

    # -- steering

    @property
    def mailbox(self) -> Mailbox:
        return RedisMailbox(self._broker, self._namespace, self._channels, self._now)

    def timetable(self, name: str) -> Timetable:
        return RedisTimetable(name, self._namespace, self._channels, self._now)

    @property
    def locks(self) -> Locks:
        return RedisLocks(self._namespace, self._channels, self._now)

    @property
    def throttle(self) -> RedisThrottle:
        return RedisThrottle(self._namespace, self._channels, self._now)

    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        reply = self._run("revoke", revoker, self.rules.lease, remember, *task_ids)
        return read_claims(reply, 0, 0)

    def revoke_stamps(self, stamps: Sequence[tuple[str, str]], remember: int) -> None:
        if stamps:
            self._run("revoke_stamps", remember, *map(json.dumps, stamps))

    def revive(self, keys: Sequence[str]) -> list[str]:
        return [key.decode() for key in self._run("revive", *keys)]

    def drop_dead(self, keys: Sequence[str]) -> list[str]:
        return [key.decode() for key in self._run("drop_dead", *keys)]

    def purge(self, queue: str, *, delayed: bool = True) -> int:
        dropped, cursor = 0, b"0"
        while cursor:
            count, cursor = self._run("purge", queue, PURGE_PAGE, "1" if delayed else "", cursor)
            dropped += count
        return dropped + self.throttle.purge(queue) if delayed else dropped

    # -- results

    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        proof = (held[0], held[1].key, held[1].token) if held is not None else ("", "", "")
        subject = (task_id, document, "" if ttl is None else ttl)
        if self._one_server:
            return bool(self._run("store", *proof, self._dbs, *subject))
        if held is not None and self.held(held[0]).get(held[1].key) != held[1].token:
            return False
        arguments = (self._now(), "", "", "", "", *subject)
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

    # -- chords

    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        return chord_parts(self._channels(), self._namespace, chord_id)

    # -- chains

    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        self._here()
        stop = start + count - 1
        name = f"{self._namespace}:chain:{chain_id}"
        return list(self._pool.call([("LRANGE", name, start, stop)])[0])

    def close(self) -> None:
        if self._process == os.getpid():
            self._pool.close()
            self._results_pool.close()
            self._results.close()


def claimed_from(queues: Sequence[str]) -> str:
    """Return queues as the script of endings reads them: each between line breaks."""
    return "\n".join(("", *queues, "")) if queues else ""


def all_documents(outcome: Outcome) -> list[tuple[str, str]]:
    """Return every result document of an outcome, with its task id."""
    own = [] if outcome.document is None else [(outcome.task_id, outcome.document)]
    return [*own, *outcome.documents] if outcome.documents else own


def body_arguments(envelopes: Sequence[Envelope]) -> list[Any]:
    """Return messages as the scripts read them: their number, then record and due of each."""
    arguments: list[Any] = [len(envelopes)]
    for envelope in envelopes:
        arguments += (envelope.record(), envelope.due())
    return arguments


def chord_arguments(chord: ChordPlan) -> list[Any]:
    """Return a chord as the scripts read it."""
    return [chord.chord_id, chord.size, *body_arguments(chord.body)]


def read_claims(reply: list[bytes], start: int, now: int) -> list[Claim]:
    """Read groups of key, token, revoked, record; `now` is when they were claimed."""
    claims = []
    for index in range(start, len(reply), 4):
        queue, priority, task_id, body = reply[index + 3].split(b"\n", 3)
        claims.append(
            Claim(
                reply[index].decode(),
                reply[index + 1].decode(),
                reply[index + 2] == b"1",
                task_id.decode(),
                queue.decode(),
                int(priority),
                body,
                now,
            )
        )
    return claims


def read_batch(reply: list[Any]) -> ClaimBatch:
    """Read the reply of `claim.lua`."""
    now, soonest = reply[0], reply[1]
    next_due = None if soonest == b"" else max(0, int(float(soonest)) - now)
    return ClaimBatch(read_claims(reply, 2, now), next_due)
