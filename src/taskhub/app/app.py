"""The app: what a program configures, declares its tasks on, and sends calls through."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, overload

from taskhub import signals
from taskhub.app import current, django, stores
from taskhub.app.calls import Calls
from taskhub.app.compatibility import CompatibilityFace
from taskhub.app.configurable import ConfigurableFace
from taskhub.app.declarations import Declarations
from taskhub.app.discovery import import_all
from taskhub.app.monitoring import MonitoringFace
from taskhub.app.registry import TaskRegistry
from taskhub.app.routing import Routes
from taskhub.config.configuration import Configuration
from taskhub.engine.port import Engine
from taskhub.exceptions import AlwaysEagerIgnored
from taskhub.result import AsyncResult
from taskhub.task import calling
from taskhub.task.declaration import task_name
from taskhub.task.task import Task as BaseTask

if TYPE_CHECKING:
    from taskhub.app.decorators import BoundTaskDecorator, CoroutineTask, TaskDecorator
    from taskhub.canvas.signature import Signature
    from taskhub.engine.broker import EngineBroker
    from taskhub.outcome import Consequences
    from taskhub.result.backend import Backend
    from taskhub.worker.context import Context

P = ParamSpec("P")
R = TypeVar("R")


class Celery(ConfigurableFace, CompatibilityFace, MonitoringFace):
    """An application: its configuration, its tasks, and the stores behind them.

    Making one connects to nothing; the engine is made when it is first needed.

    Parameters:
      main: the name that stands for `__main__` in the names of tasks.
      broker, backend: URLs of the stores, e.g. "redis://localhost:6379/0"; without, the
        development store is used.
      set_as_current: make it the current app, and its broker Dramatiq's.
      tasks: tasks to begin with, by name.
      include: modules to import when a worker starts.
      changes: settings, by name.
      config_source: an object, or the name of a module, with settings.
      task_cls: the class of its tasks, or the path of one.
      autofinalize: bind tasks when they are first used; otherwise only `finalize()` makes them
        usable.
      namespace: the prefix of the settings in `config_source`.
      strict_typing: check arguments of calls against the signatures of tasks.
      config_source_silent: a `config_source` that can't be imported counts as empty.
      loader, amqp, events, log, control, fixups: accepted as Celery's, without effect.
      settings: any other setting by its name.
    """

    #: The class of its tasks, or the path of one; may be set by subclasses.
    task_cls: Any = None

    def __init__(
        self,
        main: str | None = None,
        loader: Any = None,
        backend: str | None = None,
        amqp: Any = None,
        events: Any = None,
        log: Any = None,
        control: Any = None,
        set_as_current: bool = True,
        tasks: Any = None,
        broker: str | None = None,
        include: Sequence[str] | None = None,
        changes: Mapping[str, Any] | None = None,
        config_source: Any = None,
        fixups: Any = None,
        task_cls: Any = None,
        autofinalize: bool = True,
        namespace: str | None = None,
        strict_typing: bool = True,
        config_source_silent: bool = False,
        **settings: Any,
    ) -> None:
        self.main = main
        self.strict_typing = strict_typing
        self.autofinalize = autofinalize
        self.on_configure = signals.Signal(name="app.on_configure")
        self.on_after_configure = signals.Signal(name="app.on_after_configure")
        self.on_after_finalize = signals.Signal(name="app.on_after_finalize")
        self.on_after_fork = signals.Signal(name="app.on_after_fork")
        arguments = {
            "broker_url": broker,
            "result_backend": backend,
            "include": include,
            **settings,
        }
        self.conf = Configuration(
            changes,
            arguments={name: value for name, value in arguments.items() if value is not None},
            before_load=lambda: self.on_configure.send(self),
            after_load=self._configured,
        )
        if config_source is not None:
            self.config_from_object(config_source, silent=config_source_silent, namespace=namespace)
        if task_cls is not None:
            self.task_cls = task_cls
        self.declarations = Declarations(self, tasks)
        self._discoveries: list[Callable[[], None]] = []
        self._periodic: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._has_imported = False
        self._engine: Engine | None = None
        self._broker: EngineBroker | None = None
        self.steps: defaultdict[str, set[Any]] = defaultdict(set)
        self.user_options: defaultdict[str, set[Any]] = defaultdict(set)
        django.adapt(self)
        if set_as_current:
            self.set_current()
        self.on_init()
        current.register_app(self)

    def on_init(self) -> None:
        """Called when it has been made; for subclasses."""

    # -- being the current app

    def set_current(self) -> None:
        """Make this the current app, and its broker the one that Dramatiq's actors are declared
        on.
        """
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
        """Close every connection, and stop sharing its tasks; the app opens new connections when
        it is used again.
        """
        current.deregister_app(self)
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
                    # For pyright a cached property is none of a protocol's properties.
                    app: Any = self
                    self._broker = make_broker(app, self._boot, self._after_failure)
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

    @property
    def failure_ttl(self) -> int | None:
        """The same for failures (`result_failure_expires`)."""
        expires = self.conf.result_failure_expires
        return self.result_ttl if expires is None else stores.milliseconds(expires)

    def _boot(self) -> None:
        """Get ready to work: import what the settings name, bind the tasks, declare the queues."""
        self.import_modules()
        self.finalize(auto=True)
        for name in self.calls.routes.names:
            self.broker.declare_queue(name)

    def _after_failure(self, request: Context, error: Exception) -> Consequences:
        """Return what the failure of a task causes that is not registered here."""
        from taskhub import states
        from taskhub.canvas.consequences import consequences

        return consequences(self, request, states.FAILURE, None, error)

    # -- configuration

    def _configured(self) -> None:
        for name, entry in self._periodic.items():
            self.conf.beat_schedule[name] = entry
        self.on_after_configure.send(self, source=self.conf)

    # -- tasks

    @property
    def Task(self) -> Any:  # noqa: N802
        """The class of this app's tasks; assign another to change it."""
        task_class: Any = self.task_cls or BaseTask
        if isinstance(task_class, str):
            module, _, name = task_class.replace(":", ".").rpartition(".")
            task_class = self.task_cls = getattr(import_module(module), name)
        return task_class

    @Task.setter
    def Task(self, task_class: Any) -> None:  # noqa: N802
        self.task_cls = task_class

    @property
    def tasks(self) -> TaskRegistry:
        """The tasks by name, bound to this app."""
        self.finalize(auto=True)
        return self.declarations.registry

    @overload
    def task(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> CoroutineTask[P, R]: ...
    @overload
    def task(self, function: Callable[P, R], /) -> BaseTask[P, R]: ...
    @overload
    def task(self, *, bind: Literal[True], **options: Any) -> BoundTaskDecorator: ...
    @overload
    def task(self, *, bind: Literal[False] = False, **options: Any) -> TaskDecorator: ...
    def task(self, *args: Any, **options: Any) -> Any:
        """Declare a task: `@app.task`, or `@app.task(name=..., bind=True, ...)` with the options
        of a task.

        Besides those of Celery's decorator, `link` and `link_error` are added to every call. Other
        apps get the task, too,
        unless `shared` is False.

        Raises:
          TypeError: what it is applied to is not a function.
        """

        def decorate(function: Callable[..., Any]) -> Any:
            task = self.declarations.declare(function, options)
            if options.get("shared", True):
                self.declarations.shared.append((function, options))
            chosen = options.get("filter")
            return chosen(task) if chosen else task

        if not args:
            return decorate
        function, *more = args
        if more:
            given = len(args) + len(options)
            raise TypeError(f"@task() takes exactly 1 argument ({given} given)")
        if not callable(function):
            raise TypeError("argument 1 to @task() must be a callable")
        return decorate(function)

    def gen_task_name(self, name: str, module: str) -> str:
        """Return the name of a task that was given none; override it as you like."""
        return task_name(self.main, name, module)

    def register_task(self, task: Any, **options: Any) -> Any:
        """Add a task that was written as a class, given as an instance or as the class."""
        return self.declarations.register(task, options)

    @property
    def finalized(self) -> bool:
        """Whether its tasks are bound."""
        return self.declarations.finalized

    def finalize(self, auto: bool = False) -> None:
        """Bind the tasks declared so far; those declared later are bound at once.

        Raises:
          RuntimeError: `auto` was asked for, but the app was made with `autofinalize=False`.
        """
        self.declarations.finalize(auto)

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

    def import_modules(self) -> None:
        """Send the signal `import_modules`, import those of the settings `include` and `imports`, and
        discover tasks.
        """
        import_all(self)

    # -- calling

    @cached_property
    def calls(self) -> Calls:
        """The way out for calls."""
        return Calls(self)

    @property
    def routes(self) -> Routes:
        """Where calls go."""
        return self.calls.routes

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
        if self.conf.task_always_eager:
            warnings.warn(
                AlwaysEagerIgnored("task_always_eager has no effect on send_task"), stacklevel=2
            )
        task = self.declarations.registry.get(name)
        if task is not None:
            defaults = task.bound._call_defaults
            options = {**defaults, **options} if defaults else options
        return self.calls.send(name, args, kwargs, task_id, options, task=task)

    def signature(self, *args: Any, **kwargs: Any) -> Signature:
        """Return a signature of one of this app's tasks."""
        from taskhub.canvas.signature import signature

        made: Signature = signature(*args, **{**kwargs, "app": self})
        return made

    # -- results

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AsyncResult[Any]:  # noqa: N802
        """Return the result of a call, by its id."""
        return AsyncResult(task_id, app=self, **kwargs)

    @contextlib.contextmanager
    def as_current(self) -> Generator[Celery]:
        """Make this the current app of a block."""
        token = current._here.set(self)
        try:
            yield self
        finally:
            current._here.reset(token)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.main or '__main__'} at {id(self):#x}>"
