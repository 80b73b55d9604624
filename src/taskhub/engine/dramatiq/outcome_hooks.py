"""Outcome hooks: what telemetry adds to an outcome, or learns from it, before it is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.outcome import Outcome


@dataclass
class OutcomeHooks:
    """The hooks of an exchange loop; None: off.

    Each gets the message, its outcome, and how long its code ran (seconds), in the thread that
    completes it.
    """

    #: Returns the outcome with what is kept of its task.
    add_kept: Callable[[Delivery, Outcome, float], Outcome] | None = None
    #: Returns the events that the outcome takes with it.
    make_events: Callable[[Delivery, Outcome, float], tuple[str, ...]] | None = None
    #: Called with the outcome.
    observe: Callable[[Delivery, Outcome, float], None] | None = None

    def apply(self, delivery: Delivery, outcome: Outcome, run: float) -> Outcome:
        """Return the outcome that is committed.

        Args:
            delivery: The message.
            outcome: Its outcome.
            run: How long its code ran, seconds; 0: it did not.
        """
        if self.add_kept is not None:
            outcome = self.add_kept(delivery, outcome, run)
        if self.make_events is not None:
            outcome = outcome._replace(events=self.make_events(delivery, outcome, run))
        if self.observe is not None:
            self.observe(delivery, outcome, run)
        return outcome
