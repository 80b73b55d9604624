"""The exchange loop: the thread in which fetcher and completer share round trips to the store.

It sends all outcomes that are ready, and its next claim, in one `Engine.exchange`; while there is
nothing to do it waits for a notification. It alone claims, so what this process holds is always
known exactly.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum

from taskhub.engine.backoff import pause_after
from taskhub.engine.dramatiq.completer import Completer
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.fetcher import Fetcher
from taskhub.engine.dramatiq.outcome_hooks import OutcomeHooks
from taskhub.engine.dramatiq.outcome_statistics import tally_of
from taskhub.engine.dramatiq.prefetch import Prefetch
from taskhub.engine.dramatiq.suspect_isolation import SuspectEvent, SuspectIsolation
from taskhub.engine.dramatiq.work_notifier import WorkNotifier
from taskhub.engine.port.claims import Claim, Completion
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.notifier import Receiver
from taskhub.engine.port.rate_limiter import Rate
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.humanize import counted
from taskhub.outcome import Outcome

logger = logging.getLogger(__name__)

#: Even without a notification, look for messages this often, seconds: it may have gone to a worker
#: that then died.
IDLE_WAIT = 2.0
#: Events that wait to be published.
EVENTS_HELD = 10_000
#: Compare claims with what is held at least this often, seconds.
RECONCILE_PERIOD = 60.0
#: A loop that is to end, and fails this often in a row, ends without the store.
FAILURES_AT_END = 3


class State(Enum):
    """What an exchange loop does."""

    CLAIMING = "claims messages and commits outcomes"
    DRAINING = "claims nothing more, and commits outcomes"
    FINISHING = "ends as soon as all outcomes are committed"


class Step(Enum):
    """What one step of an exchange loop has shown."""

    WORKED = "the store has done something, or has waited for it"
    NOTHING = "nothing was to be done"
    LAST = "everything is done: the loop ends"


class ExchangeLoop(threading.Thread):
    """Claims for one worker process and commits its outcomes.

    Args:
        engine: Where messages come from.
        worker: The name under which this process holds claims.
        threads: How many tasks the process runs at once.
        hand_over: Passes a claimed message on to the threads that run tasks; returns whether there
            is a way to them.
        withdraw: Takes back the messages that wait for a thread of this process.
        reject: Makes the outcome of a message that cannot be opened.
        rates: The rate limits by the names of tasks; may change meanwhile.
        notify_supervisor: Called with what happens to suspects.
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
        rates: Mapping[str, Rate] | None = None,
        notify_supervisor: Callable[[SuspectEvent], None] = lambda event: None,
    ) -> None:
        super().__init__(name="taskhub-exchange_loop", daemon=True)
        self.worker = worker
        self.state = State.CLAIMING
        #: Set when the worker is about to end: its consumers wait no longer.
        self.closing = threading.Event()
        #: When the last step began, and when the store last answered (`time.monotonic`).
        self.stepped_at = self.answered_at = time.monotonic()
        #: How often in a row the store could not be reached, or something else failed.
        self.failures = 0
        #: What telemetry adds to outcomes before they are committed.
        self.outcome_hooks = OutcomeHooks()
        #: Returns the keys of messages that are lost with this worker; all else that it holds at
        #: its end is requeued.
        self.find_lost: Callable[[], Collection[str]] = tuple
        self._engine = engine
        self._reject = reject
        self._completer = Completer(reject)
        self._fetcher = Fetcher(
            engine,
            worker,
            threads,
            hand_over=hand_over,
            withdraw=withdraw,
            refuse=self._refuse,
            rates={} if rates is None else rates,
            isolation=SuspectIsolation(engine.rules.max_deliveries, notify_supervisor),
        )
        self._notifier = WorkNotifier(engine, Receiver(worker, threads))
        # While the store is out of reach, the latest are kept.
        self._events: deque[str] = deque(maxlen=EVENTS_HELD)
        self._reconciled_at = time.monotonic()

    # -- called by other threads

    @property
    def prefetch(self) -> Prefetch:
        """How many messages the process holds."""
        return self._fetcher.prefetch

    @property
    def completed(self) -> int:
        """How many messages have been completed here."""
        return self._completer.completed

    @property
    def claims(self) -> list[Claim]:
        """The messages that this process holds, those that run included."""
        return self._fetcher.claims

    @property
    def held_count(self) -> int:
        """How many messages this process holds."""
        return self._fetcher.held_count

    @property
    def pending_claims(self) -> list[Claim]:
        """Those of the claims whose outcome is known and waits to be committed."""
        return self._completer.claims

    def holds(self, claim: Claim) -> bool:
        """Whether this process holds a claim: its outcome is unknown, or not committed yet."""
        return self._fetcher.holds(claim)

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that are served."""
        return self._fetcher.queues

    def add_queue(self, queue: str) -> None:
        """Serve a queue, too, from now on."""
        if self._fetcher.add_queue(queue):
            self._notifier.reopen()

    def remove_queue(self, queue: str) -> bool:
        """Serve a queue no longer; what is held of it is processed.

        Returns:
            Whether it was served.
        """
        if not self._fetcher.remove_queue(queue):
            return False
        self._notifier.reopen()
        return True

    def note_start(self) -> None:
        """Note that a thread has begun to run a message."""
        self._fetcher.note_start()

    def complete(self, delivery: Delivery, outcome: Outcome, runtime: float | None) -> None:
        """Commit the outcome of a message soon. Returns at once.

        Args:
            delivery: The message.
            outcome: Its outcome.
            runtime: How long its code ran, seconds; 0: it did not. None: nor was it begun, and how
                far ahead this process claims does not change.
        """
        ran = runtime or 0.0
        tally = tally_of(delivery, outcome, ran)
        outcome = self.outcome_hooks.apply(delivery, outcome, ran)
        self._completer.add(Completion(delivery.claim, outcome, tally), runtime)
        self._notifier.interrupt_wait()

    def requeue_unknown(self, delivery: Delivery, outcome: Outcome) -> None:
        """Requeue a message, by its outcome, whose task this process does not know.

        Args:
            delivery: The message, just claimed.
            outcome: What stores it anew.
        """
        self._fetcher.note_unknown()
        self.complete(delivery, outcome, None)

    def publish_event(self, event: str) -> None:
        """Publish an event soon, and before the outcomes that come later. Returns at once."""
        self._events.append(event)
        self._notifier.interrupt_wait()

    def requeue(self, claims: Sequence[Claim]) -> None:
        """Return messages that were not begun.

        Raises:
            OperationalError: The store is out of reach; it is done at the end of this process.
        """
        self._fetcher.requeue(claims)

    def stop_claiming(self) -> None:
        """Claim nothing more; outcomes are still committed."""
        if self.state is State.CLAIMING:
            self.state = State.DRAINING
        self._notifier.interrupt()

    def finish(self, timeout: float) -> None:
        """Commit the outcomes, requeue everything else, and end the thread.

        Args:
            timeout: How long to wait for that, seconds.
        """
        self.state = State.FINISHING
        self._notifier.interrupt()
        if self.is_alive():
            self.join(timeout)

    # -- the thread

    def run(self) -> None:
        while not self._ends():
            pass
        self._notifier.close()

    def _ends(self) -> bool:
        """Take a step; returns whether it was the last one."""
        self.stepped_at = time.monotonic()
        try:
            step = self._step()
        except OperationalError as error:
            self.failures += 1
            if self._gives_up:
                logger.error("%s; what is held is reclaimed when the lease expires", error)
                return True
            self._pause(error)
        except Exception:
            # A bug must not end the thread: the process would look alive and do nothing.
            self.failures += 1
            self._fetcher.in_doubt = True
            logger.exception("the exchange loop failed; it goes on")
            time.sleep(pause_after(self.failures))
            return self._gives_up
        else:
            if self.failures and step is Step.WORKED:
                logger.warning("the store answers again")
                self.failures = 0
            return step is Step.LAST
        return False

    @property
    def _gives_up(self) -> bool:
        return self.state is State.FINISHING and self.failures > FAILURES_AT_END

    def _pause(self, error: OperationalError) -> None:
        pause = pause_after(self.failures)
        logger.warning("%s; trying again in %.1f s", error, pause)
        self._notifier.close()
        # The reply to a claim may have been lost on the way: what it claimed must be requeued.
        self._fetcher.in_doubt = True
        time.sleep(pause)

    def _step(self) -> Step:
        if self._fetcher.in_doubt or self._notifier.loses_messages:
            self._reconcile()
        admits = self.state is State.CLAIMING
        self._fetcher.receive_sent(self._notifier.receive(more=admits), admits=admits)
        batch = self._completer.next_batch(self.prefetch.observe)
        # Behind the batch is taken: what came before an outcome is published before it.
        self._publish_events()
        limit = self._limit(batch)
        if batch or limit is not None:
            return self._exchange(batch, limit)
        if self.state is State.FINISHING:
            return self._finish()
        if time.monotonic() - self._reconciled_at > RECONCILE_PERIOD:
            self._reconcile()
        self._fetcher.requeue_stale()
        return self._wait()

    def _publish_events(self) -> None:
        if self._events:
            events = [self._events.popleft() for _ in range(len(self._events))]
            try:
                self._engine.append_events(events)
            except OperationalError as error:
                logger.warning("%s; %s lost", error, counted(len(events), "event is", "events are"))

    def _limit(self, batch: list[Completion]) -> int | None:
        """Return how many messages to claim with this round trip; None: do not claim."""
        if self.state is not State.CLAIMING or self._completer.needs_all_attention:
            return None
        publishes = any(completion.outcome.publish for completion in batch)
        return self._fetcher.limit(len(batch), publishes=publishes)

    def _exchange(self, batch: list[Completion], limit: int | None) -> Step:
        """Commit a batch and claim, in one round trip."""
        suspects = self._fetcher.suspects(len(batch))
        try:
            exchange = self._engine.exchange(self.worker, batch, self.queues, limit, suspects)
        except StoreRefused as refusal:
            # What was claimed in the same trip has not arrived.
            self._fetcher.in_doubt = self._fetcher.in_doubt or limit is not None
            self._completer.refuse(batch, refusal)
            return Step.NOTHING
        except OperationalError as error:
            self._fetcher.in_doubt = True
            self._completer.repeat(batch, error)
            return Step.NOTHING
        except Exception as error:
            self._fetcher.in_doubt = True
            if not batch:
                raise
            self._completer.fail(batch, error)
            return Step.NOTHING
        self.answered_at = time.monotonic()
        settled = self._completer.settle(batch, exchange.committed)
        self._fetcher.drop(completion.claim for completion in batch)
        if settled.was_written_before:
            # A retry of it, under the same key, may be among the claims of the reply that was lost.
            self._fetcher.in_doubt = True
        if settled.lost_claims:
            self._fetcher.requeue_waiting()
            self._notifier.drop_received()
        if exchange.refused is not None:
            raise exchange.refused
        claimed = exchange.batch
        if claimed is not None and limit is not None:
            self._fetcher.receive(claimed, limit)
        return Step.WORKED if batch or (claimed and claimed.claims) else Step.NOTHING

    def _refuse(self, claim: Claim, error: Exception) -> None:
        logger.error("message %s cannot be opened: %s", claim.task_id, error)
        self._completer.add(Completion(claim, self._reject(claim, error)))

    @property
    def _can_claim(self) -> bool:
        """Whether this process has room for a message."""
        return self.state is State.CLAIMING and self._fetcher.has_room

    def _wait(self) -> Step:
        """Wait for a notification of messages, or for outcomes and events of this process."""
        listen = self._can_claim
        timeout = self._fetcher.longest_wait(IDLE_WAIT, listens=listen)
        notified = self._notifier.wait(
            self.queues,
            timeout,
            listen=listen,
            has_work=lambda: bool(self._completer or self._events or self.state is State.FINISHING),
        )
        if notified is None:
            return Step.NOTHING
        if listen:
            self.answered_at = time.monotonic()
        if notified:
            self._fetcher.may_claim = True
            if not self._can_claim:
                # It is of an earlier wait, and all threads are busy by now.
                self._pass_notification_on()
        return Step.WORKED if listen else Step.NOTHING

    def _finish(self) -> Step:
        """Requeue what is held, but for what is lost with this worker."""
        lost = list(self.find_lost())
        if self._completer:
            return Step.NOTHING
        # Those that are lost are reclaimed with the lease.
        self._engine.reconcile(self.worker, lost)
        self._fetcher.drop_all()
        # The last wait may have taken a notification that led to no claim.
        self._notifier.close()
        if self.queues:
            self._pass_notification_on()
        return Step.LAST

    def _pass_notification_on(self) -> None:
        """Have another worker notified, if there are messages."""
        self._engine.exchange(self.worker, (), self.queues, 0)

    def _reconcile(self) -> None:
        self._fetcher.reconcile()
        self._notifier.drop_received()
        self._reconciled_at = self.answered_at = time.monotonic()
