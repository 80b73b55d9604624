"""The engine in this process: for unit tests, eager mode, and trying things out. Nothing survives the process."""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from taskhub.engine.port import (
    Bell,
    Claim,
    ClaimBatch,
    DeadLetter,
    Delayed,
    DocumentCallback,
    Ending,
    Engine,
    Exchange,
    QueueCounts,
    Released,
    RetryPolicy,
    Subscription,
)
from taskhub.engine.rules import EngineRules
from taskhub.message import HIGHEST_PRIORITY, Envelope

#: A priority's band of scores, as in the scripts of the Redis engine.
BAND = 2**49


@dataclass
class _State:
    """All that is stored; the fields are those of the Redis data model."""

    messages: dict[str, Envelope] = field(default_factory=dict)
    ready: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    delayed: list[tuple[int, str]] = field(default_factory=list)
    claims: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    deliveries: dict[str, int] = field(default_factory=dict)
    workers: dict[str, int] = field(default_factory=dict)
    revoked: dict[str, int] = field(default_factory=dict)
    dead: dict[str, DeadLetter] = field(default_factory=dict)
    queues: set[str] = field(default_factory=set)
    documents: dict[str, tuple[bytes, int | None]] = field(default_factory=dict)
    sequence: int = 0


class MemoryEngine(Engine):
    """Holds everything in memory behind one lock.

    Parameters:
      rules: limits and times.
      clock: the present in ms; None: this machine's clock.
    """

    def __init__(
        self, rules: EngineRules | None = None, *, clock: Callable[[], int] | None = None
    ) -> None:
        self.rules = rules or EngineRules()
        self._clock = clock or (lambda: int(time.time() * 1000))
        self._state = _State()
        self._changed = threading.Condition(threading.RLock())
        self._followers: dict[str, list[DocumentCallback]] = defaultdict(list)

    # -- producing

    def enqueue(self, envelopes: Sequence[Envelope], *, retry: RetryPolicy | None = None) -> None:
        with self._changed:
            for envelope in envelopes:
                self._publish(envelope)
            self._changed.notify_all()

    def _publish(self, envelope: Envelope) -> None:
        state = self._state
        key = envelope.task_id
        if key in state.messages:
            key = f"{key}\n{self._next()}"
        state.messages[key] = envelope
        state.queues.add(envelope.queue)
        if envelope.eta is not None:
            insort(state.delayed, (envelope.eta, key))
        elif envelope.delay > 0:
            insort(state.delayed, (self._clock() + envelope.delay, key))
        else:
            self._push_ready(envelope, key)

    def _next(self) -> int:
        self._state.sequence += 1
        return self._state.sequence

    def _push_ready(self, envelope: Envelope, key: str) -> None:
        score = (HIGHEST_PRIORITY - envelope.priority) * BAND + self._next()
        insort(self._state.ready[envelope.queue], (score, key))

    # -- working

    def exchange(
        self, worker: str, endings: Sequence[Ending], queues: Sequence[str], limit: int | None
    ) -> Exchange:
        with self._changed:
            committed = [self._end(worker, ending) for ending in endings]
            batch = None if limit is None else self._claim(worker, queues, limit)
            self._changed.notify_all()
        for (_, outcome), written in zip(endings, committed, strict=True):
            if written and outcome.document is not None:
                self._store(outcome.task_id, outcome.document, outcome.ttl)
        return Exchange(committed, batch)

    def _end(self, worker: str, ending: Ending) -> bool:
        claim, outcome = ending
        state = self._state
        if state.claims[worker].get(claim.key) != claim.token:
            return False
        envelope = state.messages.pop(claim.key, None)
        del state.claims[worker][claim.key]
        state.deliveries.pop(claim.key, None)
        if outcome.dead is not None:
            expires = self._clock() + self.rules.dead_letter_ttl
            state.dead[claim.key] = DeadLetter(claim.key, outcome.dead, envelope, expires)
        for message in outcome.publish:
            self._publish(message)
        return True

    def _claim(self, worker: str, queues: Sequence[str], limit: int) -> ClaimBatch:
        state, now = self._state, self._clock()
        while state.delayed and state.delayed[0][0] <= now:
            _, key = state.delayed.pop(0)
            self._push_ready(state.messages[key], key)
        claims: list[Claim] = []
        while len(claims) < limit:
            queue = min(
                (queue for queue in queues if state.ready[queue]),
                key=lambda queue: state.ready[queue][0],
                default=None,
            )
            if queue is None:
                break
            score, key = state.ready[queue].pop(0)
            envelope = state.messages[key]
            token = f"{state.deliveries.get(key, 0) + 1}:{score}"
            state.claims[worker][key] = token
            claims.append(self._as_claim(key, token, envelope, envelope.task_id in state.revoked))
        next_due = max(0, state.delayed[0][0] - now) if state.delayed else None
        return ClaimBatch(claims, next_due)

    @staticmethod
    def _as_claim(key: str, token: str, envelope: Envelope, revoked: bool) -> Claim:
        return Claim(
            key, token, revoked, envelope.task_id, envelope.queue, envelope.priority, envelope.body
        )

    def acknowledge(self, worker: str, claim: Claim) -> bool:
        with self._changed:
            if self._state.claims[worker].get(claim.key) != claim.token:
                return False
            self._state.messages.pop(claim.key, None)
            return True

    def give_back(self, worker: str, keys: Sequence[str]) -> list[str]:
        with self._changed:
            given = [key for key in keys if key in self._state.claims[worker]]
            for key in given:
                self._put_back(key, self._state.claims[worker].pop(key))
            self._changed.notify_all()
            return given

    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        with self._changed:
            kept = set(held)
            return self.give_back(
                worker, [key for key in self._state.claims[worker] if key not in kept]
            )

    def _put_back(self, key: str, token: str) -> bool:
        envelope = self._state.messages.get(key)
        if envelope is None:
            return False
        insort(self._state.ready[envelope.queue], (int(token.partition(":")[2]), key))
        return True

    def bell(self, queues: Sequence[str]) -> Bell:
        return _MemoryBell(self._changed, lambda: any(self._state.ready[name] for name in queues))

    # -- liveness

    def renew(self, workers: Sequence[str], lease: int) -> list[str]:
        with self._changed:
            state, now = self._state, self._clock()
            for worker in workers:
                state.workers[worker] = now + lease
            state.revoked = {key: until for key, until in state.revoked.items() if until > now}
            state.dead = {key: dead for key, dead in state.dead.items() if dead.expires > now}
            expired = [(until, worker) for worker, until in state.workers.items() if until <= now]
            return [worker for _, worker in sorted(expired)]

    def release(self, worker: str, *, only_expired: bool = False) -> Released | None:
        lost: list[str] = []
        with self._changed:
            state, now = self._state, self._clock()
            if only_expired and state.workers.get(worker, now + 1) > now:
                return None
            requeued = dead = 0
            for key, token in state.claims.pop(worker, {}).items():
                delivery = int(token.partition(":")[0])
                envelope = state.messages.get(key)
                if envelope is None:
                    lost.append(key.partition("\n")[0])
                elif delivery >= self.rules.max_deliveries:
                    expires = now + self.rules.dead_letter_ttl
                    reason = self.rules.lost_reason()
                    state.dead[key] = DeadLetter(key, reason, state.messages.pop(key), expires)
                    state.deliveries.pop(key, None)
                    lost.append(envelope.task_id)
                    dead += 1
                else:
                    state.deliveries[key] = delivery
                    self._put_back(key, token)
                    requeued += 1
            state.workers.pop(worker, None)
            self._changed.notify_all()
        before, after = self.rules.lost_document()
        for task_id in lost:
            self._store(task_id, before + task_id + after, self.rules.result_ttl)
        return Released(requeued, dead)

    # -- steering

    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        with self._changed:
            state, now = self._state, self._clock()
            claims = []
            for task_id in task_ids:
                state.revoked[task_id] = now + remember
                envelope = state.messages.get(task_id)
                score = self._withdraw(task_id, envelope) if envelope is not None else None
                if envelope is not None and score is not None:
                    token = f"1:{score}"
                    state.claims[revoker][task_id] = token
                    claims.append(self._as_claim(task_id, token, envelope, True))
            if claims:
                state.workers[revoker] = now + self.rules.lease
            return claims

    def _withdraw(self, key: str, envelope: Envelope) -> int | None:
        """Take a message out of where it waits; return the score it had, None if it does not wait."""
        ready = self._state.ready[envelope.queue]
        for entry in ready:
            if entry[1] == key:
                ready.remove(entry)
                return entry[0]
        for entry in self._state.delayed:
            if entry[1] == key:
                self._state.delayed.remove(entry)
                return (HIGHEST_PRIORITY - envelope.priority) * BAND
        return None

    def purge(self, queue: str, *, delayed: bool = True) -> int:
        with self._changed:
            state = self._state
            keys = [key for _, key in state.ready.pop(queue, [])]
            if delayed:
                mine = [entry for entry in state.delayed if state.messages[entry[1]].queue == queue]
                state.delayed = [entry for entry in state.delayed if entry not in mine]
                keys += [key for _, key in mine]
            for key in keys:
                state.messages.pop(key, None)
                state.deliveries.pop(key, None)
            return len(keys)

    # -- results

    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        with self._changed:
            if held is not None:
                worker, claim = held
                if self._state.claims[worker].get(claim.key) != claim.token:
                    return False
            present = self.documents([task_id])[0]
            if present is not None and present.startswith(
                (b'{"status":"SUCCESS"', b'{"status": "SUCCESS"')
            ):
                return False
        self._store(task_id, document, ttl)
        return True

    def _store(self, task_id: str, document: str, ttl: int | None) -> None:
        with self._changed:
            expires = None if ttl is None else self._clock() + ttl
            encoded = document.encode()
            self._state.documents[task_id] = (encoded, expires)
            callbacks = list(self._followers.get(task_id, ()))
        for callback in callbacks:
            callback(task_id, encoded)

    def documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        with self._changed:
            now, found = self._clock(), []
            for task_id in task_ids:
                document, expires = self._state.documents.get(task_id, (None, None))
                found.append(None if expires is not None and expires <= now else document)
            return found

    def forget(self, task_ids: Sequence[str]) -> None:
        with self._changed:
            for task_id in task_ids:
                self._state.documents.pop(task_id, None)

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        ids = list(dict.fromkeys(task_ids))
        with self._changed:
            for task_id in ids:
                self._followers[task_id].append(callback)
        for task_id, document in zip(ids, self.documents(ids), strict=True):
            if document is not None:
                callback(task_id, document)
        return _MemorySubscription(self._followers, ids, callback)

    # -- looking

    def queues(self) -> dict[str, QueueCounts]:
        with self._changed:
            state = self._state
            delayed = [state.messages[key].queue for _, key in state.delayed]
            return {
                name: QueueCounts(len(state.ready[name]), delayed.count(name))
                for name in sorted(state.queues)
            }

    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        with self._changed:
            page = self._state.ready[queue][offset : offset + limit]
            return [self._bare(self._state.messages[key]) for _, key in page]

    def delayed(self, offset: int, limit: int) -> list[Delayed]:
        with self._changed:
            page = self._state.delayed[offset : offset + limit]
            return [Delayed(due, self._bare(self._state.messages[key])) for due, key in page]

    @staticmethod
    def _bare(envelope: Envelope) -> Envelope:
        return envelope._replace(delay=0, eta=None)

    def dead_letters(self, offset: int, limit: int) -> list[DeadLetter]:
        with self._changed:
            letters = sorted(self._state.dead.values(), key=lambda letter: (letter.expires, letter.key))
            return [
                letter._replace(envelope=letter.envelope and self._bare(letter.envelope))
                for letter in letters[offset : offset + limit]
            ]

    def workers(self) -> dict[str, int]:
        with self._changed:
            now = self._clock()
            return {worker: until - now for worker, until in self._state.workers.items()}

    def held(self, worker: str) -> dict[str, str]:
        with self._changed:
            return dict(self._state.claims.get(worker, {}))

    def ping(self) -> str:
        return "memory"

    def close(self) -> None:
        """Nothing to close: what is stored stays as long as this object."""


class _MemoryBell(Bell):
    def __init__(self, changed: threading.Condition, has_work: Callable[[], bool]) -> None:
        self._changed = changed
        self._has_work = has_work
        self._woken = False

    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._woken or (listen and self._has_work()), timeout)
            self._woken = False
            return listen and self._has_work()

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        self.wake()


class _MemorySubscription(Subscription):
    def __init__(
        self,
        followers: dict[str, list[DocumentCallback]],
        task_ids: list[str],
        callback: DocumentCallback,
    ) -> None:
        self._followers = followers
        self._task_ids = task_ids
        self._callback = callback

    def close(self) -> None:
        task_ids, self._task_ids = self._task_ids, []
        for task_id in task_ids:
            callbacks = self._followers.get(task_id, [])
            if self._callback in callbacks:
                callbacks.remove(self._callback)
            if not callbacks:
                self._followers.pop(task_id, None)
