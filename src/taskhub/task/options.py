"""The options of a task: its attributes, and what each is when the task does not set it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar

from taskhub import exceptions
from taskhub.worker.runnable import RunnableTask

if TYPE_CHECKING:
    from taskhub.app.app import Celery

P = ParamSpec("P")
R = TypeVar("R")

#: Options that a task gives to each of its calls.
CALL_OPTIONS = (
    "queue",
    "routing_key",
    "exchange",
    "priority",
    "expires",
    "serializer",
    "delivery_mode",
    "compression",
    "time_limit",
    "soft_time_limit",
    "immediate",
    "mandatory",
)

#: Options that a task takes from the configuration when it does not set them itself, and the
#: settings' names.
FROM_CONFIGURATION = {
    "serializer": "task_serializer",
    "rate_limit": "task_default_rate_limit",
    "priority": "task_default_priority",
    "time_limit": "task_time_limit",
    "soft_time_limit": "task_soft_time_limit",
    "track_started": "task_track_started",
    "acks_late": "task_acks_late",
    "acks_on_failure_or_timeout": "task_acks_on_failure_or_timeout",
    "acks_on_failure": "task_acks_on_failure",
    "acks_on_timeout": "task_acks_on_timeout",
    "reject_on_worker_lost": "task_reject_on_worker_lost",
    "retry_on_worker_lost": "task_retry_on_worker_lost",
    "ignore_result": "task_ignore_result",
    "store_eager_result": "task_store_eager_result",
    "store_errors_even_if_ignored": "task_store_errors_even_if_ignored",
}


class _FromConfiguration:
    """An option that is the configuration's until the task sets one or is bound."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._setting = FROM_CONFIGURATION[name]

    def __get__(self, task: Any, owner: type) -> Any:
        if task is None:
            return None
        # Binding puts the value into the task; until then, the attribute binds it.
        app = task.bound_app()
        return task.__dict__.get(self._name, app.conf[self._setting])


def _configured() -> Any:
    """Declare an option that the configuration has, typed as its annotation says."""
    return _FromConfiguration()


class TaskOptions(RunnableTask[P, R]):
    """The options of Celery's tasks, with its defaults.

    Those that the configuration has, too, are None on classes and the configuration's value on
    tasks.
    """

    #: The name by which messages call it; by default its module and function.
    name: str = None  # type: ignore[assignment]
    #: Whether calls are checked against the signature of `run`; None: the app's `strict_typing`.
    typing: bool | None = None
    #: How often it may be retried; None: without end.
    max_retries: int | None = 3
    #: Seconds before a retry that names no other time.
    default_retry_delay: float = 3 * 60
    #: At most so many starts, e.g. "100/m", over all workers.
    rate_limit: str | float | None = _configured()
    #: The result is not stored.
    ignore_result: bool | None = _configured()
    #: Whether the results of tasks that it sends are recorded as its children.
    trail: bool = True
    send_events: bool = True
    #: Failures are stored even if results are not.
    store_errors_even_if_ignored: bool | None = _configured()
    #: Results of eager calls are stored, too.
    store_eager_result: bool | None = _configured()
    #: What hears of its messages in a worker: a subclass of `celery.worker.request.Request`, or the path of one.
    Request: Any = "taskhub.worker.request:Request"
    #: How arguments travel: "json", "pickle", "yaml", "msgpack".
    serializer: str | None = _configured()
    #: Seconds after which it is ended.
    time_limit: float | None = _configured()
    #: Seconds after which `SoftTimeLimitExceeded` is raised in it.
    soft_time_limit: float | None = _configured()
    #: Whether STARTED is stored.
    track_started: bool | None = _configured()
    #: Set to False, it forgets the message before it runs; a crash then loses the task.
    acks_late: bool | None = _configured()
    acks_on_failure_or_timeout: bool | None = _configured()
    acks_on_failure: bool | None = _configured()
    acks_on_timeout: bool | None = _configured()
    reject_on_worker_lost: bool | None = _configured()
    retry_on_worker_lost: bool | None = _configured()
    #: Exceptions that are part of normal operation: logged without a traceback.
    throws: Any = ()
    #: When calls expire: seconds from the call, or a datetime.
    expires: Any = None
    #: 0 to 9, 9 first.
    priority: int | None = _configured()  # type: ignore[assignment]
    #: How much of a result is shown in logs.
    resultrepr_maxsize: int = 1024
    #: Kept for classes that set it; nothing depends on it.
    abstract: bool = True

    MaxRetriesExceededError: ClassVar[type[Exception]] = exceptions.MaxRetriesExceededError
    OperationalError: ClassVar[type[Exception]] = exceptions.OperationalError

    _app: Celery | None = None
    _backend: Any = None
    _is_bound = False
    #: The options of the decorator that declared it, or of `register_task`.
    _options: Mapping[str, Any] = {}

    @property
    def app(self) -> Celery:
        """The app it belongs to."""
        return self.bound_app()

    @property
    def backend(self) -> Any:
        """Where its results are stored."""
        return self._backend if self._backend is not None else self.app.backend

    @backend.setter
    def backend(self, backend: Any) -> None:
        self._backend = backend

    def _get_app(self) -> Celery:
        """Return its app, under the name by which libraries ask Celery's tasks."""
        return self.bound_app()

    def bound_app(self) -> Celery:
        """Return the app that this task belongs to, after binding the task to it.

        Raises:
          RuntimeError: the app was made with `autofinalize=False` and is not finalized.
        """
        app = self._app
        if app is None:
            from taskhub.app.current import current_app

            return current_app()
        if not self._is_bound:
            app.finalize(auto=True)
        return app
