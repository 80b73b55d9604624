"""Errors and warnings: Celery's public names, hierarchy and attributes.

- `CeleryError`: `ImproperlyConfigured`, `SecurityError`, `TransactionError`
    - `TaskPredicate` (a task raises it to choose its outcome): `Ignore`, `Reject`, `Retry`
    - `TaskError`: `NotRegistered`, `TimeoutError`, `MaxRetriesExceededError`, ...
- `BackendError`: `BackendGetMetaError`, `BackendStoreError`
- `KombuError` (kombu's in Celery): `OperationalError`, `EncodeError`, ...
- `SoftTimeLimitExceeded`, `TimeLimitExceeded`, `WorkerLostError`, `Terminated`
  (billiard's in Celery)
- `CeleryWarning`: `NotConfigured`, `ConfigurationWarning`, ...
- `SystemExit`: `WorkerShutdown`, `WorkerTerminate`
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, NoReturn

from taskhub.exception_aliases import AliasedError, BilliardError
from taskhub.serialization.exception_pickle import pickleable, safe_representation
from taskhub.serialization.safe_repr import without_arguments
from taskhub.warning_classes import (
    AlwaysEagerIgnored,
    CDeprecationWarning,
    CeleryWarning,
    ConfigurationWarning,
    CPendingDeprecationWarning,
    DuplicateNodenameWarning,
    DuplicateTaskNameWarning,
    FixupWarning,
    NotConfigured,
    SecurityWarning,
)

if TYPE_CHECKING:
    import datetime
    from types import TracebackType

__all__ = (
    "AlreadyRegistered",
    "AlwaysEagerIgnored",
    "BackendError",
    "BackendGetMetaError",
    "BackendStoreError",
    "CDeprecationWarning",
    "CPendingDeprecationWarning",
    "CeleryError",
    "CeleryWarning",
    "ChordError",
    "ConfigurationWarning",
    "ContentDisallowed",
    "DecodeError",
    "DuplicateNodenameWarning",
    "DuplicateTaskNameWarning",
    "EncodeError",
    "FixupWarning",
    "Ignore",
    "ImproperlyConfigured",
    "IncompleteStream",
    "InvalidTaskError",
    "KombuError",
    "MaxRetriesExceededError",
    "NotConfigured",
    "NotRegistered",
    "OperationalError",
    "QueueNotFound",
    "Reject",
    "Retry",
    "SecurityError",
    "SecurityWarning",
    "SerializationError",
    "SerializerNotInstalled",
    "SoftTimeLimitExceeded",
    "StoreRefused",
    "TaskError",
    "TaskPredicate",
    "TaskRevokedError",
    "Terminated",
    "TimeLimitExceeded",
    "TimeoutError",
    "TransactionError",
    "WorkerLostError",
    "WorkerShutdown",
    "WorkerTerminate",
    "reraise",
)


def reraise(
    tp: type[BaseException], value: BaseException, tb: TracebackType | None = None
) -> NoReturn:
    """Raise `value` with the traceback `tb`; `tp` is there for Celery's signature only."""
    if value.__traceback__ is not tb:
        raise value.with_traceback(tb)
    raise value


# --- Errors of the library ---


class CeleryError(Exception):
    """Base of the errors of the library."""


class ImproperlyConfigured(CeleryError):
    """The configuration, or a call that depends on it, can't be right as it is."""


class TransactionError(CeleryError):
    """A call cannot be written in the caller's transaction: there is none, or it has failed."""


class SecurityError(CeleryError):
    """Data was refused because handling it could run code of its author."""


# --- Raised by tasks to choose their outcome ---


class TaskPredicate(CeleryError):
    """Base of what a task raises to choose its outcome; none of them is a failure."""


class Retry(TaskPredicate):
    """The task ends here and runs again later; raised by `task.retry()`.

    Args:
        message: Text for `str()`; by default made of `when` and `exc`.
        exc: The exception that caused the retry, or its text.
        when: Seconds from now, or the time at which the task runs again.
        is_eager: Whether the task runs eagerly, in the caller's process.
        sig: The signature that an eager retry calls.

    As Celery's, except that `args` is `(message, exc, when)`: Celery's holds the exception
    itself, a reference cycle that keeps every frame of the task alive until the garbage collector
    comes by.
    """

    message: str | None
    exc: BaseException | None
    excs: str | None
    when: Any
    is_eager: bool
    sig: Any

    def __init__(
        self,
        message: str | None = None,
        exc: BaseException | str | None = None,
        when: float | datetime.datetime | None = None,
        is_eager: bool = False,
        sig: Any = None,
    ) -> None:
        super().__init__(message, exc, when)
        self.message = message
        self.when = when
        self.is_eager = is_eager
        self.sig = sig
        if isinstance(exc, str):
            self.exc, self.excs = None, exc
        else:
            self.exc, self.excs = exc, None if exc is None else safe_representation(exc)

    def humanize(self) -> str:
        """Return when the task runs again: `in 5s` or `at 2030-01-01 00:00:00`."""
        if isinstance(self.when, numbers.Number):
            return f"in {self.when}s"
        return f"at {self.when}"

    def __str__(self) -> str:
        if self.message:
            return self.message
        cause = f": {self.excs}" if self.excs else ""
        return f"Retry {self.humanize()}{cause}"

    def __reduce__(self) -> tuple[type[Retry], tuple[Any, ...]]:
        exc = None if self.exc is None else pickleable(self.exc)
        return type(self), (self.message, exc, self.when)


