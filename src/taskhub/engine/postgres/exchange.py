"""Enqueueing, claiming and committing: what takes messages in, hands them out and ends them."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final

from taskhub.engine.port.claims import (
    Claim,
    ClaimBatch,
    Completion,
    Exchange,
    GivenUp,
    Suspects,
)
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.outbox_store import OutboxBatch
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.postgres.arguments import (
    canvas_columns,
    commit_parameters,
    message_columns,
    page_values,
)
from taskhub.engine.postgres.claims import MARKS, read_claim
from taskhub.engine.postgres.connection import Call, Reply, ServerRefusal
from taskhub.engine.postgres.connection_pool import STEADY
from taskhub.engine.postgres.errors import SERVED
from taskhub.engine.postgres.floors import Floors
from taskhub.engine.postgres.store import PostgresStore
from taskhub.engine.suspects import first_suspected
from taskhub.exceptions import StoreRefused
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPage, ChordPlan

logger = logging.getLogger(__name__)

#: Messages per statement when many are enqueued: each of them answers in time.
ENQUEUE_PAGE: Final = 1000


class _Producer(threading.local):
    """Numbers the calls of a thread, so that the last number shows which were served.

    Each thread is a producer of its own, and each process that it is forked into: of calls that are
    made at the same time, the later number may be served first.
    """

    def __init__(self) -> None:
        self._process = 0

    def next_call(self) -> tuple[str, int]:
        """Return the producer and the number of its next call."""
        if self._process != os.getpid():
            self._process, self._name, self._count = os.getpid(), uuid.uuid4().hex, 0
        self._count += 1
        return self._name, self._count


class PostgresExchange(Engine):
    """Works on the engine's store."""

    _store: PostgresStore

    def __init__(self) -> None:
        super().__init__()
        self._producer = _Producer()
        self._floors = Floors()

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
        if not (envelopes or chords or chains or page):
            return
        call = (None, None) if retry is None else self._next_call()
        calls = self._enqueue_calls(call, envelopes, chords, chains, page)
        rows = self._served(self._send(calls, envelopes, retry))
        if rows and rows[0][0][0]:
            # Queues that got the body of a chord.
            self._store.announce(rows[0][0][0])

    def _enqueue_calls(
        self,
        call: tuple[str | None, int | None],
        envelopes: Sequence[Envelope],
        chords: Sequence[ChordPlan],
        chains: Sequence[ChainPlan],
        page: ChordPage | None,
    ) -> list[Call]:
        """Return the statements that store messages, each of which answers in time."""
        is_canvas = bool(chords or chains or page)
        if not is_canvas:
            is_canvas = any(envelope.chains for envelope in envelopes)
        pages = [
            envelopes[first : first + ENQUEUE_PAGE]
            for first in range(0, len(envelopes), ENQUEUE_PAGE)
        ] or [()]
        now = self._store.now
        first = (now, *call, *message_columns(pages[0]))
        if is_canvas:
            parameters = (*first, *page_values(page), *canvas_columns(chords, chains, envelopes))
            calls = [self._store.prepare("enqueue_canvas", *parameters)]
        else:
            calls = [self._store.prepare("enqueue", *first)]
        calls += [
            self._store.prepare("enqueue", now, None, None, *message_columns(each))
            for each in pages[1:]
        ]
        return calls

    def _send(
        self, calls: list[Call], envelopes: Sequence[Envelope], retry: RetryPolicy | None
    ) -> Reply:
        """Do a transaction that stores messages, and notify idle threads of them."""
        topics = sorted({envelope.queue for envelope in envelopes})
        # Behind the transaction: see functions/announce.sql.
        announcement = [self._store.prepare("announce", topics)] if topics else []
        replies = self._store.request(calls, announcement, retry=retry)
        self._warn(replies[1:])
        return replies[0]

    def store_outbox_batch(self, taking: Call, batch: OutboxBatch) -> Reply:
        """Store the messages of a batch, after a call in the same transaction."""
        calls = self._enqueue_calls((None, None), batch.messages, batch.chords, batch.chains, None)
        return self._send([taking, *calls], batch.messages, STEADY)

    def _next_call(self) -> tuple[str, int]:
        return self._producer.next_call()

    @staticmethod
    def _served(reply: Reply) -> list[Any]:
        """Return the rows of a call that must not be served twice; none if it had been before."""
        if not isinstance(reply, StoreRefused):
            return reply
        cause = reply.__cause__
        if isinstance(cause, ServerRefusal) and cause.error.code == SERVED:
            return []
        raise reply

    # -- working

    def exchange(
        self,
        worker: str,
        completions: Sequence[Completion],
        queues: Sequence[str],
        limit: int | None,
        suspects: Suspects = "all",
    ) -> Exchange:
        if not completions and limit is None:
            return Exchange([], None)
        distinct = _first_of_each(completions)
        calls, store = [], self._store
        if distinct:
            parameters = commit_parameters(store.now, worker, distinct, self.rules)
            calls.append(store.prepare("commit", *parameters))
        if limit is not None:
            calls.append(self._claim_call(worker, queues, limit, suspects, alone=not distinct))
        ids = [completion.outcome.task_id for completion in distinct if _has_document(completion)]
        notifying = [store.prepare("notify_followers", ids)] if ids else []
        # Not repeated here: what the lost reply would have said is found out by reconciling.
        replies = store.request(calls, notifying)
        refused: StoreRefused | None = None
        if isinstance(replies[0], StoreRefused) and distinct and limit is not None:
            # Nothing was written. Whether that is because of the claim is seen without it.
            refused = replies[0]
            limit = None
            replies = store.request(calls[:1], notifying)
        reply = replies[0]
        if isinstance(reply, StoreRefused):
            raise reply
        self._warn(replies[1:])
        committed: list[bool] = []
        topics: set[str] = set()
        if distinct:
            ((numbers, grown, stored),) = reply[0]
            committed = _flags(completions, distinct, set(numbers))
            # What is published where this worker claims next is its own first; the claim announces
            # what it leaves.
            topics.update(set(grown) - set(queues if limit else ()))
            others = set(stored) - set(ids)
            if others:
                self._warn(store.request([store.prepare("notify_followers", sorted(others))]))
        batch = None
        if limit is not None:
            batch, left = _read_batch(reply[-1][0])
            self._floors.note(batch.claims)
            topics.update(left)
        self._store.announce(topics)
        return Exchange(committed, batch, refused)

    def _claim_call(
        self, worker: str, queues: Sequence[str], limit: int, suspects: Suspects, *, alone: bool
    ) -> Call:
        most = self.rules.max_deliveries
        return self._store.prepare(
            *("claim", self._store.now, worker, list(queues), limit, self.rules.lease, suspects),
            *(first_suspected(most) - 1, most, alone),
            *(self._floors.columns(queues) if limit > 0 else ((), (), ())),
        )

    def acknowledge(self, worker: str, claim: Claim) -> bool:
        return self._mark(worker, claim.key, claim.token, GivenUp.ACKNOWLEDGED_EARLY)

    def mark_timed_out(self, worker: str, key: str, token: str) -> bool:
        return self._mark(worker, key, token, GivenUp.TIMED_OUT)

    def _mark(self, worker: str, key: str, token: str, reason: GivenUp) -> bool:
        return bool(self._store.run_one("mark", worker, key, token, MARKS[reason]))

    def requeue(self, worker: str, keys: Sequence[str]) -> list[str]:
        return self._requeue(worker, keys, is_except=False) if keys else []

    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        return self._requeue(worker, held, is_except=True)

    def _requeue(self, worker: str, keys: Sequence[str], *, is_except: bool) -> list[str]:
        ((requeued, grown),) = self._store.run("requeue", worker, list(keys), is_except)
        self._store.announce(grown)
        return list(requeued)

    # -- liveness

    def renew(self, workers: Sequence[str], lease: int) -> list[str]:
        return list(
            self._store.run_one(
                "renew", self._store.now, list(workers), lease, self.rules.history_ttl
            )
        )

    def reclaim(self, worker: str, *, only_expired: bool = False) -> int | None:
        ((reclaimed, grown),) = self._store.run("reclaim", self._store.now, worker, only_expired)
        self._store.announce(grown)
        return None if reclaimed is None else int(reclaimed)

    def register_worker(self, worker: str, worker_info: str) -> bool:
        return bool(self._store.run("register_worker", worker, worker_info))

    # -- what follows a transaction

    @staticmethod
    def _warn(replies: Iterable[Reply]) -> None:
        for reply in replies:
            if isinstance(reply, StoreRefused):
                logger.warning("notifications are refused, who waits looks by itself: %s", reply)


