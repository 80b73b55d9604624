"""Calls that are run here and now: `task.apply()` and `task_always_eager`."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskhub import states
from taskhub.engine.broker import capturing
from taskhub.exceptions import Retry
from taskhub.serialization import registry
from taskhub.worker.context import Context, current_request, entered
from taskhub.worker.lifecycle import end_task

if TYPE_CHECKING:
    from taskhub.result import EagerResult
    from taskhub.task.task import Task


def eager_request(
    task: Task[Any, Any],
    args: list[Any],
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
        correlation_id=task_id,
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
        request.stamped_headers = list(stamped)
        request.stamps = {name: options.get(name, []) for name in stamped}
    request._task = task
    return request


def apply_eagerly(
    task: Task[Any, Any],
    args: list[Any],
    kwargs: dict[str, Any],
    task_id: str,
    retries: int,
    throw: bool | None,
    values: Mapping[str, Any],
    options: Mapping[str, Any],
) -> EagerResult[Any]:
    """Run a call with the endings of a worker; nothing is sent, and stored only with `task_store_eager_result`."""
    from taskhub.result import EagerResult

    app = task.app
    throw = app.conf.task_eager_propagates if throw is None else throw
    request = eager_request(task, args, kwargs, task_id, retries, values, options)
    value: Any = None
    error: BaseException | None = None
    with entered(request), capturing():
        try:
            task.before_start(task_id, args, kwargs)
            value = task(*args, **kwargs)
        except Exception as problem:
            error = problem
        outcome = end_task(task, request, value, error)
    if isinstance(error, Retry) and error.sig is not None:
        retried: EagerResult[Any] = error.sig.apply(retries=retries + 1)
        return retried
    if outcome.document is not None and task.store_eager_result:
        app.engine.store_state(task_id, outcome.document, outcome.ttl)
    if error is not None and throw and outcome.state in states.EXCEPTION_STATES:
        raise error
    for envelope in outcome.publish:
        app.calls.run(envelope)
    return EagerResult(
        task_id,
        value if error is None else error,
        outcome.state,
        traceback=None if error is None else _traceback(error),
        name=task.name,
    )


def through_serializer(
    args: Any, kwargs: Any, serializer: str
) -> tuple[list[Any], dict[str, Any]]:
    """Return arguments as a worker would receive them, so that eager mode shows what a message cannot carry."""
    encoded = registry.encode([list(args or ()), dict(kwargs or {})], serializer)
    loaded = registry.decode(encoded.body, serializer, accept=[serializer])
    return list(loaded[0]), dict(loaded[1])


def _traceback(error: BaseException) -> str:
    from taskhub.serialization.failures import format_traceback

    return format_traceback(error)