class Ignore(TaskPredicate):
    """The task ends and its stored state stays as the task left it."""


class Reject(TaskPredicate):
    """The task rejects its message.

    Args:
        reason: Why; shown in logs.
        requeue: True requeues the message, False drops it.
    """

    def __init__(self, reason: Any = None, requeue: bool = False) -> None:
        super().__init__(reason, requeue)
        self.reason = reason
        self.requeue = requeue

    def __repr__(self) -> str:
        return f"reject requeue={self.requeue}: {self.reason}"


# --- Errors of tasks ---


class TaskError(CeleryError):
    """Base of the errors that concern a task."""


class QueueNotFound(KeyError, TaskError):
    """The task was routed to a queue that is not in `task_queues`.

    Happens only with `task_create_missing_queues` off.
    """


class IncompleteStream(TaskError):
    """A stream of data ended before the data was complete."""


class NotRegistered(KeyError, TaskError):
    """No task of that name is registered here: the module that defines it was not imported."""

    def __repr__(self) -> str:
        return f"Task {self} is not registered: import the module that defines it (see `include`)."


class AlreadyRegistered(TaskError):
    """A task of that name is registered already."""


class TimeoutError(TaskError):
    """The result was not there in time."""


class MaxRetriesExceededError(TaskError):
    """The task was to be retried and had no retries left.

    `task_args` and `task_kwargs` are what it was called with.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.task_args: Any = kwargs.pop("task_args", [])
        self.task_kwargs: Any = kwargs.pop("task_kwargs", {})
        super().__init__(*args, **kwargs)

    def __str__(self) -> str:
        return without_arguments(super().__str__())

    def __repr__(self) -> str:
        return without_arguments(super().__repr__())


class TaskRevokedError(TaskError):
    """The task was revoked or expired, so it has no result."""


class InvalidTaskError(TaskError):
    """The message of the task, or the task itself, is malformed."""


class ChordError(TaskError):
    """A part of the chord failed, so its body did not run."""


class BackendError(Exception):
    """Results could not be read or written."""


class BackendGetMetaError(BackendError):
    """A result could not be read; `task_id` says which."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args)
        self.task_id: str = kwargs.get("task_id", "")

    def __repr__(self) -> str:
        return f"{super().__repr__()} task_id:{self.task_id}"


class BackendStoreError(BackendError):
    """A result could not be written; `task_id` and `state` say which."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args)
        self.state: str = kwargs.get("state", "")
        self.task_id: str = kwargs.get("task_id", "")

    def __repr__(self) -> str:
        return f"{super().__repr__()} state:{self.state} task_id:{self.task_id}"


# --- Errors of the store and of serialization (kombu's names) ---


class KombuError(AliasedError):
    """Base of the errors that kombu defines in Celery's world."""

    _defined_in = "kombu.exceptions"


class OperationalError(KombuError):
    """The store could not be reached, or the connection broke; trying again may help.

    Whether the store has done what was asked is unknown, except for `StoreRefused`.
    """


class StoreRefused(OperationalError):
    """The store refused a request, and nothing was written.

    `passing`: the same request may be accepted later, unchanged: the server is a replica for the
    moment, loads its data, or is out of memory. `rights`: the user of the URL lacks a right, or the
    server a command.
    """

    def __init__(self, *args: object, passing: bool = False, rights: bool = False) -> None:
        super().__init__(*args)
        self.passing = passing
        self.rights = rights


class SerializationError(KombuError):
    """Data could not be encoded or decoded."""


class EncodeError(SerializationError):
    """A value can't be written in the chosen serializer."""


class DecodeError(SerializationError):
    """Data is not what its serializer would have written."""


class SerializerNotInstalled(KombuError):
    """There is no serializer of that name, or its library is not installed."""


class ContentDisallowed(SerializerNotInstalled):
    """Data came in a serializer that `accept_content` does not allow."""


# --- Limits and lost workers (billiard's names) ---


class TimeLimitExceeded(BilliardError):
    """The task was stopped at its hard time limit; `args[0]` is the limit in seconds."""

    def __str__(self) -> str:
        return f"TimeLimitExceeded{self.args}"


class SoftTimeLimitExceeded(BilliardError):
    """Raised inside the task at its soft time limit, so that it can tidy up.

    `args[0]` is the limit in seconds.
    """

    def __str__(self) -> str:
        return f"SoftTimeLimitExceeded{self.args}"


class WorkerLostError(BilliardError):
    """The worker that ran the task is gone, as often as `task_max_deliveries` allows.

    So ends a task, too, that raises `SystemExit` or another exception that is no `Exception`.
    """


class Terminated(BilliardError):
    """The task was ended by `revoke(terminate=True)`."""


class WorkerTerminate(SystemExit):
    """The worker is to stop at once."""


class WorkerShutdown(SystemExit):
    """The worker is to stop when the tasks that run have ended."""
