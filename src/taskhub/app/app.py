"""The app: its configuration, its tasks, and the calls that are sent through it."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, overload

from taskhub import current, signals
from taskhub.app import command_line, django, stores
from taskhub.app.attributes import AppAttributes
from taskhub.app.configuration import AppConfiguration
from taskhub.app.declarations import Declarations
from taskhub.app.discovery import import_all, import_related
from taskhub.app.registry import TaskRegistry
from taskhub.app.services import AppServices
from taskhub.closable import Closable
from taskhub.config.configuration import Configuration
from taskhub.config.transport_options import priority_steps
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.port.engine import Engine
from taskhub.execution.request import current_request_id
from taskhub.message import PriorityOrder
from taskhub.result import AsyncResult
from taskhub.task.declaration import task_name
from taskhub.task.task import Task as BaseTask

if TYPE_CHECKING:
    from taskhub.app.decorators import BoundTaskDecorator, CoroutineTask, TaskDecorator
    from taskhub.health import Finding

P = ParamSpec("P")
R = TypeVar("R")


class Celery(Closable, AppConfiguration, AppServices, AppAttributes):
    """An application: its configuration, its tasks, and the stores behind them.

    Making one connects to nothing; the engine is made when it is first needed.

    Args:
        main: The name that stands for `__main__` in the names of tasks.
        loader: The class of the loader, or its path, if it is one of the program's own.
        backend: URL of the result store; without, results are kept beside the messages.
        amqp: Accepted as Celery's, without effect.
        events: Accepted as Celery's, without effect.
        log: Accepted as Celery's, without effect.
        control: Accepted as Celery's, without effect.
        set_as_current: Make it the current app, and its broker Dramatiq's.
        tasks: Tasks to begin with, by name.
        broker: URL of the store, e.g. "redis://localhost:6379/0"; without, the development store
            is used.
        include: Modules to import when a worker starts.
        changes: Settings, by name.
        config_source: An object, or the name of a module, with settings.
        fixups: Accepted as Celery's, without effect.
        task_cls: The class of its tasks, or the path of one.
        autofinalize: Bind tasks when they are first used; otherwise only `finalize()` makes them
            usable.
        namespace: The prefix of the settings in `config_source`.
        strict_typing: Check arguments of calls against the signatures of tasks.
        config_source_silent: A `config_source` that can't be imported counts as empty.
        settings: Any other setting by its name.
    """

    #: The class of its tasks, or the path of one; may be set by subclasses.
    task_cls: Any = None
    #: The class of `app.loader`, its path, or a short name; None: the default one.
    loader_cls: Any = None
    #: Called with a group's id and its results as a tuple when it is saved, or None when deleted.
    mirror_group: Callable[[str, Any], None] | None = None
    #: Bootsteps by "worker" and "consumer"; each worker process starts and stops them.
    steps: defaultdict[str, set[Any]]
    #: Further checks of `taskhub doctor`: functions that take the app and yield findings.
    checks: list[Callable[[Any], Iterable[Finding]]]
    #: Further lines of `taskhub up`: functions that take the app and return a label and a text.
    banner: list[Callable[[Any], tuple[str, str]]]
    #: The call that `taskhub up` proposes: a task's name, and keyword arguments; None: none.
    first_call: tuple[str, Mapping[str, Any]] | None = None

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
        if loader is not None:
            self.loader_cls = loader
        self.declarations = Declarations(self, tasks)
        self._discoveries: list[Callable[[], None]] = []
        self._periodic: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._has_imported = False
        self._engine: Engine | None = None
        self._broker: EngineBroker | None = None
        self.steps = defaultdict(set)
        self.checks = []
        self.banner = []
        django.adapt(self)
        if set_as_current:
            self.set_current()
        self.on_init()
        current.register_app(self)

    def on_init(self) -> None:
        """Initialize a subclass; called at the end of `__init__`."""

    # -- being the current app

    def set_current(self) -> None:
        """Make this the current app, and its broker the one of Dramatiq's actors."""
        import dramatiq

        current.set_current_app(self)
        dramatiq.set_broker(self.broker)

    @contextlib.contextmanager
    def as_current(self) -> Generator[Celery]:
        """Make this the current app of a block."""
        token = current._here.set(self)
        try:
            yield self
        finally:
            current._here.reset(token)

    def set_default(self) -> None:
        """Make this the app that is used when there is no current one."""
        current.set_default_app(self)

    def close(self) -> None:
        """Close all connections, and stop sharing its tasks; they reopen when the app is used."""
        current.deregister_app(self)
        self.close_connections()

    def close_connections(self) -> None:
        """Close the connections to the stores; they reopen when the app is used."""
        if self._engine is not None:
            self._engine.close()

    # -- stores

    @property
    def engine(self) -> Engine:
        """The engine behind this app.

        Raises:
            ImproperlyConfigured: A store's URL cannot be used.
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
            with self._lock:
                if self._broker is None:
                    self._broker = EngineBroker(
                        lambda: self.engine, set_up_worker=self._set_up_worker
                    )
                    self._broker.priority_order = self._priority_order
                    self._broker.request_id = current_request_id
        return self._broker

    def _set_up_worker(self, broker: EngineBroker) -> None:
        from taskhub.app.worker_setup import set_up_worker

        set_up_worker(broker, self, self._boot)

    def _priority_order(self) -> PriorityOrder:
        return PriorityOrder(priority_steps(self.conf.broker_transport_options))

    @property
    def actors(self) -> Mapping[str, Any]:
        """Tasks and native actors on the broker, by name; none before the broker is made."""
        return {} if self._broker is None else self._broker.actors

    def _boot(self) -> None:
        """Prepare for work: import the modules of the settings, bind tasks, declare queues."""
        self.import_modules()
        self.finalize(auto=True)
        for name in self.calls.routes.names:
            self.broker.declare_queue(name)

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
        """Declare a task: `@app.task`, or `@app.task(name=..., bind=True, ...)`.

        Besides those of Celery's decorator, the options `link` and `link_error` are added to every
        call. Other apps get the task, too, unless `shared` is False.

        Raises:
            TypeError: What it is applied to is not a function.
        """
        return self.declarations.decorate(args, options)

    def gen_task_name(self, name: str, module: str) -> str:
        """Return the name of a task that was given none; subclasses may override it."""
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
            RuntimeError: `auto` is set, but the app was made with `autofinalize=False`.
        """
        self.declarations.finalize(auto)

    def autodiscover_tasks(
        self,
        packages: Iterable[str] | Callable[[], Iterable[str]] | None = None,
        related_name: str | None = "tasks",
        force: bool = False,
    ) -> None:
        """Import `related_name` of packages when a worker starts.

        Args:
            packages: The packages, or a function that returns them; None: those of Django's
                installed apps.
            related_name: The module in each of them; None: the packages themselves.
            force: Import them now.
        """

        def discover() -> None:
            import_related(packages() if callable(packages) else packages, related_name)

        if force:
            discover()
        else:
            self._discoveries.append(discover)

    def import_modules(self) -> None:
        """Import the modules of the settings, send `import_modules`, and discover tasks."""
        import_all(self)

    # -- calling

    def send_task(
        self,
        name: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        **options: Any,
    ) -> AsyncResult[Any]:
        """Send a call of a task by name; the task need not be known here.

        Args:
            name: The task's name.
            args: Arguments.
            kwargs: Keyword arguments.
            task_id: The call's id; None: a new one.
            options: As of `Task.apply_async`.

        Raises:
            EncodeError: An argument cannot be serialized.
            OperationalError: The store is out of reach.
        """
        return self.calls.send_by_name(name, args, kwargs, task_id, options)

    # -- programs

    def start(self, argv: Sequence[str] | None = None) -> Any:
        """Run the command `celery` with `argv` (by default this program's) for this app.

        Worker processes are started anew, so they import the module that has the app as an
        attribute. If that is the program itself, it is run there under the name `__mp_main__`, as
        by `multiprocessing`: what only the program is to do stands under `if __name__ ==
        "__main__"`.

        Raises:
            ImproperlyConfigured: No module has this app as an attribute, and `argv` names none
                with `-A`.
        """
        return command_line.run_command_line(self, argv)

    def worker_main(self, argv: Sequence[str] | None = None) -> Any:
        """Run a worker of this app, e.g. `app.worker_main(["worker", "-c", "4"])`; see `start`.

        Raises:
            ValueError: `argv` does not name the command `worker`.
        """
        return command_line.run_worker(self, argv)

    def __call__(self) -> Celery:
        """Return the app itself, so that it can be given where a factory of apps is expected."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Only programs that pickle apps load it.
        from taskhub.app.pickling import reduce_app

        return reduce_app(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.main or '__main__'} at {id(self):#x}>"
