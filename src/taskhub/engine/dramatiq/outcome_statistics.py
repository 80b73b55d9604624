"""How the completion of a delivery is counted."""

from __future__ import annotations

from time import perf_counter

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.internals import exception_of
from taskhub.outcome import Outcome
from taskhub.statistics.tally import ENDS, tally, with_error

#: Outcomes of an execution that began.
_BEGAN = frozenset(("done", "failed", "retried", "ignored"))


def tally_of(delivery: Delivery, outcome: Outcome, run: float) -> str:
    """Return how the completion of a delivery is counted, now that it has ended.

    Args:
        run: how long its code ran, seconds; 0: it did not.
    """
    end = ENDS.get(outcome.state)
    if end is None:
        # A handler has given it a state of its own.
        end = "done" if exception_of(delivery) is None else "failed"
    if end not in _BEGAN or run <= 0:
        text = tally(delivery.actor_name, delivery.queue_name, end)
    else:
        text = tally(delivery.actor_name, delivery.queue_name, end, run, wait_of(delivery, run))
    if outcome.error is not None and end == "failed":
        return with_error(text, outcome.task_id, outcome.error)
    return text


def wait_of(delivery: Delivery, run: float) -> float | None:
    """Return how long a message was ready before its task began, seconds; None: unknown.

    Args:
        delivery: A delivery that has ended just now.
        run: How long its code ran, seconds.
    """
    wait = delivery.claim.waited
    if wait is None:
        return None
    # Here it waited for a thread.
    return wait + max(0.0, perf_counter() - delivery.received - run)
