"""The task: a Dramatiq actor with Celery's face."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import dramatiq

from taskhub.outcome import NO_CONSEQUENCES, Consequences
from taskhub.task import binding, calling
from taskhub.task.options import CALL_OPTIONS
from taskhub.task.running import RunningTask
from taskhub.worker.context import Context, current_request, enter, entered, leave

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.result import AsyncResult, EagerResult

P = ParamSpec("P")
R = TypeVar("R")


class Task(RunningTask[P, R]):
    """A task of an app; made by `app.task`, or by subclassing and `app.register_task`.

    `run` is the task's body; its options are attributes, see `TaskOptions`.
    """

    _call_defaults: Mapping[str, Any] = {}
    _decorator_links: Mapping[str, Any] = {}
    #: Turns models into plain data before a call, when the task was declared with `pydantic=True`.
    _dump_arguments: Any = None
    #: The function that was declared; None for tasks written as classes.
    _declared_function: Callable[..., Any] | None = None

    #: Whether a canvas may send its calls and make their results itself: it has no way of its own to do that.
    sends_plainly: bool = True
    #: Whether it has a way of its own to make the results of its calls.
    makes_results: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.makes_results = cls.AsyncResult is not Task.AsyncResult
        cls.sends_plainly = cls.apply_async is Task.apply_async and not cls.makes_results

    @property
    def calls_are_alike(self) -> bool:
        """Whether two of its calls with the same options differ in ids and arguments only."""
        return (
            self._dump_arguments is None
            and not self._decorator_links
            and "shadow_name" not in vars(self)
            and type(self).shadow_name is Task.shadow_name
        )

    def __init__(self) -> None:
        """Tasks are made without arguments; binding to an app makes them actors."""

    # -- belonging to an app

    @property
    def bound(self) -> Task[P, R]:
        """This task as an actor of its app; a task of no app in particular is that of the current
        one.
        """
        if self._is_bound:
            return self
        app = self.bound_app()
        if self._app is not None:
            return self
        task: Task[P, R] = app.tasks[self.name]
        return task

    def bind_to(self, app: Celery) -> None:
        """Make this task an actor of `app`'s broker, with the app's configuration for what it
        leaves open.
        """
        binding.bind(self, app)

    @classmethod
    def on_bound(cls, app: Celery) -> None:
        """Called when the task is bound to an app."""

    # -- running

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the body here and now, as an ordinary function.

        In a worker the body runs under the request of the message; called from anywhere else,
        under one of its own.
        """
        request = current_request()
        if request is not None and request._task is self and not request.called_directly:
            first, request._entered = not request._entered, True
            if first:
                body = self.run if request.is_eager else self.fn
                execution = request._execution
                value: R = (
                    body(*args, **kwargs)
                    if execution is None
                    else execution.run(body, args, kwargs)
                )
                return value
        own = Context(args=list(args), kwargs=kwargs)
        own._task = self
        with entered(own):
            return self.run(*args, **kwargs)

    def load(self, request: Context) -> None:
        values = request.__dict__
        if "content" in values:
            accept = self.app.conf.accept_content
            request.args, request.kwargs = calling.open_content(values["content"], accept)
        if "joins" in values:
            from taskhub.canvas.joined import fill, join

            parts = self.app.engine.chord_parts(values["joins"])
            request.args = fill(request.args, join(values["joins"], parts))
        if request.chain_rest and not request.chain:
            from taskhub.canvas.rest import load_next

            load_next(self.app.engine, request)

    def consequences(
        self,
        request: Context,
        state: str,
        value: Any,
        error: BaseException | None = None,
        traceback: str | None = None,
    ) -> Consequences:
        if not (
            request.callbacks
            or request.errbacks
            or request.chain
            or request.chain_rest
            or request.chord
        ):
            return NO_CONSEQUENCES
        from taskhub.canvas.consequences import consequences

        return consequences(self.app, request, state, value, error, traceback)

    # -- calling

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Send a call with these arguments.

        Raises:
          TypeError: the arguments do not fit the task.
          EncodeError: one cannot be serialized.
          OperationalError: the store is out of reach.
        """
        return self.apply_async(args, kwargs)

    async def adelay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Send a call without blocking the event loop; see `delay`."""
        return await self.aapply_async(args, kwargs)

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        producer: Any = None,
        link: Any = None,
        link_error: Any = None,
        shadow: str | None = None,
        **options: Any,
    ) -> AsyncResult[R]:
        """Send a call.

        Parameters:
          args, kwargs: the arguments.
          task_id: the call's id; a UUID by default.
          link, link_error: signatures to call when it has succeeded or failed.
          shadow: another name for it in logs.
          options: countdown (seconds), eta (datetime), expires (seconds or datetime), queue,
            priority (0 to 9, 9 first),
            serializer, headers, ignore_result, time_limit and soft_time_limit (seconds), retry,
            retry_policy, and the
            other options of Celery's `apply_async`.

        Raises:
          TypeError: the arguments do not fit the task.
          ValueError: an option is out of range.
          EncodeError: an argument cannot be serialized.
          OperationalError: the store is out of reach, after the tries of `retry_policy`.
        """
        if not self._is_bound:
            return self.bound.apply_async(
                args, kwargs, task_id, producer, link, link_error, shadow, **options
            )
        own = {"link": link, "link_error": link_error, "shadow": shadow}
        options.update({name: value for name, value in own.items() if value is not None})
        if self.makes_results:
            options.setdefault("result_cls", self.AsyncResult)
        args, kwargs, options = self.prepared(args, kwargs, options)
        app = self.app
        if app.conf.task_always_eager:
            eager = app.calls.eagerly(self, args, kwargs, task_id, options)
            return cast("AsyncResult[R]", eager)
        return app.calls.send(self.name, args, kwargs, task_id, options, task=self)

    def prepared(
        self,
        args: Sequence[Any] | None,
        kwargs: Mapping[str, Any] | None,
        options: dict[str, Any],
    ) -> tuple[Sequence[Any] | None, Mapping[str, Any] | None, dict[str, Any]]:
        """Return arguments and options of a call, checked, with what the task itself adds to each of its calls.

        Raises:
          TypeError: the arguments do not fit the task.
        """
        calling.check_arguments(args, kwargs)
        if self._check_arguments is not None:
            self._check_arguments(*(args or ()), **(kwargs or {}))
        if not options.get("shadow"):
            options["shadow"] = self.shadow_name(args, kwargs, options)
        if self._call_defaults:
            options = {**self._call_defaults, **options}
        if self._dump_arguments is not None and options.get("serializer") != "pickle":
            args, kwargs = self._dump_arguments(args or (), kwargs or {})
        for name, linked in self._decorator_links.items():
            options[name] = [*calling.as_list(options.get(name)), *linked]
        return args, kwargs, options

    async def aapply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncResult[R]:
        """Send a call without blocking the event loop; see `apply_async`."""
        import asyncio

        return await asyncio.to_thread(self.apply_async, args, kwargs, **options)

    def shadow_name(self, args: Any, kwargs: Any, options: Any) -> str | None:
        """Return another name for a call in logs; override it as you like."""
        return None

    def message_with_options(
        self, *, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None, **options: Any
    ) -> dramatiq.Message[R]:
        """Build a Dramatiq message of a call, for `send()`, pipelines and groups of Dramatiq's."""
        if not self._is_bound:
            return self.bound.message_with_options(args=args, kwargs=kwargs, **options)
        task_id = options.pop("task_id", None) or str(uuid.uuid4())
        calls = self.app.calls
        call = {**self._call_defaults, **options}
        stored = calling.message_options(call, calls.defaults, None, task_id)
        known = {"queue", *CALL_OPTIONS}
        stored.update((name, value) for name, value in options.items() if name not in known)
        message: dramatiq.Message[R] = dramatiq.Message(
            queue_name=calls.queue(call, self.name, args, kwargs or {}, self),
            actor_name=self.name,
            args=tuple(args),
            kwargs=kwargs or {},
            options=stored,
            message_id=task_id,
        )
        return message

    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        link: Any = None,
        link_error: Any = None,
        task_id: str | None = None,
        retries: int | None = None,
        throw: bool | None = None,
        logfile: str | None = None,
        loglevel: int | None = None,
        headers: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> EagerResult[R]:
        """Run a call here and now, with the endings of a worker; returns its result.

        Parameters:
          throw: raise what the task raises; by default the setting `task_eager_propagates`.
        """
        from taskhub.task.eager import apply_eagerly

        task = self.bound
        links = {
            "callbacks": calling.as_list(link) or None,
            "errbacks": calling.as_list(link_error) or None,
        }
        return apply_eagerly(
            task,
            () if args is None else args,
            {} if kwargs is None else dict(kwargs),
            task_id or str(uuid.uuid4()),
            retries or 0,
            throw,
            {
                **links,
                "headers": headers,
                "logfile": logfile,
                "loglevel": loglevel or 0,
                "ignore_result": options.pop("ignore_result", task.ignore_result),
            },
            options,
        )

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AsyncResult[R]:  # noqa: N802
        """Return the result of a call of this task."""
        return self.app.AsyncResult(task_id, task_name=self.name, **kwargs)

    def send_event(
        self,
        type_: str,
        retry: bool = True,
        retry_policy: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """Append an event of one's own about this call, for whoever follows `app.events`.

        Parameters:
          retry, retry_policy: accepted as Celery's, without effect.

        Raises:
          OperationalError: the store is out of reach.
        """
        self.app.events.default_dispatcher().send(type_, uuid=self.request.id, **fields)

    # -- being a task object

    def push_request(self, *args: Any, **kwargs: Any) -> None:
        """Make a request current, as Celery's tests do."""
        request = Context(*args, **kwargs)
        request._task = self
        enter(request)

    def pop_request(self) -> None:
        """End what `push_request` began."""
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


def _task_by_name(name: str) -> Task[Any, Any]:
    from taskhub.app.current import current_app

    task: Task[Any, Any] = current_app().tasks[name]
    return task
