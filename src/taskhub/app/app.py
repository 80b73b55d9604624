"""The app: what a program configures, declares its tasks on, and sends calls through."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, overload
from zoneinfo import ZoneInfo

from taskhub.app import current, routing, shared, stores
from taskhub.app.registry import TaskRegistry
from taskhub.config.configuration import Configuration
from taskhub.engine.port import Engine
from taskhub.message import Envelope
from taskhub.result import AsyncResult, GroupResult, ResultSet
from taskhub.task import calling
from taskhub.task.task import Task
from taskhub.worker.context import Context, current_request

if TYPE_CHECKING:
    from taskhub.canvas.signature import Signature
    from taskhub.engine.broker import EngineBroker
    from taskhub.result.backend import Backend

P = ParamSpec("P")
R = TypeVar("R")


class Celery:
    """An application: its configuration, its tasks, and the stores behind them.

    Making one connects to nothing; the engine is made when it is first needed.

    Parameters:
      main: the name that stands for `__main__` in the names of tasks.
      broker, backend: URLs of the stores, e.g. "redis://localhost:6379/0"; without, the development store is used.
      include: modules to import when a worker starts.
      config_source: an object, or the name of a module, with settings.
      set_as_current: make it the current app, and its broker Dramatiq's.
      changes: settings, by name.
      task_cls: the class of its tasks.
      autofinalize: bind tasks when they are first used; otherwise only `finalize()` does.
      namespace: the prefix of the settings in `config_source`.
      settings: any other setting by its name.
    """

    def __init__(
        self,
        main: str | None = None,
        *,
        broker: str | None = None,
        backend: str | None = None,
        include: Sequence[str] | None = None,
        config_source: Any = None,
        set_as_current: bool = True,
        changes: Mapping[str, Any] | None = None,
        task_cls: Any = None,
        tasks: Any = None,
        autofinalize: bool = True,
        namespace: str | None = None,
        strict_typing: bool = True,
        **settings: Any,
    ) -> None:
        from taskhub.app.events import Event

        self.main = main
        self.strict_typing = strict_typing
        self.finalized = False
        self.autofinalize = autofinalize
        self.on_configure = Event("on_configure")
        self.on_after_configure = Event("on_after_configure")
        self.on_after_finalize = Event("on_after_finalize")
        self.on_after_fork = Event("on_after_fork")
        arguments = {"broker_url": broker, "result_backend": backend, "include": include}
        self.conf = Configuration(
            changes,
            arguments={
                **{name: value for name, value in arguments.items() if value is not None},
                **settings,
            },
            before_load=lambda: self.on_configure.send(self),
            after_load=lambda: self.on_after_configure.send(self, source=self.conf),
        )
        if config_source is not None:
            self.conf.config_from_object(config_source, namespace=namespace)
        self._task_class = task_cls
        self._tasks: TaskRegistry = tasks if isinstance(tasks, TaskRegistry) else TaskRegistry()
        self._pending: list[tuple[Task[Any, Any], Mapping[str, Any]]] = []
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._broker: EngineBroker | None = None
        self.steps: dict[str, set[Any]] = {"worker": set(), "consumer": set()}
        self.user_options: dict[str, set[Any]] = {"worker": set(), "preload": set()}
        current.register_app(self)
        for construct in shared.constructors():
            construct(self)
        if set_as_current:
            self.set_current()

    # -- being the current app

    def set_current(self) -> None:
        """Make this the current app, and its broker the one that Dramatiq's actors are declared on."""
        import dramatiq

        current.set_current_app(self)
        dramatiq.set_broker(self.broker)

    def set_default(self) -> None:
        """Make this the app that is used when there is no current one."""
        current.set_default_app(self)

    def __enter__(self) -> Celery:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the app opens new ones when it is used again."""
        if self._engine is not None:
            self._engine.close()

    # -- stores

    @property
    def engine(self) -> Engine:
        """The engine behind this app.

        Raises:
          ImproperlyConfigured: a store's URL cannot be used.
        """
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    self._engine = stores.make_engine(self.conf)
        return self._engine

    @property
    def broker(self) -> EngineBroker:
        """The Dramatiq broker of this app's tasks."""
        if self._broker is None:
            from taskhub.worker.middleware import make_broker

            with self._lock:
                if self._broker is None:
                    self._broker = make_broker(lambda: self.engine, boot=self._boot)
        return self._broker

    @cached_property
    def backend(self) -> Backend:
        """What is stored about results."""
        from taskhub.result.backend import Backend

        return Backend(self)

    @property
    def result_ttl(self) -> int | None:
        """How long results are kept, milliseconds; None: for ever."""
        return stores.milliseconds(self.conf.result_expires)

    def _boot(self) -> None:
        """Get ready to work: import what the settings name, bind the tasks, declare the queues."""
        self.import_modules()
        self.finalize(auto=True)
        for name in self.routes.names:
            self.broker.declare_queue(name)

    # -- configuration

    def config_from_object(
        self, obj: Any, silent: bool = False, force: bool = False, namespace: str | None = None
    ) -> None:
        """Take the configuration from an object, or from a module given by name."""
        self.conf.config_from_object(obj, silent=silent, force=force, namespace=namespace)

    def config_from_envvar(
        self, variable_name: str, silent: bool = False, force: bool = False
    ) -> bool:
        """Take the configuration from the module that an environment variable names."""
        return self.conf.config_from_envvar(variable_name, silent=silent, force=force)

    def add_defaults(self, source: Any) -> None:
        """Add settings below those that were set: a mapping, or a function that returns one."""
        self.conf.add_defaults(source)

    @property
    def timezone(self) -> tzinfo:
        """The time zone of the settings `timezone` and `enable_utc`."""
        name = self.conf.timezone
        if not name:
            return UTC if self.conf.enable_utc else datetime.now().astimezone().tzinfo or UTC
        return ZoneInfo(name) if isinstance(name, str) else name  # type: ignore[no-any-return]

    def now(self) -> datetime:
        """Return the present in the app's time zone."""
        return datetime.now(self.timezone)

    @cached_property
    def routes(self) -> routing.Routes:
        """Where calls go."""
        return routing.Routes(
            self.conf.task_routes,
            self.conf.task_queues,
            self.conf.task_default_queue,
            self.conf.task_create_missing_queues,
        )

    @cached_property
    def call_defaults(self) -> calling.CallDefaults:
        """What the configuration adds to every call."""
        return calling.CallDefaults(
            self.conf.task_serializer,
            self.conf.task_default_priority,
            self.timezone,
            self.conf.task_inherit_parent_priority,
        )

    # -- tasks

    @property
    def Task(self) -> type[Task[Any, Any]]:
        """The class of this app's tasks; assign another to change it."""
        task_class = self._task_class or Task
        if isinstance(task_class, str):
            from importlib import import_module

            module, _, name = task_class.replace(":", ".").rpartition(".")
            task_class = self._task_class = getattr(import_module(module), name)
        return task_class  # type: ignore[no-any-return]

    @Task.setter
    def Task(self, task_class: Any) -> None:
        self._task_class = task_class

    @property
    def tasks(self) -> TaskRegistry:
        """The tasks by name, bound to this app."""
        self.finalize(auto=True)
        return self._tasks

    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def task(
        self, *, bind: Literal[True], **options: Any
    ) -> Callable[[Callable[Concatenate[Any, P], R]], Task[P, R]]: ...
    @overload
    def task(self, **options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...
    def task(self, *args: Any, **options: Any) -> Any:
        """Declare a task: `@app.task`, or `@app.task(name=..., bind=True, ...)` with the options of a task."""
        if len(args) == 1 and callable(args[0]):
            return self.declare(args[0], options)
        if args:
            raise TypeError("@task() takes a function, or keyword arguments")
        return lambda function: self.declare(function, options)

    def declare(self, function: Callable[..., Any], options: Mapping[str, Any]) -> Task[Any, Any]:
        """Return the task that runs `function`; the one already declared if its name is taken."""
        from taskhub.task.declaration import declare

        task = declare(self, function, options)
        existing = self._tasks.get(task.name)
        if existing is not None:
            return existing  # type: ignore[no-any-return]
        self._add(task, options)
        return task

    def register_task(self, task: Any, **options: Any) -> Any:
        """Add a task that was written as a class."""
        instance = task() if isinstance(task, type) else task
        if not instance.name:
            from taskhub.task.declaration import task_name

            kind = type(instance)
            instance.name = task_name(self.main, kind.__name__, kind.__module__)
        instance._app = self
        self._add(instance, options)
        return instance

    def _add(self, task: Task[Any, Any], options: Mapping[str, Any]) -> None:
        with self._lock:
            self._tasks[task.name] = task
            if self.finalized:
                task.bind_to(self, options)
            else:
                self._pending.append((task, options))

    def finalize(self, auto: bool = False) -> None:
        """Bind the tasks declared so far; those declared later are bound at once.

        Raises:
          RuntimeError: `auto` was asked for, but the app was made with `autofinalize=False`.
        """
        if self.finalized:
            return
        with self._lock:
            if self.finalized:
                return
            if auto and not self.autofinalize:
                raise RuntimeError("Contract breach: app not finalized")
            self.finalized = True
            pending, self._pending = self._pending, []
            for task, options in pending:
                task.bind_to(self, options)
        self.on_after_finalize.send(self)

    def autodiscover_tasks(
        self,
        packages: Iterable[str] | Callable[[], Iterable[str]] | None = None,
        related_name: str | None = "tasks",
        force: bool = False,
    ) -> None:
        """Import `related_name` of packages when a worker starts (with `force`, now), as Celery's.

        Without packages those of Django's installed apps are taken.
        """
        from taskhub.app.discovery import import_related

        def discover() -> None:
            import_related(packages() if callable(packages) else packages, related_name)

        if force:
            discover()
        else:
            self._discoveries.append(discover)

    @cached_property
    def _discoveries(self) -> list[Callable[[], None]]:
        return []

    def import_modules(self) -> None:
        """Import the modules of the settings `include` and `imports`, and discover tasks."""
        from importlib import import_module

        for module in (*(self.conf.include or ()), *(self.conf.imports or ())):
            import_module(module)
        while self._discoveries:
            self._discoveries.pop(0)()

    # -- calling

    def route(
        self, options: Mapping[str, Any], name: str, args: Any, kwargs: Any, task: Any
    ) -> str:
        """Return the queue of a call."""
        return self.routes.queue(self.routes.options(options, name, args, kwargs, task))

    def envelope(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        task_id: str,
        options: Mapping[str, Any],
        task: Task[Any, Any] | None = None,
        parent: Context | None = None,
    ) -> Envelope:
        """Return the stored form of a call.

        Raises:
          EncodeError: an argument cannot be serialized.
          ValueError: an option is out of range.
        """
        routed = self.routes.options(options, name, args, kwargs, task)
        defaults = self.call_defaults
        stored = calling.message_options(routed, defaults, parent, task_id)
        due = calling.AT_ONCE
        if routed:
            due = calling.due(routed.get("countdown"), routed.get("eta"), defaults.timezone)
        return calling.envelope(
            task_name=name,
            task_id=task_id,
            queue=self.routes.queue(routed),
            args=args or (),
            kwargs=kwargs or {},
            stored=stored,
            due=due,
            serializer=routed.get("serializer") or defaults.serializer,
        )

    def envelope_of(self, signature: Signature) -> Envelope:
        """Return the stored form of the call that a signature describes."""
        options = signature.options
        task_id = options.get("task_id") or str(uuid.uuid4())
        return self.envelope(signature["task"], signature.args, signature.kwargs, task_id, options)

    def send(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        task_id: str | None,
        options: Mapping[str, Any],
        *,
        task: Task[Any, Any] | None = None,
    ) -> AsyncResult[Any]:
        """Send a call and return its result; the one way out for every call."""
        task_id = task_id or str(uuid.uuid4())
        parent = current_request()
        if parent is not None and (parent.id is None or parent.called_directly):
            parent = None
        envelope = self.envelope(name, args, kwargs, task_id, options, task, parent)
        conf = self.conf
        policy = stores.retry_policy(conf, options.get("retry"), options.get("retry_policy"))
        self.broker.send(envelope, policy)
        result: AsyncResult[Any] = AsyncResult(task_id, app=self, task_name=name)
        ignored = options.get("ignore_result")
        result.ignored = bool(task.ignore_result if ignored is None and task else ignored)
        if parent is not None and options.get("add_to_parent", True) and parent._task is not None:
            parent._task.add_trail(result)
        return result

    def send_task(
        self,
        name: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        **options: Any,
    ) -> AsyncResult[Any]:
        """Send a call of a task by name; it need not be known here. Options as `Task.apply_async`.

        Raises:
          EncodeError: an argument cannot be serialized.
          OperationalError: the store is out of reach.
        """
        calling.check_arguments(args, kwargs)
        task = self._tasks.get(name)
        if task is not None:
            defaults = task.bound._call_defaults
            options = {**defaults, **options} if defaults else options
        return self.send(name, args, kwargs, task_id, options, task=task)

    def call_eagerly(
        self, task: Task[Any, Any], args: Any, kwargs: Any, task_id: str | None, options: Any
    ) -> Any:
        """Run a call here and now (`task_always_eager`), with arguments as a worker would receive them."""
        from taskhub.result import denied_join_result
        from taskhub.task.eager import through_serializer

        serializer = options.get("serializer") or self.call_defaults.serializer
        new_args, new_kwargs = through_serializer(args, kwargs, serializer)
        with denied_join_result():
            return task.apply(new_args, new_kwargs, task_id=task_id, **options)

    def run_eagerly(self, envelope: Envelope) -> None:
        """Run what an eager call would have sent."""
        from taskhub.message import decode_body

        fields = decode_body(envelope.body)
        options = fields["options"]
        task = self.tasks[fields["actor_name"]]
        task.apply(
            fields["args"],
            fields["kwargs"],
            task_id=envelope.task_id,
            link=options.get("callbacks"),
            link_error=options.get("errbacks"),
        )

    def follow_ups(
        self, request: Context, state: str, value: Any, error: BaseException | None = None
    ) -> tuple[Envelope, ...]:
        """Return the messages that the ending of a call causes."""
        from taskhub.canvas.follow_ups import follow_ups

        return follow_ups(self, request, state, value, error)

    def signature(self, *args: Any, **kwargs: Any) -> Signature:
        """Return a signature of one of this app's tasks."""
        from taskhub.canvas.signature import signature

        kwargs["app"] = self
        return signature(*args, **kwargs)

    # -- results

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AsyncResult[Any]:
        """Return the result of a call, by its id."""
        return AsyncResult(task_id, app=self, **kwargs)

    def GroupResult(self, group_id: str, results: Any = None, **kwargs: Any) -> GroupResult:
        """Return the results of a group, by its id."""
        return GroupResult(group_id, results, app=self, **kwargs)

    def ResultSet(self, results: Any, **kwargs: Any) -> ResultSet:
        """Return some results as one."""
        return ResultSet(results, app=self, **kwargs)

    # -- the running task

    @property
    def current_task(self) -> Any:
        """The innermost task that is running, None outside of tasks."""
        request = current_request()
        return request._task if request is not None else None

    @property
    def current_worker_task(self) -> Any:
        """The task that a worker is running here, None outside of workers."""
        request = current_request()
        while request is not None:
            if not request.called_directly:
                return request._task
            request = request._previous
        return None

    @contextlib.contextmanager
    def as_current(self) -> Iterator[Celery]:
        """Make this the current app of a block."""
        token = current._here.set(self)
        try:
            yield self
        finally:
            current._here.reset(token)

    def __repr__(self) -> str:
        return f"<Celery {self.main or '__main__'} at {id(self):#x}>"
