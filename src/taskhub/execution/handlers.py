"""Handlers of a task (`on_success`, `after_return`, ...): called when its outcome is decided."""

from __future__ import annotations

import logging
from typing import Any

from taskhub import signals, states
from taskhub.engine.dramatiq.forked_children import end_if_forked_child
from taskhub.execution import outcomes, request_classes, signal_dispatch
from taskhub.execution.exception_info import ExceptionInfo
from taskhub.execution.execution import Execution
from taskhub.execution.runnable import RunnableTask
from taskhub.outcome import Outcome

logger = logging.getLogger(__name__)

#: Per state: the handler, and the signal.
_HANDLERS = {
    states.SUCCESS: ("on_success", signals.task_success),
    states.RETRY: ("on_retry", signals.task_retry),
    states.FAILURE: ("on_failure", signals.task_failure),
}


def call_handlers(
    execution: Execution, outcome: Outcome, value: Any, info: ExceptionInfo | None
) -> Outcome:
    """Call the handlers of a task; they may set another state, but not prevent the outcome."""
    task, request = execution.task, execution.request
    overridden, state = task.overridden, outcome.state
    name, signal = _HANDLERS[state]
    if not overridden and not signal.receivers and task.request_class is None:
        return outcome
    call = (request.id or "", request.args, request.kwargs)
    execution.is_decided = True
    if name in overridden:
        _call(task, name, value, *call, *(() if info is None else (info,)))
    if signal.receivers:
        signal_dispatch.comes_to(task, request, state, value, info)
    if state != states.RETRY and "after_return" in overridden:
        _call(task, "after_return", state, value, *call, info)
    if task.request_class is not None:
        request_classes.ended(task, request, value, info)
    if execution.final_state is not None:
        return outcomes.custom(request, task.result_policy, outcome, *execution.final_state)
    return outcome


def _call(task: RunnableTask[Any, Any], name: str, *arguments: Any) -> None:
    try:
        getattr(task, name)(*arguments)
    except BaseException as error:
        # `SystemExit`, too: a handler cannot prevent the outcome.
        end_if_forked_child(error)
        logger.exception("%s of task %s failed", name, task.actor_name)
