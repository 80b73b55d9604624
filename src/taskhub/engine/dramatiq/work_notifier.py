"""The work notifier of an exchange loop: waiting until there is something to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.notifier import Notifier


class WorkNotifier:
    """The engine's notifier for the queues served at present.

    It is opened by the first wait, and again after an error or when the queues have changed.

    Args:
        engine: Where messages come from.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._notifier: Notifier | None = None
        self._outdated = False
        self._waiting = False

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
            Whether a notification of messages came; None: there was work already.

        Raises:
            OperationalError: The store is out of reach.
        """
        notifier = self._opened(queues)
        self._waiting = True
        try:
            return None if has_work() else notifier.wait(timeout, listen=listen)
        finally:
            self._waiting = False

    def close(self) -> None:
        """Close the notifier; the next wait opens another."""
        notifier, self._notifier = self._notifier, None
        if notifier is not None:
            notifier.close()

    def _opened(self, queues: Sequence[str]) -> Notifier:
        if self._outdated:
            self._outdated = False
            self.close()
        if self._notifier is None:
            self._notifier = self._engine.notifier(queues)
        return self._notifier
