"""Eager calls, which run in this process: `task.apply()` and `task_always_eager`."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from taskhub import signals, states
from taskhub.call.values import as_list
from taskhub.engine.dramatiq.middleware_broker import envelopes_captured
from taskhub.exceptions import Reject, Retry
from taskhub.execution import signal_dispatch
from taskhub.execution.coroutines import resolve_coroutine
from taskhub.execution.decision import decide_outcome, raised, returned
from taskhub.execution.execution import Execution, execution_of
from taskhub.execution.request import Context, current_request, entered
from taskhub.result import EagerResult
from taskhub.serialization import registry
from taskhub.serialization.failures import format_traceback

if TYPE_CHECKING:
    from taskhub.result import EagerResult
    from taskhub.task.task import Task


def eager_request(
    task: Task[Any, Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    task_id: str,
    retries: int,
    values: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Context:
    """Return the request of an eager call; inside a task it inherits that one's ids."""
    parent = current_request()
    inherits = parent is not None and parent.id is not None
    limits = [task.time_limit, task.soft_time_limit]
    request = Context(
        id=task_id,
        task=task.name,
        args=args,
        kwargs=kwargs,
        parent_id=parent.id if inherits and parent is not None else None,
        root_id=(parent.root_id or task_id) if inherits and parent is not None else task_id,
        retries=retries,
        is_eager=True,
        called_directly=False,
        hostname=socket.gethostname(),
        timelimit=None if limits == [None, None] else limits,
        delivery_info={
            "is_eager": True,
            "exchange": options.get("exchange"),
            "routing_key": options.get("routing_key"),
            "priority": options.get("priority"),
        },
        **{name: value for name, value in values.items() if value is not None},
    )
    stamped = options.get("stamped_headers")
    if stamped:
        request.stamped_headers = as_list(stamped)
        request.stamps = {name: as_list(options.get(name)) for name in as_list(stamped)}
    request._execution = Execution(task, request)
    return request


def apply_eagerly(
    task: Task[Any, Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    task_id: str,
    retries: int,
    throw: bool | None,
    values: Mapping[str, Any],
    options: Mapping[str, Any],
) -> EagerResult[Any]:
    """Run a call in this process; its result is stored only with `task_store_eager_result`.

    As in Celery, `throw` raises a retry, too, instead of running it; and callbacks are sent to
    workers unless `task_always_eager` is set.
    """
    app = task.app
    throw = app.conf.task_eager_propagates if throw is None else throw
    request = eager_request(task, args, kwargs, task_id, retries, values, options)
    value: Any = None
    error: BaseException | None = None
    execution = execution_of(request)
    with entered(request), envelopes_captured():
        execution.began = perf_counter()
        if signals.task_prerun.receivers:
            signal_dispatch.begins(task, request, args, kwargs)
        try:
            task.before_start(task_id, args, kwargs)
            value = resolve_coroutine(task(*args, **kwargs))
        except Exception as problem:
            error = problem
        happened = returned(value) if error is None else raised(error)
        outcome = decide_outcome(execution, happened)
    if isinstance(error, Retry) and error.sig is not None and not throw:
        retried: EagerResult[Any] = error.sig.apply(retries=retries + 1)
        return retried
    if outcome.document is not None and task.store_eager_result:
        app.engine.store_state(task_id, outcome.document, outcome.ttl)
    state = states.REJECTED if isinstance(error, Reject) else outcome.state
    if error is not None and throw and state in _RAISED:
        raise error
    for envelope in outcome.publish:
        app.calls.eager.pass_on(envelope)
    return EagerResult(
        task_id,
        value if error is None else error,
        state,
        traceback=None if error is None else format_traceback(error),
        name=task.name,
    )


#: The states whose exceptions are raised with `throw`.
_RAISED = states.EXCEPTION_STATES


def through_serializer(args: Any, kwargs: Any, serializer: str) -> tuple[list[Any], dict[str, Any]]:
    """Return arguments as a worker would receive them, or raise what a message cannot hold."""
    encoded = registry.encode([list(args or ()), dict(kwargs or {})], serializer)
    loaded = registry.decode(encoded.body, serializer, accept=[serializer])
    return list(loaded[0]), dict(loaded[1])
