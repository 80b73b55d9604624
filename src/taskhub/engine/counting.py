"""How the ending of a delivery is counted."""

from __future__ import annotations

from time import perf_counter

from taskhub.engine.delivery import Delivery
from taskhub.outcome import Outcome
from taskhub.statistics.tally import ENDS, tally, with_error

#: What an execution that began can come to.
_BEGAN = frozenset(("done", "failed", "retried", "ignored"))


def tally_of(delivery: Delivery, outcome: Outcome, run: float) -> str:
    """Return how the ending of a delivery is counted, now that it has ended.

    Parameters:
      run: how long its code ran, seconds; 0: it did not.
    """
    end = ENDS.get(outcome.state)
    if end is None:
        # A handler has given it a state of its own.
        end = "done" if delivery._exception is None else "failed"
    if end not in _BEGAN or run <= 0:
        text = tally(delivery.actor_name, delivery.queue_name, end)
    else:
        wait = delivery.claim.waited
        if wait is not None:
            # Here it waited for a thread.
            wait += max(0.0, perf_counter() - delivery.received - run)
        text = tally(delivery.actor_name, delivery.queue_name, end, run, wait)
    if outcome.error is not None and end == "failed":
        return with_error(text, outcome.task_id, outcome.error)
    return text
