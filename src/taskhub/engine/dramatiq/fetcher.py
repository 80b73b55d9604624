"""The fetcher: which messages a worker process holds, and when it claims more."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from taskhub.engine.dramatiq.claim_backoff import ClaimBackoff
from taskhub.engine.dramatiq.delivery import Delivery, check_size
from taskhub.engine.dramatiq.prefetch import Prefetch
from taskhub.engine.dramatiq.suspect_isolation import SuspectIsolation
from taskhub.engine.port.claims import Claim, ClaimBatch, Suspects
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rate_limiter import PermitRequest, Rate
from taskhub.exceptions import OperationalError

logger = logging.getLogger(__name__)

#: Messages that wait in this process for longer than this, while no thread takes one, go back to
#: the queue; seconds.
STALE = 0.1


class Fetcher:
    """Decides when to claim, and passes claimed messages on to the threads that run tasks.

    Args:
        engine: Where messages come from.
        worker: The name under which this process holds claims.
        threads: How many tasks the process runs at once.
        hand_over: Passes a claimed message on to the threads that run tasks; returns whether there
            is a way to them.
        withdraw: Takes back the messages that wait for a thread of this process.
        refuse: Ends a message that cannot be opened.
        rates: The rate limits by the names of tasks; may change meanwhile.
        isolation: Decides which suspects to claim, and when nothing is claimed because of them.
    """

    def __init__(
        self,
        engine: Engine,
        worker: str,
        threads: int,
        *,
        hand_over: Callable[[Delivery], bool],
        withdraw: Callable[[], Iterable[Delivery]],
        refuse: Callable[[Claim, Exception], None],
        rates: Mapping[str, Rate],
        isolation: SuspectIsolation,
    ) -> None:
        self.prefetch = Prefetch(threads)
        self._engine = engine
        self._worker = worker
        self._hand_over = hand_over
        self._withdraw = withdraw
        self._refuse = refuse
        self._rates = rates
        self._isolation = isolation
        self._backoff = ClaimBackoff(threads)
        # How many messages of the present batch were for tasks that this process does not know.
        self._unknown = 0
        self._held: dict[str, Claim] = {}
        self._queues: tuple[str, ...] = ()
        self._queues_lock = threading.Lock()
        self._last_start = time.monotonic()
        self._next_due_at: float | None = None
        #: Whether there may be messages to claim: after a notification, or a claim that was filled.
        self.may_claim = True
        #: Whether the store may hold claims for this worker that never arrived: a reply was lost.
        self.in_doubt = False

    # -- called by other threads, too

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that are served."""
        return self._queues

    def add_queue(self, queue: str) -> bool:
        """Serve a queue from now on; returns whether that is new."""
        with self._queues_lock:
            if queue in self._queues:
                return False
            self._queues = (*self._queues, queue)
        self.may_claim = True
        return True

    def remove_queue(self, queue: str) -> bool:
        """Serve a queue no longer; returns whether it was served."""
        with self._queues_lock:
            if queue not in self._queues:
                return False
            self._queues = tuple(other for other in self._queues if other != queue)
        return True

    def note_start(self) -> None:
        """Note that a thread has begun to run a message."""
        self._last_start = time.monotonic()

    def note_unknown(self) -> None:
        """Note that a message just handed over is for a task that this process does not know."""
        self._unknown += 1

    @property
    def claims(self) -> list[Claim]:
        """The messages that this process holds, those that run included."""
        return list(self._held.values())

    @property
    def held_count(self) -> int:
        """How many messages this process holds."""
        return len(self._held)

    def holds(self, claim: Claim) -> bool:
        """Whether this process holds a claim: its outcome is unknown, or not committed yet."""
        held = self._held.get(claim.key)
        return held is not None and held.token == claim.token

    def requeue(self, claims: Sequence[Claim]) -> None:
        """Return messages that were not begun."""
        keys = [claim.key for claim in claims if self._held.pop(claim.key, None) is not None]
        if keys:
            self._engine.requeue(self._worker, keys)

    # -- called by the thread that claims

    def limit(self, completed: int, *, publishes: bool) -> int | None:
        """Return how many messages to claim with the next round trip; None: do not claim.

        Args:
            completed: How many of those that are held are completed by it.
            publishes: Whether these publish messages: the claim that follows in the same trip takes
                them at once.
        """
        held = len(self._held) - completed
        if not self._queues or self._backoff.is_active or self._isolation.admitted(held) is None:
            return None
        self.may_claim = self._isolation.pop_ended() or self.may_claim
        due = self._next_due_at is not None and self._next_due_at <= time.monotonic()
        if not (self.may_claim or due or publishes):
            return None
        return self._backoff.bound(self._wanted(held)) or None

    def suspects(self, completed: int) -> Suspects:
        """Return which suspects to claim with the next round trip.

        Args:
            completed: How many of those that are held are completed by it.
        """
        return self._isolation.admitted(len(self._held) - completed) or "none"

    @property
    def has_room(self) -> bool:
        """Whether this process serves queues and has room for a message."""
        held = len(self._held)
        may_claim = not self._backoff.is_active and self._isolation.admitted(held) is not None
        return may_claim and bool(self._queues) and self._wanted(held) > 0

    def longest_wait(self, timeout: float, *, listens: bool) -> float:
        """Return how long to wait at most until messages are due, or those held get stale.

        Args:
            timeout: The longest wait without such, seconds.
            listens: Whether a message that is due could be claimed.
        """
        if listens and self._next_due_at is not None:
            timeout = min(timeout, max(0.0, self._next_due_at - time.monotonic()))
        if len(self._held) > self.prefetch.threads:
            timeout = min(timeout, STALE)
        for until in (self._isolation.until, self._backoff.until):
            if until is not None:
                timeout = min(timeout, max(0.0, until - time.monotonic()))
        return timeout

    def drop(self, claims: Iterable[Claim]) -> None:
        """Drop claims whose outcomes are committed, or that were taken away."""
        for claim in claims:
            self._held.pop(claim.key, None)

    def drop_all(self) -> None:
        """Drop all claims."""
        self._held.clear()

    def receive(self, batch: ClaimBatch, limit: int) -> None:
        """Hand over what was claimed.

        Args:
            batch: What was claimed.
            limit: How many were asked for.
        """
        self.may_claim = len(batch.claims) >= limit
        self._next_due_at = None
        if batch.next_due is not None:
            self._next_due_at = time.monotonic() + batch.next_due / 1000
        self._isolation.observe(batch, len(self._held))
        self._unknown = 0
        self._hand_out(batch.claims)
        self._backoff.observe(len(batch.claims), self._unknown, limit)

    def receive_sent(self, claims: Sequence[Claim], *, admits: bool) -> None:
        """Hand over messages that were claimed for this worker when they were enqueued.

        Args:
            claims: These messages.
            admits: Whether the process begins messages still; else they are requeued.
        """
        if not claims:
            return
        held = len(self._held)
        if admits and not self._backoff.is_active and self._isolation.admitted(held) is not None:
            self._hand_out(claims)
        else:
            self._engine.requeue(self._worker, [claim.key for claim in claims])

    def _hand_out(self, claims: Sequence[Claim]) -> None:
        """Pass claimed messages on to the threads that run tasks."""
        has_free_threads = len(self._held) < self.prefetch.threads
        for delivery in self._admitted(list(self._opened(claims))):
            try:
                if not self._hand_over(delivery):
                    # What the store still counts as ours is requeued, see `in_doubt`.
                    del self._held[delivery.claim.key]
                    self.in_doubt = True
            except Exception as error:
                self._refuse(delivery.claim, error)
        if claims and has_free_threads:
            # A free thread takes it at once; messages that only wait must not count as started. The
            # time that it takes to open large ones is no time that they have waited.
            self._last_start = time.monotonic()

    def requeue_waiting(self) -> None:
        """Requeue messages that no thread has begun: they were reclaimed, and run elsewhere."""
        self.requeue([delivery.claim for delivery in self._withdraw()])

    def requeue_stale(self) -> None:
        """Requeue messages that wait while all threads are busy: others may have free ones."""
        if time.monotonic() - self._last_start < STALE or not self._held:
            return
        stale = [delivery.claim for delivery in self._withdraw()]
        if stale:
            self.requeue(stale)
            self.prefetch.observe(STALE)

    def reconcile(self) -> None:
        """Have the store requeue the claims of this worker that never arrived."""
        requeued = self._engine.reconcile(self._worker, list(self._held))
        if self.in_doubt:
            self.in_doubt, self.may_claim = False, True
        for key in requeued:
            logger.warning("claim of %s was never received: requeued", key)

    def _wanted(self, held: int) -> int:
        return self.prefetch.wanted(held, time.monotonic() - self._last_start)

    def _opened(self, claims: Iterable[Claim]) -> Iterator[Delivery]:
        for claim in claims:
            self._held[claim.key] = claim
            try:
                check_size(claim, self._engine.rules.largest_message)
                yield Delivery(claim)
            except Exception as error:
                self._refuse(claim, error)

    def _admitted(self, deliveries: list[Delivery]) -> Iterable[Delivery]:
        """Return those that may begin; tasks with a rate limit may have to wait for permits."""
        requests = self._permit_requests(deliveries)
        if not requests:
            return deliveries
        try:
            permits = self._engine.rate_limiter.acquire_permits(self._worker, requests)
        except OperationalError as error:
            # It is unknown which were granted: what the store still counts as ours is requeued, see
            # `in_doubt`.
            logger.warning("%s; permits of rate-limited tasks are requested again", error)
            waiting, next_permit = {request.key for request in requests}, None
            self.in_doubt = True
        else:
            granted, next_permit = permits
            pairs = zip(requests, granted, strict=True)
            waiting = {request.key for request, is_granted in pairs if not is_granted}
        for key in waiting:
            del self._held[key]
        if next_permit is not None:
            at = time.monotonic() + next_permit / 1000
            self._next_due_at = at if self._next_due_at is None else min(at, self._next_due_at)
        return [delivery for delivery in deliveries if delivery.claim.key not in waiting]

    def _permit_requests(self, deliveries: Iterable[Delivery]) -> list[PermitRequest]:
        """Return the requests of rate-limited tasks; a revoked one is not run and needs none."""
        if not self._rates:
            return []
        requests = []
        for delivery in deliveries:
            claim, rate = delivery.claim, self._rates.get(delivery.actor_name)
            if rate is not None and not claim.revoked:
                requests.append(PermitRequest(claim.key, claim.token, delivery.actor_name, rate))
        return requests
