"""The courier: one thread per worker process that carries messages in and endings out.

It sends all endings that are ready, and its next claim, in one round trip; while there is nothing to do it blocks on
the bells of its queues. It alone claims, so what this process holds is always known exactly.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from taskhub.engine.counting import tally_of
from taskhub.engine.delivery import Delivery, check_size
from taskhub.engine.port import Bell, Claim, ClaimBatch, Ending, Engine
from taskhub.engine.prefetch import Prefetch
from taskhub.engine.turns import TurnTaker
from taskhub.exceptions import OperationalError
from taskhub.outcome import Outcome

logger = logging.getLogger(__name__)

#: Even without a bell, look for work this often, seconds: a bell may have been taken by a worker that then died.
IDLE_WAIT = 2.0
#: Messages that wait in this process for longer than this, while no thread takes one, go back to the queue; seconds.
STALE = 0.1
#: Endings per round trip.
ENDINGS_AT_ONCE = 200
#: Events that wait to be told.
EVENTS_HELD = 10_000
#: Compare claims with what is held at least this often, seconds.
RECONCILE_EVERY = 60.0
#: Bounds of the pause between tries to reach the store, seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

#: Given a delivery, its outcome, and how long its code ran (seconds), returns the events of its ending.
Describe = Callable[[Delivery, Outcome, float], tuple[str, ...]]


class Courier(threading.Thread):
    """Claims for one worker process and commits its endings.

    Parameters:
      engine: where messages come from.
      worker: the name under which this process holds claims.
      threads: how many tasks the process runs at once.
      hand_over: passes a claimed message on to the threads that run tasks; returns whether there is a way to them.
      withdraw: takes back the messages that wait for a thread of this process.
      reject: makes the outcome of a message that cannot be opened.
      turns: asks for those of rate-limited tasks.
    """

    def __init__(
        self,
        engine: Engine,
        worker: str,
        threads: int,
        *,
        hand_over: Callable[[Delivery], bool],
        withdraw: Callable[[], Iterable[Delivery]],
        reject: Callable[[Claim, Exception], Outcome],
        turns: TurnTaker | None = None,
    ) -> None:
        super().__init__(name="taskhub-courier", daemon=True)
        self.worker = worker
        self.prefetch = Prefetch(threads)
        #: Set when the worker is about to end: its consumers wait no longer.
        self.closing = threading.Event()
        #: How many messages have ended here.
        self.ended = 0
        #: When the thread last went round, and when the store last answered (`time.monotonic`).
        self.stepped_at = self.answered_at = time.monotonic()
        #: How often in a row the store could not be reached, or something else failed.
        self.failures = 0
        #: Returns the events that an ending takes with it; None: nobody wants any.
        self.describe: Describe | None = None
        self._turns = turns or TurnTaker({})
        self._engine = engine
        self._hand_over = hand_over
        self._withdraw = withdraw
        self._reject = reject
        self._held: dict[str, Claim] = {}
        # With the run time in seconds; None: nothing was run.
        self._ended: deque[tuple[Ending, float | None]] = deque()
        self._repeated: set[str] = set()
        # While the store is out of reach, the latest are kept.
        self._events: deque[str] = deque(maxlen=EVENTS_HELD)
        # Whether the store may hold claims for us that never arrived: the reply was lost.
        self._in_doubt = False
        # Whether an ending is suspected that cannot be written: they are sent one by one until it is found.
        self._one_by_one = False
        self._queues: tuple[str, ...] = ()
        self._queues_lock = threading.Lock()
        self._bell: Bell | None = None
        self._bell_outdated = False
        self._waiting = False
        self._last_start = time.monotonic()
        # Whether there may be messages to claim: a bell rang, or the last claim took its fill.
        self._look = True
        self._next_due_at: float | None = None
        self._reconciled_at = time.monotonic()
        self._claiming = True
        self._finishing = threading.Event()

    # -- called by other threads

    def serve(self, queue: str) -> None:
        """Serve this queue, too, from now on."""
        with self._queues_lock:
            if queue in self._queues:
                return
            self._queues = (*self._queues, queue)
        self._bell_outdated = self._look = True
        self.wake()

    def leave(self, queue: str) -> bool:
        """Serve this queue no longer; what is held of it is worked off. Returns whether it was served."""
        with self._queues_lock:
            if queue not in self._queues:
                return False
            self._queues = tuple(other for other in self._queues if other != queue)
        self._bell_outdated = True
        self.wake()
        return True

    @property
    def claims(self) -> list[Claim]:
        """The messages that this process holds, those that run included."""
        return list(self._held.values())

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that are served."""
        return self._queues

    def started(self) -> None:
        """A thread has begun to run a message."""
        self._last_start = time.monotonic()

    def end(self, delivery: Delivery, outcome: Outcome, runtime: float) -> None:
        """A task has ended: commit its outcome soon. Returns at once.

        Parameters:
          runtime: how long its code ran, seconds; 0: it did not.
        """
        tally = tally_of(delivery, outcome, runtime)
        if self.describe is not None:
            outcome = outcome._replace(events=self.describe(delivery, outcome, runtime))
        self._ended.append((Ending(delivery.claim, outcome, tally), runtime))
        if self._waiting:
            # The first to see it wakes; the others need not.
            self._waiting = False
            self.wake()

    def tell(self, event: str) -> None:
        """Append an event to the stream soon, and before the endings that come later. Returns at once."""
        self._events.append(event)
        if self._waiting:
            self._waiting = False
            self.wake()

    def give_back(self, claims: Sequence[Claim]) -> None:
        """Return messages that were not begun."""
        keys = [claim.key for claim in claims if self._held.pop(claim.key, None) is not None]
        if keys:
            self._engine.give_back(self.worker, keys)

    def wake(self) -> None:
        """Make the courier look around."""
        bell = self._bell
        if bell is not None:
            bell.wake()

    def stop_claiming(self) -> None:
        """Claim nothing more; endings are still committed."""
        self._claiming = False
        self.wake()

    def finish(self, timeout: float) -> None:
        """Commit what has ended, give everything else back, and end the thread."""
        self._claiming = False
        self._finishing.set()
        self.wake()
        if self.is_alive():
            self.join(timeout)

    @property
    def ending(self) -> list[Claim]:
        """Those of them whose ending is known and waits to be written."""
        return [ending.claim for ending, _ in list(self._ended)]

    def holds(self, claim: Claim) -> bool:
        """Whether a claim is in the hands of this process; its ending, if there is one, may not be written yet."""
        held = self._held.get(claim.key)
        return held is not None and held.token == claim.token

    @property
    def holding(self) -> int:
        """How many messages this process holds."""
        return len(self._held)

    # -- the thread

    def run(self) -> None:
        while True:
            self.stepped_at = time.monotonic()
            try:
                if not self._step():
                    break
                if self.failures:
                    logger.warning("the store answers again")
                self.failures = 0
            except OperationalError as error:
                self.failures += 1
                if self._finishing.is_set() and self.failures > 3:
                    logger.error("%s; what is held comes back when the lease runs out", error)
                    break
                self._pause(error, self.failures)
            except Exception:
                # A bug must not end the thread: the process would look alive and do nothing.
                self.failures += 1
                self._in_doubt = True
                logger.exception("the courier failed; it goes on")
                self._finishing.wait(_pause_after(self.failures))
                if self._finishing.is_set() and self.failures > 3:
                    break
        self._close_bell()

    def _step(self) -> bool:
        if self._in_doubt:
            self._reconcile()
        endings = self._take_endings()
        # Behind those, so that what came before an ending is told before it.
        self._send_events()
        limit = None if endings and self._one_by_one else self._limit(endings)
        if endings or limit is not None:
            self._exchange(endings, limit)
            return True
        if self._finishing.is_set():
            self._engine.reconcile(self.worker, ())
            self._held.clear()
            self._pass_bell_on()
            return False
        if time.monotonic() - self._reconciled_at > RECONCILE_EVERY:
            self._reconcile()
        self._return_stale()
        self._wait()
        return True

    def _send_events(self) -> None:
        if self._events:
            events = [self._events.popleft() for _ in range(len(self._events))]
            try:
                self._engine.tell(events)
            except OperationalError as error:
                logger.warning("%s; %d events are lost", error, len(events))

    def _take_endings(self) -> list[Ending]:
        endings: list[Ending] = []
        most = 1 if self._one_by_one else ENDINGS_AT_ONCE
        while self._ended and len(endings) < most:
            ending, runtime = self._ended.popleft()
            if runtime is not None:
                self.prefetch.observe(runtime)
            endings.append(ending)
        return endings

    def _limit(self, endings: list[Ending]) -> int | None:
        """How many messages to claim with this round trip; None: do not claim."""
        if not self._claiming or not self._queues:
            return None
        due = self._next_due_at is not None and self._next_due_at <= time.monotonic()
        # What an ending publishes is often for us: the claim that follows it in the same trip takes it at once.
        if not (self._look or due or any(ending.outcome.publish for ending in endings)):
            return None
        return self._wanted(len(self._held) - len(endings)) or None

    def _exchange(self, endings: list[Ending], limit: int | None) -> None:
        try:
            exchange = self._engine.exchange(self.worker, endings, self._queues, limit)
        except OperationalError:
            self._in_doubt = True
            self._repeat(endings)
            raise
        except Exception as error:
            if self._one_by_one and endings:
                endings = [Ending(claim, self._reject(claim, error)) for claim, _, _ in endings]
            self._one_by_one = True
            self._repeat(endings)
            raise
        self._one_by_one = False
        self.answered_at = time.monotonic()
        self.ended += len(endings)
        taken_away = False
        for ending, written in zip(endings, exchange.committed, strict=True):
            key = ending.claim.key
            self._held.pop(key, None)
            if not written and key in self._repeated:
                # It had been written before. A retry of it, under the same key, may be among the claims of the reply
                # that was lost.
                self._in_doubt = True
            elif not written:
                taken_away = True
                logger.warning(
                    "task %s ended as %s, but its claim had been taken away: dropped",
                    ending.outcome.task_id,
                    ending.outcome.state,
                )
            self._repeated.discard(key)
        if taken_away:
            # This process was taken for dead: what still waits here runs elsewhere.
            self.give_back([delivery.claim for delivery in self._withdraw()])
        if exchange.batch is not None and limit is not None:
            self._receive(exchange.batch, limit)

    def _repeat(self, endings: Sequence[Ending]) -> None:
        """Send endings again: whether they were written is unknown, and the fence makes it safe."""
        self._repeated.update(ending.claim.key for ending in endings)
        self._ended.extendleft((ending, None) for ending in reversed(endings))

    def _receive(self, batch: ClaimBatch, limit: int) -> None:
        self._look = len(batch.claims) >= limit
        self._next_due_at = None
        if batch.next_due is not None:
            self._next_due_at = time.monotonic() + batch.next_due / 1000
        has_free_threads = len(self._held) < self.prefetch.threads
        for delivery in self._admitted(list(self._opened(batch.claims))):
            try:
                if not self._hand_over(delivery):
                    # What the store still counts as ours is given back, see `_in_doubt`.
                    del self._held[delivery.claim.key]
                    self._in_doubt = True
            except Exception as error:
                self._refuse(delivery.claim, error)
        if batch.claims and has_free_threads:
            # A free thread takes it at once; messages that only wait must not make the hand look lively. To open large
            # ones takes long, which is no time that they have waited.
            self._last_start = time.monotonic()

    def _opened(self, claims: Iterable[Claim]) -> Iterator[Delivery]:
        for claim in claims:
            self._held[claim.key] = claim
            try:
                check_size(claim, self._engine.rules.largest_message)
                yield Delivery(claim)
            except Exception as error:
                self._refuse(claim, error)

    def _refuse(self, claim: Claim, error: Exception) -> None:
        logger.error("message %s cannot be opened: %s", claim.task_id, error)
        self._ended.append((Ending(claim, self._reject(claim, error)), None))

    def _admitted(self, deliveries: list[Delivery]) -> Iterable[Delivery]:
        """Return those that may begin; tasks with a rate limit may have to wait for their turns."""
        turns = self._turns.limited(deliveries)
        if not turns:
            return deliveries
        throttle = self._engine.throttle
        try:
            waiting, next_turn = self._turns.ask(throttle, self.worker, turns)
        except OperationalError as error:
            # Unknown what they were told: what the store still counts as ours is given back, see `_in_doubt`.
            logger.warning("%s; rate-limited tasks are asked for again", error)
            waiting, next_turn = {turn.key for turn in turns}, None
            self._in_doubt = True
        for key in waiting:
            del self._held[key]
        if next_turn is not None:
            at = time.monotonic() + next_turn / 1000
            self._next_due_at = at if self._next_due_at is None else min(at, self._next_due_at)
        return [delivery for delivery in deliveries if delivery.claim.key not in waiting]

    @property
    def _can_take(self) -> bool:
        """Whether this process has room for a message."""
        served = self._claiming and bool(self._queues)
        return served and self._wanted(len(self._held)) > 0

    def _wanted(self, held: int) -> int:
        return self.prefetch.wanted(held, time.monotonic() - self._last_start)

    def _wait(self) -> None:
        bell = self._open_bell()
        listen = self._can_take
        timeout = IDLE_WAIT
        if listen and self._next_due_at is not None:
            timeout = min(timeout, max(0.0, self._next_due_at - time.monotonic()))
        if len(self._held) > self.prefetch.threads:
            timeout = min(timeout, STALE)
        self._waiting = True
        try:
            if self._ended or self._events or self._finishing.is_set():
                return
            rang = bell.wait(timeout, listen=listen)
            if listen:
                self.answered_at = time.monotonic()
        finally:
            self._waiting = False
        if rang:
            self._look = True
            if not self._can_take:
                # It rang for an earlier wait, and all threads are taken by now: wake another worker instead.
                self._engine.exchange(self.worker, (), self._queues, 0)

    def _return_stale(self) -> None:
        """Give back messages that wait while every thread is held up: others may be free."""
        if time.monotonic() - self._last_start < STALE or not self._held:
            return
        stale = [delivery.claim for delivery in self._withdraw()]
        if stale:
            self.give_back(stale)
            self.prefetch.observe(STALE)

    def _reconcile(self) -> None:
        given_back = self._engine.reconcile(self.worker, list(self._held))
        self._reconciled_at = self.answered_at = time.monotonic()
        if self._in_doubt:
            self._in_doubt, self._look = False, True
        for key in given_back:
            logger.warning("claim of %s was never received: given back", key)

    def _pause(self, error: OperationalError, failures: int) -> None:
        pause = _pause_after(failures) * random.uniform(0.5, 1.0)
        logger.warning("%s; trying again in %.1f s", error, pause)
        self._close_bell()
        # The reply to a claim may have been lost on the way: what it claimed must not stay with us.
        self._in_doubt = True
        time.sleep(pause)

    def _open_bell(self) -> Bell:
        if self._bell_outdated:
            self._bell_outdated = False
            self._close_bell()
        if self._bell is None:
            self._bell = self._engine.bell(self._queues)
        return self._bell

    def _pass_bell_on(self) -> None:
        """Wake another worker if there is work: our last wait may have taken a ring that nobody looked at."""
        self._close_bell()
        if self._queues:
            self._engine.exchange(self.worker, (), self._queues, 0)

    def _close_bell(self) -> None:
        bell, self._bell = self._bell, None
        if bell is not None:
            bell.close()


def _pause_after(failures: int) -> float:
    """Return how long to pause after so many failures in a row, seconds."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
