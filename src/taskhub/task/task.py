"""The task: a Dramatiq actor with Celery's interface."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import dramatiq

from taskhub.call.message import check_arguments
from taskhub.call.values import as_list
from taskhub.canvas.replacement import build_replacement, extend_chord, send_replacement
from taskhub.exceptions import Retry
from taskhub.execution.execution import Execution
from taskhub.execution.request import Context, current_request, entered
from taskhub.task import binding
from taskhub.task.base import TaskBase
from taskhub.task.retry import begin_retry

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.result import AsyncResult, EagerResult

P = ParamSpec("P")
R = TypeVar("R")


class Task(TaskBase[P, R]):
    """A task of an app; made by `app.task`, or by subclassing and `app.register_task`.

    `run` is the task's body; its options are attributes, see `TaskBase`.
    """

    #: Raises `TypeError` when called with arguments that do not fit; None: they are not checked.
    _check_arguments: Callable[..., Any] | None = None
    _call_defaults: Mapping[str, Any] = {}
    _decorator_links: Mapping[str, Any] = {}
    #: Turns models into plain data before a call, when the task was declared with
    #: `pydantic=True`.
    _dump_arguments: Any = None
    #: What runs the body, if a monitoring library has wrapped it; see `tracing`.
    _traced_run: Callable[..., Any] | None = None
    #: The function that was declared; None for tasks written as classes.
    _declared_function: Callable[..., Any] | None = None

    #: Whether it has a way of its own to make the results of its calls.
    makes_results: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.makes_results = cls.AsyncResult is not Task.AsyncResult

    @property
    def sends_plainly(self) -> bool:
        """Whether a canvas may send its calls and make their results itself.

        It may not where `apply_async` is overridden, or replaced in this class, as monitoring
        libraries do.
        """
        return not self.overrides_apply_async and not self.makes_results

    @property
    def overrides_apply_async(self) -> bool:
        """Whether its `apply_async` is not the one of this class as it was written."""
        return type(self).apply_async is not _APPLY_ASYNC

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
        """Do nothing: binding to an app initializes the actor."""

    # -- belonging to an app

    @property
    def bound(self) -> Task[P, R]:
        """This task as an actor of its app, by default the current one."""
        if self._is_bound:
            return self
        app = self.bound_app()
        if self._app is not None:
            return self
        task: Task[P, R] = app.tasks[self.name]
        return task

    def bind_to(self, app: Celery) -> None:
        """Make this task an actor of the broker of `app`; its configuration fills in options."""
        binding.bind(self, app)

    @classmethod
    def on_bound(cls, app: Celery) -> None:
        """Called when the task is bound to an app."""

    # -- running

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the body in this process, as an ordinary function.

        In a worker the body runs under the request of the message; called from anywhere else,
        under one of its own.
        """
        request = current_request()
        execution = None if request is None else request._execution
        if execution is not None and execution.task is self and execution.enter_body():
            run = self._traced_run or self.run_body
            value: R = run(*args, **kwargs)
            return value
        own = Context(args=list(args), kwargs=kwargs)
        own._execution = Execution(self, own)
        with entered(own):
            return self.run(*args, **kwargs)

    def run_body(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body of the current call."""
        request = current_request()
        if request is None or request.is_eager:
            return self.run(*args, **kwargs)
        execution = request._execution
        thread_run = None if execution is None else execution.thread_run
        if thread_run is None:
            return self.fn(*args, **kwargs)
        return thread_run.run(self.fn, args, kwargs)

    # -- while it runs

    def retry(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        exc: BaseException | type[BaseException] | None = None,
        throw: bool = True,
        eta: Any = None,
        countdown: float | None = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> Retry:
        """End this run and try again later; the next try leaves in the commit of this one.

        Args:
            args: Positional arguments of the next try; by default those of this one.
            kwargs: Keyword arguments of the next try; by default those of this one.
            exc: The cause, an exception or its class; raised when there are no more retries.
            throw: Raise `Retry` here; otherwise it is returned, for `raise self.retry(...)`.
            eta: When to try again, as a datetime.
            countdown: The same in seconds from now; by default `default_retry_delay`.
            max_retries: Instead of the task's, for this call.
            options: Further options of the next call, as of `apply_async`.

        Raises:
            Retry: Always, with `throw`.
            MaxRetriesExceededError: There are no more retries, and no `exc`.
            TypeError: An option is of a wrong type.
            ValueError: An option cannot be used.
        """
        retry = begin_retry(self, args, kwargs, exc, (eta, countdown), max_retries, options)
        if throw:
            raise retry
        return retry

    def replace(self, sig: Any) -> Any:
        """End this call and replace it by a signature, with its id, chord, chain and links.

        Use it as `raise self.replace(...)` or `return self.replace(...)`.

        Raises:
            Ignore: always, in a worker.
            ImproperlyConfigured: the signature is an empty chain, or part of a chord.
            TypeError: it is no signature.
        """
        return self.on_replace(build_replacement(self.app, self.request, sig))

    def on_replace(self, sig: Any) -> Any:
        """Called with the signature that replaces this call, to send it in this call's commit.

        Raises:
            Ignore: always, in a worker.
        """
        return send_replacement(self, sig)

    def add_to_chord(self, sig: Any, lazy: bool = False) -> Any:
        """Add a call to the chord of this call, as one more part; it is sent in this call's commit.

        Args:
            sig: The signature of the call.
            lazy: Only prepare it; the caller sends it. If this call is not committed, its value
                does not count.

        Raises:
            ValueError: this call is not part of a chord.
            TypeError: it is no signature.
        """
        return extend_chord(self, sig, lazy)

    # -- calling

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Send a call with these arguments.

        Raises:
            TypeError: the arguments do not fit the task.
            EncodeError: one cannot be serialized.
            OperationalError: the store is out of reach.
        """
        return self.apply_async(args, kwargs)

    def delay_in(self, connection: Any, /, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Send a call with these arguments if a transaction of the caller's is committed.

        The call is written by that transaction, to the outbox table of its database; see
        `app.transaction`, which also says what `connection` may be.

        Raises:
            TypeError: `connection` is none of a database's, or the arguments do not fit the task.
            TransactionError: there is no transaction that can be committed.
            ImproperlyConfigured: the database has no outbox table.
            EncodeError: an argument cannot be serialized.
        """
        with self.bound.app.transaction(connection):
            return self.apply_async(args, kwargs)

    async def adelay_in(
        self, connection: Any, /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncResult[R]:
        """Do as `delay_in`, also in the transaction of an `AsyncConnection`."""
        async with self.bound.app.transaction(connection):
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

        Args:
            args: Positional arguments.
            kwargs: Keyword arguments.
            task_id: The call's id; a UUID by default.
            producer: Accepted as Celery's, without effect.
            link: Signatures to call when it has succeeded.
            link_error: Signatures to call when it has failed.
            shadow: Another name for it in logs.
            options: countdown (seconds), eta (datetime), expires (seconds or datetime), queue,
                priority (0 to 9, 9 first), serializer, headers, ignore_result, time_limit and
                soft_time_limit (seconds), retry, retry_policy, and the other options of Celery's
                `apply_async`; connection: a session or connection of a database in whose
                transaction the call is written, see `app.transaction` (kombu's has no effect).

        Raises:
            TypeError: the arguments do not fit the task.
            ValueError: an option is out of range.
            EncodeError: an argument cannot be serialized.
            OperationalError: the store is out of reach, after the tries of `retry_policy`.
        """
        # Here and not through `apply_async` of the bound task: an override of it has run already.
        task = self if self._is_bound else self.bound
        own = {"link": link, "link_error": link_error, "shadow": shadow}
        options.update({name: value for name, value in own.items() if value is not None})
        if task.makes_results:
            options.setdefault("result_cls", task.AsyncResult)
        args, kwargs, options = task.prepared(args, kwargs, options)
        app = task.app
        if app.conf.task_always_eager:
            eager = app.calls.eager.call(task, args, kwargs, task_id, options)
            return cast("AsyncResult[R]", eager)
        return app.calls.send(task.name, args, kwargs, task_id, options, task=task)

    def prepared(
        self,
        args: Sequence[Any] | None,
        kwargs: Mapping[str, Any] | None,
        options: dict[str, Any],
    ) -> tuple[Sequence[Any] | None, Mapping[str, Any] | None, dict[str, Any]]:
        """Return the checked arguments of a call, and its options with those of the task.

        Raises:
            TypeError: the arguments do not fit the task.
        """
        check_arguments(args, kwargs)
        if self._check_arguments is not None:
            self._check_arguments(*(args or ()), **(kwargs or {}))
        if not options.get("shadow"):
            options["shadow"] = self.shadow_name(args, kwargs, options)
        if self._call_defaults:
            options = {**self._call_defaults, **options}
        if self._dump_arguments is not None and options.get("serializer") != "pickle":
            args, kwargs = self._dump_arguments(args or (), kwargs or {})
        for name, linked in self._decorator_links.items():
            options[name] = [*as_list(options.get(name)), *linked]
        return args, kwargs, options

    async def aapply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncResult[R]:
        """Send a call without blocking the event loop; see `apply_async`."""
        import asyncio

        if options.get("connection") is not None:
            block = self.bound.app.calls.transaction_block(options)
            if block is not None:
                # What it writes is awaited, or only added to a session.
                del options["connection"]
                async with block:
                    return self.apply_async(args, kwargs, **options)
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
        # Only programs with Dramatiq's calls load it.
        from taskhub.task.native_message import build_native_message

        return build_native_message(self, args, kwargs or {}, options)

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
        """Run a call in this process, as a worker would; return its result.

        Args:
            args: Positional arguments.
            kwargs: Keyword arguments.
            link: Signatures to call when it has succeeded.
            link_error: Signatures to call when it has failed.
            task_id: The call's id; a UUID by default.
            retries: How often it was retried.
            throw: Raise what the task raises; by default the setting `task_eager_propagates`.
            logfile: Shown in the request.
            loglevel: Shown in the request.
            headers: Custom headers of the request.
            options: Further options, as of `apply_async`.
        """
        # A program that only sends calls does not load what runs them.
        from taskhub.task.eager import apply_eagerly

        task = self.bound
        values = {
            "callbacks": as_list(link) or None,
            "errbacks": as_list(link_error) or None,
            "headers": headers,
            "logfile": logfile,
            "loglevel": loglevel or 0,
            "ignore_result": options.pop("ignore_result", task.ignore_result),
        }
        task_id = task_id or str(uuid.uuid4())
        arguments = () if args is None else args, dict(kwargs or {})
        return apply_eagerly(task, *arguments, task_id, retries or 0, throw, values, options)

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AsyncResult[R]:  # noqa: N802
        """Return the result of a call of this task."""
        return self.app.AsyncResult(task_id, task_name=self.name, **kwargs)


#: `apply_async` as it was written, before a monitoring library replaces it.
_APPLY_ASYNC = Task.apply_async
