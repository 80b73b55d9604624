"""The engine port: every verb with which the rest of taskhub stores, claims and ends messages.

`taskhub.engine.redis` implements it on Redis/Valkey, `taskhub.engine.memory` in this process; all
engines pass the same contract tests. Times are in milliseconds unless a name says otherwise.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskhub.engine.port.administration import Administration
from taskhub.engine.port.canvas_store import CanvasStore
from taskhub.engine.port.claims import Claim, ClaimBatch, Completion, Exchange, Suspects
from taskhub.engine.port.inspection import Inspection
from taskhub.engine.port.monitoring import Monitoring
from taskhub.engine.port.results import Results
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.exceptions import ImproperlyConfigured
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPage, ChordPlan

if TYPE_CHECKING:
    from taskhub.engine.port.audit_log import AuditLog
    from taskhub.engine.port.control_bus import ControlBus
    from taskhub.engine.port.history import History
    from taskhub.engine.port.locks import Locks
    from taskhub.engine.port.notifier import Notifier, Receiver, Topic
    from taskhub.engine.port.outbox_store import OutboxStore
    from taskhub.engine.port.rate_limiter import RateLimiter
    from taskhub.engine.port.schedule_store import ScheduleStore
    from taskhub.engine.port.transfer import StoreTransfer


class Engine(Administration, CanvasStore, Inspection, Monitoring, Results):
    """Stores messages, hands them out, and writes their completions.

    Every verb raises `taskhub.exceptions.OperationalError` when the store is out of reach, after a
    bounded time: whether it did what was asked is then unknown. When the store answers that it does
    not do it, the error is a `StoreRefused`, and nothing was written.
    """

    #: The limits and times that it keeps.
    rules: EngineRules
    #: Where it keeps messages and results.
    stores: EngineStores

    # -- producing

    @abstractmethod
    def enqueue(
        self,
        envelopes: Sequence[Envelope],
        *,
        chords: Sequence[ChordPlan] = (),
        chains: Sequence[ChainPlan] = (),
        page: ChordPage | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        """Store messages, each ready or delayed as its envelope says.

        The chords they belong to are opened and the links of their chains stored before. A try
        whose reply was lost is repeated in a way that stores nothing twice.

        Args:
            envelopes: The messages.
            chords: Chords to open.
            chains: Links of chains to store.
            page: The open chord of which the messages are members; when that has ended, all is
                refused.
            retry: How often to try again; None: not at all.
        """

    # -- working

    @abstractmethod
    def exchange(
        self,
        worker: str,
        completions: Sequence[Completion],
        queues: Sequence[str],
        limit: int | None,
        suspects: Suspects = "all",
    ) -> Exchange:
        """Write completions and claim up to `limit` messages, in one round trip.

        Claims come by priority, then age, over all `queues`; what is due is made ready first. A
        paused queue gives nothing. What the completions publish is this worker's own first: others
        are notified of what it leaves.

        Args:
            worker: Who ends and claims.
            completions: Claims and their outcomes.
            queues: Where to claim from.
            limit: How many messages; 0 claims nothing but notifies another worker if there is work;
                None: no claim.
            suspects: "one": a suspect among those to be claimed is claimed alone; "none": what
                comes after suspects is claimed in place of them.
        """

    def commit(self, worker: str, completions: Sequence[Completion]) -> list[bool]:
        """Write completions; return for each whether its claim still stood."""
        return self.exchange(worker, completions, (), None).committed

    def claim(
        self, worker: str, queues: Sequence[str], limit: int, suspects: Suspects = "all"
    ) -> ClaimBatch:
        """Claim up to `limit` messages."""
        exchange = self.exchange(worker, (), queues, limit, suspects)
        if exchange.refused is not None:
            raise exchange.refused
        assert exchange.batch is not None
        return exchange.batch

    @abstractmethod
    def acknowledge(self, worker: str, claim: Claim) -> bool:
        """Acknowledge a claimed message early (`acks_late=False`): a crash does not run it again.

        If its worker is lost, or requeues it, its next claim is `given_up`. Returns False when the
        claim no longer stands.
        """

    @abstractmethod
    def mark_timed_out(self, worker: str, key: str, token: str) -> bool:
        """Mark a message over its hard time limit in a process that cannot end it any more.

        Its next claim is `given_up`: it is ended, not run. Returns False when the claim no longer
        stands.
        """

    @abstractmethod
    def requeue(self, worker: str, keys: Sequence[str]) -> list[str]:
        """Return claimed messages to their positions; it does not count as a delivery.

        Returns the keys of those that were held.
        """

    @abstractmethod
    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        """Requeue every claim of this worker but those it says it holds; return their keys."""

    @abstractmethod
    def notifier(self, topics: Sequence[Topic], receiver: Receiver | None = None) -> Notifier:
        """Return a notifier for these queues, or changes for schedulers.

        Args:
            topics: What it waits for.
            receiver: A worker that serves the queues and can be sent messages; an engine may do
                without that.
        """

    # -- liveness

    @abstractmethod
    def renew(self, workers: Sequence[str], lease: int) -> list[str]:
        """Renew (or begin) leases; return the workers whose lease has run out."""

    @abstractmethod
    def reclaim(self, worker: str, *, only_expired: bool = False) -> int | None:
        """Take the claims of a lost worker away and end its registration; return how many.

        The messages return to their positions, counted as deliveries without an outcome. Returns
        None when `only_expired` was asked for and the lease stands.
        """

    @abstractmethod
    def register_worker(self, worker: str, worker_info: str) -> bool:
        """Store the worker info of a worker until its registration ends; False: it has no lease."""

    # -- parts of the port

    @property
    @abstractmethod
    def control_bus(self) -> ControlBus:
        """Control messages to workers, and their replies."""

    @abstractmethod
    def schedule_store(self, name: str) -> ScheduleStore:
        """Return the periodic jobs of the app of this name, which others do not see."""

    def outbox_store(self, outbox: str) -> OutboxStore:
        """Return what is known of an outbox, a table in a caller's own database.

        Raises:
            ImproperlyConfigured: This engine takes nothing from outboxes.
        """
        raise ImproperlyConfigured(
            f"{self.stores.broker} takes no calls from an outbox: leave the setting outbox_url out"
        )

    @property
    def calls_table(self) -> tuple[str, str] | None:
        """Schema and name of a table in which callers can write calls in their own transactions.

        It has the columns of an outbox; None: the store has none.
        """
        return None

    @property
    def transfer(self) -> StoreTransfer:
        """What moves waiting messages and all they need to another store, or from one.

        Raises:
            ImproperlyConfigured: Nothing can be moved to or from this store.
        """
        raise ImproperlyConfigured(
            f"{self.stores.broker} belongs to one process: nothing can be moved to it or from it"
        )

    @property
    @abstractmethod
    def locks(self) -> Locks:
        """Locks held by tasks."""

    @property
    @abstractmethod
    def audit_log(self) -> AuditLog:
        """Who changed what, and when."""

    @property
    @abstractmethod
    def history(self) -> History:
        """What keeps tasks after they have ended, and the messages of failed ones."""

    @property
    @abstractmethod
    def rate_limiter(self) -> RateLimiter:
        """Rate limits of tasks."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection. The engine opens new ones if it is used again."""