def _first_of_each(completions: Sequence[Completion]) -> list[Completion]:
    """Return the first completion of each claim; another of the same has lost it already."""
    if len(completions) < 2:
        return list(completions)
    found: dict[tuple[str, str], Completion] = {}
    for completion in completions:
        found.setdefault((completion.claim.key, completion.claim.token), completion)
    return list(found.values())


def _flags(
    completions: Sequence[Completion], distinct: Sequence[Completion], numbers: set[int]
) -> list[bool]:
    """Return for each completion whether it was written, from the numbers of those that were."""
    written = {id(each) for number, each in enumerate(distinct, 1) if number in numbers}
    flags: list[bool] = []
    for completion in completions:
        flags.append(id(completion) in written)
        # The same one may be in the batch twice.
        written.discard(id(completion))
    return flags


def _has_document(completion: Completion) -> bool:
    return completion.outcome.document is not None


def _read_batch(row: Sequence[Any]) -> tuple[ClaimBatch, list[str]]:
    """Read what `claim.sql` returned: the batch, and topics to announce."""
    now, soonest, suspects_left, grown, keys, tokens, queues, priorities, bodies, revoked = row
    next_due = None if soonest is None else max(0, soonest - now)
    if not keys:
        return ClaimBatch([], next_due, suspects_left=suspects_left), grown
    ended = frozenset(revoked or ())
    claims = [
        read_claim(key, token, queue, priority, body, claimed_at=now, revoked=key in ended)
        for key, token, queue, priority, body in zip(
            keys, tokens, queues, priorities, bodies, strict=True
        )
    ]
    return ClaimBatch(claims, next_due, suspects_left=suspects_left), grown
