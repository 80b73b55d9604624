"""The engine in this process: turns each verb of the port into moves of what is in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from taskhub.config.urls import StoreURL
from taskhub.engine.memory.administration import MemoryAdministration
from taskhub.engine.memory.audit_log import MemoryAuditLog
from taskhub.engine.memory.canvas_store import MemoryCanvasStore
from taskhub.engine.memory.chords import Chains, Chords, ended_chains
from taskhub.engine.memory.control_bus import MemoryControlBus
from taskhub.engine.memory.history import MemoryHistory
from taskhub.engine.memory.inspection import MemoryInspection
from taskhub.engine.memory.locks import MemoryLocks
from taskhub.engine.memory.monitoring import MemoryMonitoring
from taskhub.engine.memory.notifier import MemoryNotifier
from taskhub.engine.memory.rate_limiter import MemoryRateLimiter
from taskhub.engine.memory.results import MemoryResults
from taskhub.engine.memory.schedule_store import MemoryScheduleStore
from taskhub.engine.memory.state import MemoryState
from taskhub.engine.memory.suspects import take_foremost
from taskhub.engine.port.audit_log import AuditLog
from taskhub.engine.port.claims import (
    Claim,
    ClaimBatch,
    Completion,
    Exchange,
    GivenUp,
    Suspects,
)
from taskhub.engine.port.control_bus import ControlBus
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.locks import Locks
from taskhub.engine.port.notifier import Notifier, Receiver, Topic
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.schedule_store import ScheduleStore
from taskhub.engine.port.stores import EngineStores
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPage, ChordPlan, Outcome

if TYPE_CHECKING:
    from taskhub.engine.port.outbox_store import OutboxBatch, OutboxStore

#: A filled claim notifies others of what becomes due within this time, ms.
SOON = 2000


class MemoryEngine(
    MemoryAdministration,
    MemoryCanvasStore,
    MemoryInspection,
    MemoryMonitoring,
    MemoryResults,
    Engine,
):
    """Holds everything in memory behind one lock.

    Args:
        rules: Limits and times.
        clock: The present in ms; None: this machine's clock.
    """

    def __init__(
        self, rules: EngineRules | None = None, *, clock: Callable[[], int] | None = None
    ) -> None:
        super().__init__()
        self.rules = rules or EngineRules()
        here = StoreURL("memory")
        self.stores = EngineStores(broker=here, results=here, rules=self.rules)
        self._clock = clock or (lambda: int(time.time() * 1000))
        self._state = MemoryState()
        self._changed = threading.Condition(threading.RLock())
        self._chords = Chords(self._state)
        self._chains = Chains()
        self._control_bus = MemoryControlBus(self._changed, self._clock)
        self._schedule_stores: dict[str, MemoryScheduleStore] = {}
        self._outbox_stores: dict[str, OutboxStore] = {}
        self._locks = MemoryLocks(self._changed, self._state)
        self._audit_log = MemoryAuditLog(self._changed, self._clock)
        self._rate_limiter = MemoryRateLimiter(self._changed, self._state, self._clock)
        self._history = MemoryHistory(self._changed, self._state, self._clock, self.rules)

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
        with self._changed:
            for chord in chords:
                self._chords.begin(chord)
            if page is not None:
                self._chords.add_page(page, self._clock())
            for chain in chains:
                self._chains.store(chain)
            for envelope in envelopes:
                self._state.publish(envelope, self._clock())
            self._changed.notify_all()

    # -- working

    def exchange(
        self,
        worker: str,
        completions: Sequence[Completion],
        queues: Sequence[str],
        limit: int | None,
        suspects: Suspects = "all",
    ) -> Exchange:
        stored: list[tuple[str, bytes]] = []
        with self._changed:
            notifications = self._state.notifications
            before = set(notifications)
            committed = [self._commit_one(worker, completion) for completion in completions]
            written = [
                completion.outcome
                for completion, done in zip(completions, committed, strict=True)
                if done
            ]
            self._chains.delete(ended_chains(written))
            if limit:
                # What is published where this worker claims now is its own first; the claim
                # notifies others of what it leaves.
                notifications -= (notifications - before).intersection(queues)
            for outcome in written:
                if outcome.document is not None:
                    stored.append(self._store(outcome.task_id, outcome.document, outcome.ttl))
                stored += [self._store(*document, outcome.ttl) for document in outcome.documents]
            batch = None if limit is None else self._claim(worker, queues, limit, suspects)
            self._changed.notify_all()
        self._call_followers(stored)
        return Exchange(committed, batch)

    def _commit_one(self, worker: str, completion: Completion) -> bool:
        claim, outcome, tally = completion
        state, now = self._state, self._clock()
        if state.held(worker, claim.key, claim.token) is None:
            return False
        if outcome.dead is not None:
            state.add_dead_letter(claim.key, outcome.dead, now + self.rules.dead_letter_ttl)
        elif outcome.failed is not None:
            self._history.keep_failed(claim, outcome.failed, now)
        del state.claims[worker][claim.key]
        state.forget(claim.key)
        self._write_consequences(outcome, now)
        self._append(outcome.events)
        if tally and self.rules.statistics_ttl > 0:
            self._count(tally)
        if outcome.history is not None:
            self._history.add(outcome.task_id, outcome.history, now)
        return True

    def _write_consequences(self, outcome: Outcome, now: int) -> None:
        for chord in outcome.chords:
            self._chords.begin(chord)
        for extension in outcome.extends:
            self._chords.extend(extension)
        for chain in outcome.chains:
            self._chains.store(chain)
        for message in outcome.publish:
            self._state.publish(message, now)
        for part in outcome.parts:
            self._chords.give_part(part, now)
        if outcome.consumed_chord is not None:
            self._chords.leave(outcome.consumed_chord)

    def _claim(
        self, worker: str, queues: Sequence[str], limit: int, suspects: Suspects
    ) -> ClaimBatch:
        state, now = self._state, self._clock()
        grown = state.promote(now) | self._rate_limiter.grant_due_permits(now)
        queues = [queue for queue in queues if queue not in state.paused]
        if limit > 0 and any(state.ready[queue] for queue in queues):
            state.workers.setdefault(worker, now + self.rules.lease)
        taken = take_foremost(state, queues, limit, suspects, self.rules.max_deliveries)
        claims = [
            state.hold(worker, position, revoked=state.is_revoked(position.key, now), now=now)
            for position in taken.positions
        ]
        moments = [due.at for due in state.delayed[:1]]
        if self._rate_limiter.next_permit is not None:
            moments.append(self._rate_limiter.next_permit)
        soonest = min(moments, default=None)
        if len(claims) >= limit or taken.is_suspect or (claims and taken.suspects_left):
            grown.update(queues)
            if soonest is not None and soonest - now < SOON:
                state.notifications.update(queues)
        state.notifications.update(
            queue for queue in grown if state.ready[queue] and queue not in state.paused
        )
        next_due = None if soonest is None else max(0, soonest - now)
        return ClaimBatch(claims, next_due, suspects_left=taken.suspects_left)

    def acknowledge(self, worker: str, claim: Claim) -> bool:
        return self._give_up(worker, claim.key, claim.token, GivenUp.ACKNOWLEDGED_EARLY)

    def mark_timed_out(self, worker: str, key: str, token: str) -> bool:
        return self._give_up(worker, key, token, GivenUp.TIMED_OUT)

    def _give_up(self, worker: str, key: str, token: str, reason: GivenUp) -> bool:
        with self._changed:
            if self._state.held(worker, key, token) is None:
                return False
            self._state.given_up[key] = reason
            return True

    def requeue(self, worker: str, keys: Sequence[str]) -> list[str]:
        with self._changed:
            claims = self._state.claims[worker]
            requeued = [key for key in keys if key in claims]
            for key in requeued:
                self._state.requeue(claims.pop(key))
            self._changed.notify_all()
            return requeued

    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        with self._changed:
            return self.requeue(worker, sorted(self._state.claims[worker].keys() - set(held)))

    def notifier(self, topics: Sequence[Topic], receiver: Receiver | None = None) -> Notifier:
        return MemoryNotifier(self._changed, self._state, tuple(topics))

    # -- liveness

    def renew(self, workers: Sequence[str], lease: int) -> list[str]:
        with self._changed:
            state, now = self._state, self._clock()
            for worker in workers:
                state.workers[worker] = now + lease
            state.revoked = {key: until for key, until in state.revoked.items() if until > now}
            state.revoked_stamps = {
                stamp: until for stamp, until in state.revoked_stamps.items() if until > now
            }
            state.dead = {key: dead for key, dead in state.dead.items() if dead.expires > now}
            self._history.forget_expired(now)
            expired = [(until, worker) for worker, until in state.workers.items() if until <= now]
            return [worker for _, worker in sorted(expired)]

    def reclaim(self, worker: str, *, only_expired: bool = False) -> int | None:
        with self._changed:
            state, now = self._state, self._clock()
            if only_expired and state.workers.get(worker, now + 1) > now:
                return None
            claims = state.claims.pop(worker, {})
            for key, claim in claims.items():
                state.deliveries[key] = claim.delivery
                state.requeue(claim)
            state.workers.pop(worker, None)
            state.worker_infos.pop(worker, None)
            self._changed.notify_all()
            return len(claims)

    def register_worker(self, worker: str, worker_info: str) -> bool:
        with self._changed:
            if worker not in self._state.workers:
                return False
            self._state.worker_infos[worker] = worker_info.encode()
            return True

    # -- parts of the port

    @property
    def control_bus(self) -> ControlBus:
        return self._control_bus

    def schedule_store(self, name: str) -> ScheduleStore:
        with self._changed:
            if name not in self._schedule_stores:
                made = MemoryScheduleStore(
                    name, self._changed, self._state, self._audit_log, self._clock
                )
                self._schedule_stores[name] = made
            return self._schedule_stores[name]

    def outbox_store(self, outbox: str) -> OutboxStore:
        # Few programs have one.
        from taskhub.engine.memory.outbox_store import MemoryOutboxStore

        with self._changed:
            if outbox not in self._outbox_stores:
                self._outbox_stores[outbox] = MemoryOutboxStore(
                    outbox, self._changed, self._clock, self._publish_batch
                )
            return self._outbox_stores[outbox]

    def _publish_batch(self, batch: OutboxBatch) -> None:
        self.enqueue(batch.messages, chords=batch.chords, chains=batch.chains)

    @property
    def locks(self) -> Locks:
        return self._locks

    @property
    def audit_log(self) -> AuditLog:
        return self._audit_log

    @property
    def history(self) -> MemoryHistory:
        return self._history

    @property
    def rate_limiter(self) -> MemoryRateLimiter:
        return self._rate_limiter

    def close(self) -> None:
        """Nothing to close: what is stored stays as long as this object."""
