"""Writes what is kept of tasks that end here: history records, and messages of failed tasks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from time import time
from typing import Any

from dramatiq.middleware import Middleware

from taskhub import states
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.outcome_statistics import wait_of
from taskhub.history import STATES, HistoryRecord
from taskhub.outcome import HistoryPart, Outcome
from taskhub.serialization.excerpt import LONGEST, Excerpts, positional_names

logger = logging.getLogger(__name__)

#: Outcomes after which the message goes on, or another takes its place under the same id.
_NOT_ENDED = frozenset((states.RETRY, states.REJECTED, states.IGNORED))


class HistoryWriter(Middleware):
    """Adds to outcomes what is kept of their tasks, where the settings say so.

    Args:
        hidden: Returns the setting `task_redact`.
    """

    def __init__(self, hidden: Callable[[], Iterable[str]]) -> None:
        self._hidden = hidden
        self._excerpts = Excerpts(())
        self._names: dict[str, tuple[str, ...]] = {}
        self._broker: EngineBroker | None = None
        self._keeps_history = self._keeps_failed = False

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        assert isinstance(broker, EngineBroker)
        rules = broker.engine.rules
        self._broker = broker
        self._excerpts = Excerpts(self._hidden())
        self._keeps_history = rules.keeps_history
        self._keeps_failed = rules.failed_limit > 0
        if (self._keeps_history or self._keeps_failed) and broker.exchange_loop is not None:
            broker.exchange_loop.outcome_hooks.add_kept = self.add

    def add(self, delivery: Delivery, outcome: Outcome, run: float) -> Outcome:
        """Return an outcome with what is kept of its task.

        Args:
            delivery: The message that has ended.
            outcome: What becomes of it.
            run: How long its code ran, seconds; 0: it did not.
        """
        if outcome.state in _NOT_ENDED:
            return outcome
        if self._keeps_history:
            try:
                outcome = outcome._replace(history=self._part(delivery, outcome, run))
            except Exception:
                # Arguments are of users' making, and so is their text.
                logger.exception("task %s is left out of the history", outcome.task_id)
        if self._keeps_failed and outcome.error is not None and outcome.dead is None:
            # It may run again: what is stored for its message stays as long.
            failed = _reason(outcome.error)
            return outcome._replace(failed=failed, consumed_chord=None, consumed_chains=())
        return outcome

    def _part(self, delivery: Delivery, outcome: Outcome, run: float) -> HistoryPart:
        state = outcome.state
        if state not in STATES:
            # A handler has given it a state of its own.
            state = states.SUCCESS if outcome.error is None else states.FAILURE
        task = delivery.actor_name
        return HistoryPart(
            task.replace("\n", " ") if "\n" in task else task,
            state,
            self._record(delivery, outcome, run).encode(),
        )

    def _record(self, delivery: Delivery, outcome: Outcome, run: float) -> HistoryRecord:
        options, claim = delivery.options, delivery.claim
        error, _, message = (outcome.error or "").partition("\n")
        return HistoryRecord(
            queue=delivery.queue_name,
            priority=claim.priority,
            arguments=self._arguments(delivery),
            sent_at=_number(delivery.message_timestamp) or None,
            started_at=int((time() - run) * 1000) if run > 0 else None,
            waited=_rounded(wait_of(delivery, run)) if run > 0 else None,
            ran=_rounded(run) if run > 0 else None,
            retries=_number(options.get("retries")) or 0,
            max_retries=_number(options.get("max_retries")),
            deliveries=claim.delivery,
            worker=None if self._broker is None else self._broker.nodename,
            error=error or None,
            message=message or None,
            root_id=_text(options.get("root_id")),
            parent_id=_text(options.get("parent_id")),
            group_id=_text(options.get("group")),
        )

    def _arguments(self, delivery: Delivery) -> str:
        """Return an excerpt of the arguments; what the caller has shown instead of them wins."""
        args, kwargs, options = delivery.args, delivery.kwargs, delivery.options
        shown_args, shown_kwargs = options.get("argsrepr"), options.get("kwargsrepr")
        if not args and not kwargs and shown_args is None and shown_kwargs is None:
            return ""
        of_call, names = self._excerpts.of_call, self._names_of(delivery.actor_name)
        if shown_args is None and shown_kwargs is None:
            return of_call(args, kwargs, names)
        texts = (
            of_call(args, {}, names) if shown_args is None else str(shown_args),
            of_call((), kwargs) if shown_kwargs is None else str(shown_kwargs),
        )
        return ", ".join(" ".join(text.split()) for text in texts if text)[:LONGEST]

    def _names_of(self, task: str) -> tuple[str, ...]:
        names = self._names.get(task)
        if names is None:
            actor = None if self._broker is None else self._broker.actors.get(task)
            names = self._names[task] = (
                () if actor is None else positional_names(getattr(actor, "run", actor.fn))
            )
        return names


def _number(value: Any) -> int | None:
    """Return a whole number that a message brings; None: it is something else."""
    return value if isinstance(value, int) else None


def _text(value: Any) -> str | None:
    """Return a text that a message brings; None: it is something else."""
    return value if isinstance(value, str) else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _reason(error: str) -> str:
    """Return why a message is kept, in the form of a dead letter's reason."""
    kind, _, message = error.partition("\n")
    return json.dumps({"reason": kind, "detail": message, "traceback": None})
