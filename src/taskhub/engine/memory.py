"""The engine in this process: for unit tests, eager mode, and trying things out.

Nothing survives the process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from taskhub.engine.locks import Locks
from taskhub.engine.mailbox import Mailbox
from taskhub.engine.memory_locks import MemoryLocks
from taskhub.engine.memory_looking import MemoryLooking
from taskhub.engine.memory_mailbox import MemoryMailbox
from taskhub.engine.memory_monitoring import MemoryMonitoring
from taskhub.engine.memory_state import MemoryState
from taskhub.engine.memory_throttle import MemoryThrottle
from taskhub.engine.memory_timetable import MemoryTimetable
from taskhub.engine.memory_waiting import MemoryBell, MemorySubscription
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
from taskhub.engine.rules import EngineRules
from taskhub.engine.timetable import Timetable
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan

logger = logging.getLogger(__name__)

#: A filled claim passes the bell on for what becomes due within this time, as `claim.lua` does; ms.
SOON = 2000


class MemoryEngine(MemoryLooking, MemoryMonitoring, Engine):
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
        self._state = MemoryState()
        self._changed = threading.Condition(threading.RLock())
        self._mailbox = MemoryMailbox(self._changed, self._clock)
        self._timetables: dict[str, MemoryTimetable] = {}
        self._locks = MemoryLocks(self._changed, self._state)
        self._throttle = MemoryThrottle(self._changed, self._state, self._clock)
        self._followers: dict[str, list[DocumentCallback]] = defaultdict(list)

    # -- producing

    def enqueue(
        self,
        envelopes: Sequence[Envelope],
        *,
        chords: Sequence[ChordPlan] = (),
        chains: Sequence[ChainPlan] = (),
        retry: RetryPolicy | None = None,
    ) -> None:
        with self._changed:
            for chain in chains:
                self._state.store_chain(chain)
            for chord in chords:
                self._state.open_chord(chord)
            for envelope in envelopes:
                self._state.publish(envelope, self._clock())
            self._changed.notify_all()

    # -- working

    def exchange(
        self, worker: str, endings: Sequence[Ending], queues: Sequence[str], limit: int | None
    ) -> Exchange:
        stored: list[tuple[str, bytes]] = []
        with self._changed:
            bells = self._state.bells
            rung = set(bells)
            committed = [self._end(worker, ending) for ending in endings]
            if limit:
                # What is published where this worker claims now is its own first; the claim rings for what it leaves.
                bells -= (bells - rung).intersection(queues)
            for (_, outcome, _), written in zip(endings, committed, strict=True):
                if written and outcome.document is not None:
                    stored.append(self._write(outcome.task_id, outcome.document, outcome.ttl))
                others = outcome.documents if written else ()
                stored.extend(self._write(*document, outcome.ttl) for document in others)
            batch = None if limit is None else self._claim(worker, queues, limit)
            self._changed.notify_all()
        self._tell(stored)
        return Exchange(committed, batch)

    def _end(self, worker: str, ending: Ending) -> bool:
        claim, outcome, tally = ending
        state, now = self._state, self._clock()
        if not state.holds(worker, claim):
            return False
        if outcome.dead is not None:
            state.bury(claim.key, outcome.dead, now + self.rules.dead_letter_ttl)
        del state.claims[worker][claim.key]
        state.forget(claim.key)
        for chord in outcome.chords:
            state.open_chord(chord)
        for extension in outcome.extends:
            state.extend_chord(extension)
        for chain in outcome.chains:
            state.store_chain(chain)
        for chain_id in outcome.spent:
            state.chains.pop(chain_id, None)
        for message in outcome.publish:
            state.publish(message, now)
        for part in outcome.parts:
            state.give_part(part, now)
        if outcome.joined is not None:
            state.leave_chord(outcome.joined)
        self._append(outcome.events)
        if tally and self.rules.statistics_ttl > 0:
            self._count(tally)
        return True

    def _claim(self, worker: str, queues: Sequence[str], limit: int) -> ClaimBatch:
        state, now = self._state, self._clock()
        rung = state.promote(now) | self._throttle.give_due_turns(now)
        claims: list[Claim] = []
        while len(claims) < limit and (foremost := state.pop_foremost(queues)) is not None:
            score, key = foremost
            revoked = state.is_revoked(key, now)
            claims.append(state.hold(worker, key, score, revoked=revoked, at=now))
        if claims:
            state.workers.setdefault(worker, now + self.rules.lease)
        moments = [due for due, *_ in state.delayed[:1]]
        if self._throttle.next_turn is not None:
            moments.append(self._throttle.next_turn)
        soonest = min(moments, default=None)
        if len(claims) >= limit:
            rung.update(queues)
            if soonest is not None and soonest - now < SOON:
                state.bells.update(queues)
        state.bells.update(queue for queue in rung if state.ready[queue])
        return ClaimBatch(claims, None if soonest is None else max(0, soonest - now))

    def acknowledge(self, worker: str, claim: Claim) -> bool:
        return self._use_up(worker, claim.key, claim.token, self.rules.max_deliveries)

    def condemn(self, worker: str, key: str, token: str) -> bool:
        return self._use_up(worker, key, token, OVERDUE)

    def _use_up(self, worker: str, key: str, token: str, deliveries: int) -> bool:
        with self._changed:
            if self._state.claims[worker].get(key) != token:
                return False
            self._state.deliveries[key] = deliveries
            return True

    def give_back(self, worker: str, keys: Sequence[str]) -> list[str]:
        with self._changed:
            claims = self._state.claims[worker]
            given = [key for key in keys if key in claims]
            for key in given:
                self._state.put_back(key, claims.pop(key))
            self._changed.notify_all()
            return given

    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        with self._changed:
            kept = set(held)
            return self.give_back(
                worker, [key for key in self._state.claims[worker] if key not in kept]
            )

    def bell(self, queues: Sequence[str]) -> Bell:
        return MemoryBell(self._changed, self._state, tuple(queues))

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
            expired = [(until, worker) for worker, until in state.workers.items() if until <= now]
            return [worker for _, worker in sorted(expired)]

    def release(self, worker: str, *, only_expired: bool = False) -> int | None:
        with self._changed:
            state, now = self._state, self._clock()
            if only_expired and state.workers.get(worker, now + 1) > now:
                return None
            claims = state.claims.pop(worker, {})
            for key, token in claims.items():
                delivery = int(token.partition(":")[0])
                # More are stored than the token says if it was acknowledged early.
                state.deliveries[key] = max(delivery, state.deliveries.get(key, 0))
                state.put_back(key, token)
            state.workers.pop(worker, None)
            state.cards.pop(worker, None)
            self._changed.notify_all()
            return len(claims)

    def introduce(self, worker: str, card: str) -> bool:
        with self._changed:
            if worker not in self._state.workers:
                return False
            self._state.cards[worker] = card.encode()
            return True

    # -- steering

    @property
    def mailbox(self) -> Mailbox:
        return self._mailbox

    def timetable(self, name: str) -> Timetable:
        with self._changed:
            if name not in self._timetables:
                made = MemoryTimetable(name, self._changed, self._state, self._clock)
                self._timetables[name] = made
            return self._timetables[name]

    @property
    def locks(self) -> Locks:
        return self._locks

    @property
    def throttle(self) -> MemoryThrottle:
        return self._throttle

    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        with self._changed:
            state, now = self._state, self._clock()
            claims = []
            for task_id in task_ids:
                state.revoked[task_id] = now + remember
                score = state.withdraw(task_id)
                if score is None:
                    score = self._throttle.withdraw(task_id)
                if score is not None:
                    claims.append(state.hold(revoker, task_id, score, revoked=True))
            if claims:
                state.workers[revoker] = now + self.rules.lease
            return claims

    def revoke_stamps(self, stamps: Sequence[tuple[str, str]], remember: int) -> None:
        with self._changed:
            until = self._clock() + remember
            self._state.revoked_stamps.update(dict.fromkeys(stamps, until))

    def revive(self, keys: Sequence[str]) -> list[str]:
        with self._changed:
            sent = []
            for key in keys:
                letter = self._state.dead.get(key)
                if letter is not None and letter.envelope is not None:
                    del self._state.dead[key]
                    self._state.publish(letter.envelope, self._clock())
                    sent.append(key)
            self._changed.notify_all()
            return sent

    def drop_dead(self, keys: Sequence[str]) -> list[str]:
        with self._changed:
            return [key for key in keys if self._state.dead.pop(key, None) is not None]

    def purge(self, queue: str, *, delayed: bool = True) -> int:
        with self._changed:
            state = self._state
            keys = [key for _, key in state.ready.pop(queue, [])]
            if delayed:
                keys += [key for _, of, _, key in state.delayed if of == queue]
                state.delayed = [entry for entry in state.delayed if entry[1] != queue]
            for key in keys:
                state.forget(key)
            return len(keys) + (self._throttle.purge(queue) if delayed else 0)

    # -- results

    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        with self._changed:
            if held is not None and not self._state.holds(*held):
                return False
            present = self.documents([task_id])[0]
            if present is not None and present.startswith(
                (b'{"status":"SUCCESS"', b'{"status": "SUCCESS"')
            ):
                return False
            stored = self._write(task_id, document, ttl)
        self._tell([stored])
        return True

    def _write(self, task_id: str, document: str, ttl: int | None) -> tuple[str, bytes]:
        """Store a document; `_tell` those who follow it once the lock is free."""
        expires = None if ttl is None else self._clock() + ttl
        encoded = document.encode()
        self._state.documents[task_id] = (encoded, expires)
        return task_id, encoded

    def _tell(self, stored: Iterable[tuple[str, bytes]]) -> None:
        for task_id, document in stored:
            with self._changed:
                callbacks = list(self._followers.get(task_id, ()))
            for callback in callbacks:
                self._call(callback, task_id, document)

    @staticmethod
    def _call(callback: DocumentCallback, task_id: str, document: bytes) -> None:
        try:
            callback(task_id, document)
        except Exception:
            logger.exception("a callback for the result of %s failed", task_id)

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
                self._call(callback, task_id, document)
        return MemorySubscription(self._changed, self._followers, ids, callback)

    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        with self._changed:
            expires = None if ttl is None else self._clock() + ttl
            self._state.groups[group_id] = (document.encode(), expires)

    def group(self, group_id: str) -> bytes | None:
        with self._changed:
            document, expires = self._state.groups.get(group_id, (None, None))
            return None if expires is not None and expires <= self._clock() else document

    def forget_group(self, group_id: str) -> None:
        with self._changed:
            self._state.groups.pop(group_id, None)

    # -- chords

    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        with self._changed:
            chord = self._state.chords.get(chord_id)
            if chord is None or len(chord.parts) < chord.size:
                return None
            return [chord.parts[place] for place in range(chord.size)]

    # -- chains

    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        with self._changed:
            return list(self._state.chains.get(chain_id, ())[start : start + count])

    def close(self) -> None:
        """Nothing to close: what is stored stays as long as this object."""
