"""Task as the worker sees it; the facade's `Task` fills it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar

import dramatiq

from taskhub.execution.request import Context
from taskhub.execution.result_policy import DEFAULT_POLICY, ResultPolicy
from taskhub.execution.time_limits import UNLIMITED, TimeLimits
from taskhub.outcome import Consequences

P = ParamSpec("P")
R = TypeVar("R")


class Participation(Protocol):
    """The part of calls in the canvases that they belong to; the facade's answers."""

    def load(self, request: Context) -> None:
        """Complete a request by what its message does not hold: arguments, later links of a chain.

        Raises:
            OperationalError: The store is out of reach.
            ChordError: A task of the header of a chord has failed, of which this is the body.
        """
        ...

    def consequences(
        self,
        request: Context,
        state: str,
        value: Any,
        error: BaseException | None = None,
        traceback: str | None = None,
    ) -> Consequences:
        """Return what follows from an outcome: callbacks, errbacks, the next link, a chord part."""
        ...


class NativeActor(Protocol):
    """A native actor of Dramatiq's, made for each of its messages."""

    #: The part of the message in Celery's canvases.
    _participation: Participation

    @property
    def throws(self) -> Any:
        """The exceptions that it raises by design: a class, a tuple of them, or None."""
        ...

    @property
    def result_policy(self) -> ResultPolicy:
        """What is stored of the result."""
        ...

    def encode_value(self, value: Any) -> Any:
        """Return what is stored for a return value."""
        ...


class RunnableTask(dramatiq.Actor[P, R]):
    """An actor whose outcomes follow Celery's rules instead of Dramatiq's."""

    #: Marks it for the broker.
    is_task = True
    #: The handlers that it overrides; those that do nothing are not called.
    overridden: frozenset[str] = frozenset()
    #: What is stored of its results.
    result_policy: ResultPolicy = DEFAULT_POLICY
    #: Whether STARTED is stored when it begins.
    track_started: bool | None = False
    #: Whether all deliveries of the message are used up before the task runs (`acks_late=False`,
    #: set explicitly).
    acknowledges_early: bool = False
    #: At most so many begin, e.g. "100/m", over all workers; may change at run time.
    rate_limit: str | float | None = None
    #: Seconds after which it is ended, and after which `SoftTimeLimitExceeded` is raised in it; may
    #: change at run time.
    time_limit: float | None = None
    soft_time_limit: float | None = None
    #: What these were when it was declared: messages carry them.
    declared_limits: TimeLimits = UNLIMITED
    #: Class of requests that the task names; its hooks are called for each message.
    request_class: Callable[[Context], Any] | None = None
    #: Exceptions that are part of normal operation.
    throws: tuple[type[BaseException], ...] | type[BaseException] = ()

    @property
    def _participation(self) -> Participation:
        """The part of its calls in canvases."""
        raise NotImplementedError

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Called before the task runs; an exception fails the task."""

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Called when the task has returned."""

    def on_retry(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Called when the task is to be retried."""

    def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Called when the task has failed."""

    def after_return(
        self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        """Called when the task has ended, whichever way."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.overridden = frozenset(
            name for name in HANDLERS if getattr(cls, name) is not getattr(RunnableTask, name)
        )


#: The methods that are called around a task's body.
HANDLERS = ("before_start", "on_success", "on_retry", "on_failure", "after_return")
