"""The work notifier of an exchange loop: waiting until there is something to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from taskhub.engine.port.claims import Claim
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.notifier import Notifier, Receiver


class WorkNotifier:
    """The engine's notifier for the queues served at present.

    It is opened by the first wait, and again after an error or when the queues have changed.

    Args:
        engine: Where messages come from.
        receiver: The worker that can be sent messages.
    """

    def __init__(self, engine: Engine, receiver: Receiver | None = None) -> None:
        self._engine = engine
        self._receiver = receiver
        self._notifier: Notifier | None = None
        self._outdated = False
        self._waiting = False
        # Whether the engine sends nothing more: it was stopped.
        self._has_stopped = False

    # -- called by other threads

    def reopen(self) -> None:
        """End a wait, or the next one, and then wait for the queues that are served by then."""
        self._outdated = True
        self.interrupt()

    def interrupt(self) -> None:
        """End a wait, or the next one."""
        notifier = self._notifier
        if notifier is not None:
            notifier.interrupt()

    def interrupt_wait(self) -> None:
        """End a wait that has begun; called for each outcome, so it costs little without one."""
        if self._waiting:
            # The first to see it ends the wait; the others need not.
            self._waiting = False
            self.interrupt()

    # -- called by the thread that waits

    def wait(
        self,
        queues: Sequence[str],
        timeout: float,
        *,
        listen: bool,
        has_work: Callable[[], bool],
    ) -> bool | None:
        """Wait for a notification, or an interruption.

        Args:
            queues: The queues that are served.
            timeout: Seconds.
            listen: Whether to be notified of messages.
            has_work: Whether there is something to do without waiting. It is asked once those who
                bring work see that this thread waits, so that none is overlooked.

        Returns:
            Whether a notification of messages came; None: there is work already, or it would lose
            messages (`loses_messages`).

        Raises:
            OperationalError: The store is out of reach.
        """
        notifier = self._opened(queues)
        if notifier is None:
            return None
        self._waiting = True
        try:
            return None if has_work() else notifier.wait(timeout, listen=listen)
        finally:
            self._waiting = False

    @property
    def is_receiving(self) -> bool:
        """Whether this worker is sent messages."""
        return self._notifier is not None and self._notifier.is_receiving

    @property
    def loses_messages(self) -> bool:
        """Whether the next wait drops messages that were sent: for queues that have changed."""
        return self._outdated and self.is_receiving

    def receive(self, *, more: bool) -> Sequence[Claim]:
        """Return the messages that were sent to this worker; does not wait.

        Args:
            more: Whether others may be sent.

        Raises:
            OperationalError: Some may have been lost.
        """
        notifier = self._notifier
        if notifier is None or not notifier.is_receiving:
            return ()
        if not more and not self._has_stopped:
            notifier.stop_receiving()
            self._has_stopped = True
        return notifier.receive()

    def drop_received(self) -> None:
        """Drop what was sent and not received: it has been requeued."""
        if self._notifier is not None:
            self._notifier.drop_received()

    def close(self) -> None:
        """Close the notifier; the next wait opens another."""
        notifier, self._notifier = self._notifier, None
        if notifier is not None:
            notifier.close()

    def _opened(self, queues: Sequence[str]) -> Notifier | None:
        """Return the notifier of these queues; None: the one of others may hold messages."""
        if self._outdated:
            if self.is_receiving:
                return None
            self._outdated = False
            self.close()
        if self._notifier is None:
            self._notifier = self._engine.notifier(queues, self._receiver)
        return self._notifier
