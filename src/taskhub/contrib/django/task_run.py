"""One message run in the thread of a test, as a worker would."""

from __future__ import annotations

import inspect
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub import signals
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.middleware_broker import envelopes_captured
from taskhub.engine.port.claims import Claim, Completion
from taskhub.execution import signal_dispatch
from taskhub.execution.coroutines import resolve_coroutine
from taskhub.execution.decision import decide_outcome, raised, returned, revoked
from taskhub.execution.execution import execution_of
from taskhub.execution.request import entered, is_expired, request_of

if TYPE_CHECKING:
    from taskhub.app.app import Celery

__all__ = ("TaskRun", "run_claim")

#: The name of the worker that tests are.
WORKER = "tests"


class TaskRun(NamedTuple):
    """A task that ran, and its outcome."""

    name: str
    task_id: str
    state: str
    #: What it returned, or raised.
    value: Any


def run_claim(app: Celery, claim: Claim) -> TaskRun:
    """Run a claimed message, and commit its outcome.

    Args:
        app: The app.
        claim: The claim.

    Raises:
        LookupError: The app has no such task.
    """
    delivery = Delivery(claim)
    if not app.broker.knows_actor(delivery.actor_name):
        raise LookupError(
            f"task {delivery.actor_name!r} was called, and is not registered: import its module"
        )
    task = app.tasks[delivery.actor_name]
    request = request_of(delivery, task, WORKER)
    delivery.execution = execution = execution_of(request)
    value: Any = None
    error: BaseException | None = None
    with entered(request), envelopes_captured():
        if request.expires and is_expired(request.expires):
            happened = revoked("expired")
        else:
            try:
                value = _run_body(task, request, execution)
            except (Exception, SystemExit) as problem:
                error = problem
            happened = returned(value) if error is None else raised(error)
        outcome = decide_outcome(execution, happened)
    app.engine.commit(WORKER, [Completion(claim, outcome)])
    return TaskRun(task.name, claim.task_id, outcome.state, value if error is None else error)


def _run_body(task: Any, request: Any, execution: Any) -> Any:
    execution.load()
    execution.began = perf_counter()
    if signals.task_prerun.receivers:
        signal_dispatch.begins(task, request, request.args, request.kwargs)
    task.before_start(request.id, request.args, request.kwargs)
    if inspect.iscoroutinefunction(task.run):
        # There is no worker's event loop here.
        execution.has_entered_body = True
        return resolve_coroutine(task.run(*request.args, **request.kwargs))
    return resolve_coroutine(task(*request.args, **request.kwargs))
