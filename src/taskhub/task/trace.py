"""Tracers that monitoring libraries wrap around the body of a task (as `celery.app.trace`).

Such libraries replace `celery.app.trace.build_tracer` by a function that wraps what it returns, and
in it the task's `run` or `__call__`. While nobody has, none of this is used.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub import states
from taskhub.execution.exception_info import ExceptionInfo
from taskhub.execution.execution import execution_of, task_of
from taskhub.execution.request import Context, current_request

if TYPE_CHECKING:
    from taskhub.task.task import Task

#: The module in which libraries look for `build_tracer`.
MODULE = "celery.app.trace"


class TraceInfo:
    """The outcome of a run without a value.

    Args:
        state: The state.
        retval: The exception.
    """

    __slots__ = ("retval", "state")

    def __init__(self, state: str, retval: Any = None) -> None:
        self.state, self.retval = state, retval


class trace_ok_t(NamedTuple):  # noqa: N801 - Celery's name
    """What a tracer returns."""

    retval: Any
    info: TraceInfo | None
    runtime: float
    retstr: str


Tracer = Callable[..., trace_ok_t]


def task_has_custom(task: Any, attr: str) -> bool:
    """Return whether a task's class, and not taskhub's, defines an attribute."""
    from taskhub.task.task import Task

    for kind in type(task).__mro__:
        if kind is Task:
            return False
        if attr in vars(kind):
            return True
    return False


def build_tracer(name: str, task: Any, *args: Any, **kwargs: Any) -> Tracer:
    """Return a function that runs a task: `tracer(task_id, args, kwargs, request)`.

    It never raises; what the task has raised is in the request, for its caller.
    """

    def trace(uuid: str, args: Any, kwargs: Any, request: Any = None) -> trace_ok_t:
        began = time.perf_counter()
        error: BaseException | None = None
        value: Any = None
        try:
            value = task(*args, **kwargs)
        except BaseException as raised:
            error = raised
        if isinstance(request, Context):
            execution_of(request).traced = (value, error)
        runtime = time.perf_counter() - began
        if error is None:
            return trace_ok_t(value, None, runtime, repr(value))
        info = ExceptionInfo(error)
        return trace_ok_t(info, TraceInfo(states.FAILURE, error), runtime, repr(error))

    return trace


class TracedTask:
    """A task as Dramatiq's worker threads call it, where `build_tracer` was replaced."""

    def __init__(self, task: Task[Any, Any], tracer: Tracer) -> None:
        self._task = task
        self._tracer = tracer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task through its tracer."""
        request = current_request()
        if request is None or task_of(request) is not self._task:
            return self._task(*args, **kwargs)
        self._tracer(request.id, args, kwargs, request)
        execution = execution_of(request)
        traced, execution.traced = execution.traced, None
        if traced is None:
            # The wrapper has not called what it wraps.
            return None
        value, error = traced
        if error is not None:
            raise error
        return value

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)


def traced(actor: Any) -> Any:
    """Return what runs an actor's message: the actor, or a task with what is wrapped around it."""
    module = sys.modules.get(MODULE)
    if module is None:
        return actor
    build = vars(module).get("build_tracer", build_tracer)
    if build is build_tracer or not hasattr(actor, "_traced_run"):
        return actor
    known: tuple[Any, TracedTask] | None = vars(actor).get("_tracer")
    if known is None or known[0] is not build:
        known = (build, _trace(actor, build))
        actor._tracer = known
    return known[1]


def _trace(task: Task[Any, Any], build: Callable[..., Tracer]) -> TracedTask:
    """Let a library wrap a task, and what runs its body."""
    before = vars(task).get("run")

    def run(*args: Any, **kwargs: Any) -> Any:
        return task.run_body(*args, **kwargs)

    # Wrapped in the body's place, so that coroutines and limits are dealt with below the wrapper.
    task.run = run  # type: ignore[method-assign]
    try:
        tracer = build(task.name, task, app=task.app)
        task._traced_run = None if task.run is run else task.run
    finally:
        if before is None:
            del task.run
        else:
            task.run = before  # type: ignore[method-assign]
    return TracedTask(task, tracer)
