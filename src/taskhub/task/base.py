"""The base of tasks: their options, app, current request and signatures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar, cast

from taskhub import exceptions
from taskhub.call.values import check_text
from taskhub.canvas import chunks, xmap, xstarmap
from taskhub.canvas.signature import Signature, call_of, signature
from taskhub.current import current_app
from taskhub.execution.execution import Execution, task_of
from taskhub.execution.request import Context, current_request, enter, leave
from taskhub.execution.runnable import Participation, RunnableTask
from taskhub.task.options import from_configuration

if TYPE_CHECKING:
    from taskhub.app.app import Celery

P = ParamSpec("P")
R = TypeVar("R")


class TaskBase(RunnableTask[P, R]):
    """Options of a task with Celery's defaults, its app, its request, and signatures of its calls.

    Options that the configuration has, too, are None on classes and the configuration's value on
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
    rate_limit: str | float | None = from_configuration()
    #: The result is not stored.
    ignore_result: bool | None = from_configuration()
    #: Whether the results of tasks that it sends are recorded as its children.
    trail: bool = True
    send_events: bool = True
    #: Failures are stored even if results are not.
    store_errors_even_if_ignored: bool | None = from_configuration()
    #: Calls inside a transaction of Django's are sent when it is committed; or the alias of the
    #: database whose transaction it is; None: as the setting `task_enqueue_on_commit` says then.
    enqueue_on_commit: bool | str | None = None
    #: Results of eager calls are stored, too.
    store_eager_result: bool | None = from_configuration()
    #: What receives its messages in a worker: a subclass of `celery.worker.request.Request`, or the
    #: path of one.
    Request: Any = "taskhub.execution.message_request:Request"
    #: How arguments travel: "json", "pickle", "yaml", "msgpack".
    serializer: str | None = from_configuration()
    #: Seconds after which it is ended.
    time_limit: float | None = from_configuration()
    #: Seconds after which `SoftTimeLimitExceeded` is raised in it.
    soft_time_limit: float | None = from_configuration()
    #: Whether STARTED is stored.
    track_started: bool | None = from_configuration()
    #: Set to False, the message is acknowledged before the body runs: a crash then ends the task as
    #: FAILURE, with a dead letter, and does not run it again.
    acks_late: bool | None = from_configuration()
    acks_on_failure_or_timeout: bool | None = from_configuration()
    acks_on_failure: bool | None = from_configuration()
    acks_on_timeout: bool | None = from_configuration()
    reject_on_worker_lost: bool | None = from_configuration()
    retry_on_worker_lost: bool | None = from_configuration()
    #: Exceptions that are part of normal operation: logged without a traceback.
    throws: Any = ()
    #: When calls expire: seconds from the call, or a datetime.
    expires: Any = None
    #: 0 to 9, 9 first.
    priority: int | None = from_configuration()  # type: ignore[assignment]
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
        """Return its app, under the name that libraries use on Celery's tasks."""
        return self.bound_app()

    def bound_app(self) -> Celery:
        """Return the app that this task belongs to, after binding the task to it.

        Raises:
            RuntimeError: the app was made with `autofinalize=False` and is not finalized.
        """
        app = self._app
        if app is None:
            return current_app()
        if not self._is_bound:
            app.finalize(auto=True)
        return app

    # -- signatures of its calls

    def signature(
        self, args: Sequence[Any] | None = None, *starargs: Any, **starkwargs: Any
    ) -> Signature:
        """Return the signature of a call, as Celery's."""
        made: Signature = signature(self, args, *starargs, **starkwargs)
        return made

    subtask = signature

    def s(self, *args: Any, **kwargs: Any) -> Signature:
        """Return the signature of a call with these arguments."""
        return call_of(self, args, kwargs, immutable=False)

    def si(self, *args: Any, **kwargs: Any) -> Signature:
        """Return the immutable signature of a call: results of other tasks are not passed to it."""
        return call_of(self, args, kwargs, immutable=True)

    def chunks(self, it: Iterable[Any], n: int) -> Any:
        """Return calls for many arguments, `n` of them per call."""
        return chunks(self.s(), it, n, app=self.app)

    def map(self, it: Iterable[Any]) -> Any:
        """Return one call that is `[task(x) for x in it]`."""
        return xmap(self.s(), it, app=self.app)

    def starmap(self, it: Iterable[Any]) -> Any:
        """Return one call that is `[task(*x) for x in it]`."""
        return xstarmap(self.s(), it, app=self.app)

    # -- while it runs

    def run(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The body of the task. Subclasses define it.

        Raises:
            NotImplementedError: it was not defined.
        """
        raise NotImplementedError("Tasks must define the run method.")

    @property
    def request(self) -> Context:
        """The request of the current call; outside of one, an empty request."""
        request = current_request()
        while request is not None:
            task = task_of(request)
            # Calls of a task without an app run as the task of the worker's app.
            if task is self or (task is not None and self._app is None and task.name == self.name):
                return request
            request = request._previous
        return Context()

    def signature_from_request(
        self,
        request: Context | None = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        queue: Any = None,
        **extra: Any,
    ) -> Signature:
        """Return the signature that sends the present call again."""
        request = self.request if request is None else request
        args = request.args if args is None else args
        kwargs = request.kwargs if kwargs is None else kwargs
        options = {**request.as_execution_options(), **extra}
        if request.ignore_result and not self.ignore_result:
            # The call asked for it.
            options.setdefault("ignore_result", True)
        info = request.delivery_info or {}
        if queue or info.get("routing_key"):
            options["queue"] = queue or info["routing_key"]
        if info.get("priority") is not None:
            options.setdefault("priority", info["priority"])
        return self.signature(args, kwargs, options)

    def update_state(
        self,
        task_id: str | None = None,
        state: str | None = None,
        meta: Any = None,
        **kwargs: Any,
    ) -> None:
        """Store a state of this call, e.g. `update_state(state="PROGRESS", meta={"done": 3})`.

        Raises:
            EncodeError: it cannot be serialized, or is larger than `result_max_size` allows.
            TypeError: the state is no text.
            ValueError: there is no running call, no `task_id`, but a result backend in the
                settings. Without one nothing is stored, as in Celery: tests call tasks directly.
        """
        if state is not None:
            check_text("state", state)
        request = self.request
        execution = request._execution
        own = task_id in (None, request.id)
        if own and execution is not None and execution.is_decided:
            # Called by a handler of the outcome: the state replaces the outcome's in its commit. A
            # state that cannot be stored is the handler's error.
            from taskhub.execution.result_document import result_document

            result_document(request, self.result_policy, state or "", meta)
            execution.final_state = (state or "", meta)
            return
        task_id = task_id or request.id
        if not task_id:
            from taskhub.config.result_backend import has_result_backend

            if not has_result_backend(self.app.conf):
                return
            raise ValueError(f"task_id must not be empty. Got {task_id} instead.")
        self.backend.store_result(task_id, meta, state, request=request, **kwargs)

    def add_trail(self, result: Any) -> Any:
        """Record a result as a child of this call."""
        if self.trail:
            self.request.children.append(result)
        return result

    def send_event(
        self,
        type_: str,
        retry: bool = True,
        retry_policy: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """Append a custom event about this call to the event stream.

        Args:
            type_: The type of the event.
            retry: Accepted as Celery's, without effect.
            retry_policy: Accepted as Celery's, without effect.
            fields: The fields of the event.

        Raises:
            OperationalError: the store is out of reach.
        """
        self.app.events.default_dispatcher().send(type_, uuid=self.request.id, **fields)

    @property
    def _participation(self) -> Participation:
        return self.app.participation

    # -- being a task object

    def push_request(self, *args: Any, **kwargs: Any) -> None:
        """Make a request current, as Celery's tests do."""
        request = Context(*args, **kwargs)
        request._execution = Execution(self, request)
        enter(request)

    def pop_request(self) -> None:
        """Undo `push_request`."""
        leave(self.request)

    def start_strategy(self, app: Any, consumer: Any, **kwargs: Any) -> None:
        """Celery's hook into its consumer; there is nothing to hook into here."""

    @property
    def __name__(self) -> str:
        return cast("str", type(self).__name__)

    def __repr__(self) -> str:
        app = self._app
        of = f"{app.main or '__main__'} at {id(app):#x}" if app is not None else "the current app"
        return f"<@task: {self.name} of {of}>"

    def __str__(self) -> str:
        return repr(self)

    def __reduce__(self) -> Any:
        return _task_by_name, (self.name,)


def _task_by_name(name: str) -> Any:
    return current_app().tasks[name]
