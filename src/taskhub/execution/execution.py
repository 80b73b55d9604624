"""Execution: one run of a task, and what becomes known while it lasts.

The request (`self.request`) is what the call says; everything else that one run of a task needs
until its outcome is decided is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.engine.dramatiq.delivery import Delivery
    from taskhub.execution.request import Context
    from taskhub.execution.result_policy import ResultPolicy
    from taskhub.execution.runnable import NativeActor
    from taskhub.execution.thread_run import ThreadRun
    from taskhub.message import Envelope
    from taskhub.outcome import ChainPlan, ChordExtension, ChordPlan, Consequences, Outcome


class Execution:
    """One run of a task: by a worker, eager, or as an ordinary function.

    Args:
        task: The task object; None: a native actor, or no task that is known here.
        request: The request.
        delivery: The delivered message; None: there is none.
    """

    #: The native actor whose message it is; None: it is that of a task.
    native: NativeActor | None = None
    #: When the task began to run (`time.perf_counter`); None: it did not.
    began: float | None = None
    #: The run in a worker's thread, which may be interrupted; None: there is none.
    thread_run: ThreadRun | None = None
    #: Whether the body was called; a task that calls itself runs as an ordinary function.
    has_entered_body: bool = False
    #: How often `retry(max_retries=)` allows this call to be retried.
    max_retries: int | None = None
    #: What leaves in the commit beside the consequences of the outcome, e.g. a retry asked for with
    #: `throw=False`; and the chords and long chains that this begins.
    messages: tuple[Envelope, ...] = ()
    chords: tuple[ChordPlan, ...] = ()
    chains: tuple[ChainPlan, ...] = ()
    #: The calls that it adds to its chord.
    extensions: tuple[ChordExtension, ...] = ()
    #: Whether another call has taken the place of this one.
    is_replaced: bool = False
    #: What the body has returned or raised, where a monitoring library has wrapped it.
    traced: tuple[Any, BaseException | None] | None = None
    #: What events say of the result.
    result_text: str = ""
    #: Whether its outcome is decided, and its handlers run.
    is_decided: bool = False
    #: Why it is not to run any more: "revoked", "expired", or "terminated"; None: it is.
    revoked: str | None = None
    #: Why it has failed, or ended in another way than by returning a value.
    failure: BaseException | None = None
    #: State and value that `update_state` set in a handler.
    final_state: tuple[str, Any] | None = None

    def __init__(self, task: Any, request: Context, delivery: Delivery | None = None) -> None:
        self.task = task
        self.request = request
        self.delivery = delivery

    @property
    def result_policy(self) -> ResultPolicy:
        """What is stored of its result."""
        policy: ResultPolicy = (self.native or self.task).result_policy
        return policy

    def load(self) -> None:
        """Complete its request by what the message does not hold.

        Raises:
            OperationalError: The store is out of reach.
            ChordError: A task of the header of a chord has failed, of which this is the body.
        """
        (self.native or self.task)._participation.load(self.request)

    def consequences(
        self,
        state: str,
        value: Any,
        error: BaseException | None = None,
        traceback: str | None = None,
    ) -> Consequences:
        """Return what follows from an outcome: callbacks, errbacks, the next link, a chord part."""
        participation = (self.native or self.task)._participation
        found: Consequences = participation.consequences(
            self.request, state, value, error, traceback
        )
        return found

    def enter_body(self) -> bool:
        """Return whether this call of the task is the run itself, and not one within it."""
        if self.has_entered_body or self.request.called_directly:
            return False
        self.has_entered_body = True
        return True

    def collect(
        self,
        messages: Iterable[Envelope],
        chords: Iterable[ChordPlan],
        chains: Iterable[ChainPlan],
    ) -> None:
        """Let messages, and the chords and long chains that they begin, leave in the commit."""
        self.messages = (*self.messages, *messages)
        self.chords = (*self.chords, *chords)
        self.chains = (*self.chains, *chains)

    def with_collected(self, outcome: Outcome) -> Outcome:
        """Return an outcome with the chords, chains and extensions that were collected.

        The collected messages are a part of it from the beginning.
        """
        if not (self.chords or self.chains or self.extensions):
            return outcome
        return outcome._replace(
            chords=(*outcome.chords, *self.chords),
            chains=(*outcome.chains, *self.chains),
            extends=(*outcome.extends, *self.extensions),
        )


def task_of(request: Context | None) -> Any:
    """Return the task object that answers a request; None: there is none."""
    execution = None if request is None else request._execution
    return None if execution is None else execution.task


def execution_of(request: Context) -> Execution:
    """Return the execution of a request; one of its own for a request that has none yet."""
    execution = request._execution
    if execution is None:
        execution = request._execution = Execution(None, request)
    return execution
