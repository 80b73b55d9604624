"""Loaders: they import an app's modules, and have hooks that subclasses define (`app.loader`)."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub import signals
from taskhub.app.discovery import find_related_module, import_related
from taskhub.app.discovery import import_related as autodiscover_tasks

if TYPE_CHECKING:
    from types import ModuleType

    from taskhub import Celery

__all__ = ("BaseLoader", "autodiscover_tasks", "find_related_module")

#: The hooks of a loader, and the signals by which they are called.
_HOOKS = {
    "on_worker_init": signals.worker_init,
    "on_worker_process_init": signals.worker_process_init,
    "on_worker_shutdown": signals.worker_shutdown,
}


class BaseLoader:
    """Imports the modules of an app; subclasses are given by `Celery(loader=MyLoader)`.

    Args:
        app: The app.
    """

    #: Modules that are imported besides those of the settings.
    builtin_modules: Iterable[str] = frozenset()
    #: Whether `on_worker_init` was called.
    worker_initialized = False

    def __init__(self, app: Celery, **kwargs: Any) -> None:
        self.app = app
        self.task_modules: set[str] = set()

    # -- hooks of subclasses

    def on_task_init(self, task_id: str, task: Any) -> None:
        """Called before a task runs."""

    def on_process_cleanup(self) -> None:
        """Called when a task has run."""

    def on_worker_init(self) -> None:
        """Called when a worker starts."""

    def on_worker_shutdown(self) -> None:
        """Called when a worker ends."""

    def on_worker_process_init(self) -> None:
        """Called when a process that runs tasks starts."""

    def read_configuration(self, env: str = "CELERY_CONFIG_MODULE") -> Mapping[str, Any] | None:
        """Return settings, for an app without another source; None: there are none."""
        return None

    # -- importing

    @property
    def conf(self) -> Any:
        """The app's settings."""
        return self.app.conf

    @cached_property
    def default_modules(self) -> list[str]:
        """The modules that `import_default_modules` imports."""
        conf = self.app.conf
        return [*self.builtin_modules, *(conf.imports or ()), *(conf.include or ())]

    def import_default_modules(self) -> list[Any]:
        """Import the modules that the settings name, and those in which tasks are looked for."""
        self.app.import_modules()
        return [self.import_task_module(name) for name in self.default_modules]

    def import_task_module(self, module: str) -> Any:
        """Import a module with tasks."""
        self.task_modules.add(module)
        return self.import_from_cwd(module)

    def import_module(self, module: str, package: str | None = None) -> ModuleType:
        """Import a module."""
        return importlib.import_module(module, package=package)

    def import_from_cwd(
        self, module: str, imp: Any = None, package: str | None = None
    ) -> ModuleType:
        """Import a module."""
        imported: ModuleType = (imp or self.import_module)(module, package=package)
        return imported

    def autodiscover_tasks(
        self, packages: Iterable[str], related_name: str | None = "tasks"
    ) -> None:
        """Import `related_name` of each package that has it."""
        import_related(list(packages or ()), related_name)

    def find_module(self, module: str) -> ModuleType:
        """Import a module."""
        return importlib.import_module(module)

    def find_related_module(self, package: str, related_name: str | None) -> ModuleType | None:
        """Import `related_name` of a package; None if it has none."""
        return find_related_module(package, related_name)

    def config_from_object(self, obj: Any, silent: bool = False) -> bool:
        """Let the app take its settings from an object."""
        self.app.config_from_object(obj, silent=silent)
        return True

    def init_worker(self) -> None:
        """Import the modules, and call `on_worker_init`, once."""
        if not self.worker_initialized:
            self.worker_initialized = True
            self.import_default_modules()
            self.on_worker_init()

    def shutdown_worker(self) -> None:
        """Call `on_worker_shutdown`."""
        self.on_worker_shutdown()

    def init_worker_process(self) -> None:
        """Call `on_worker_process_init`."""
        self.on_worker_process_init()

    def now(self, utc: bool = True) -> datetime:
        """Return the present in UTC or in this machine's zone, naive as in Celery."""
        return (datetime.now(UTC) if utc else datetime.now()).replace(tzinfo=None)

    @property
    def override_backends(self) -> dict[str, str]:
        """Names of result backends of one's own; there are none."""
        return {}


def make_loader(app: Celery, given: Any) -> BaseLoader:
    """Return the loader of an app, with the hooks that its class defines connected.

    Args:
        app: The app.
        given: The class, its path, or a short name; None: `AppLoader`, as in Celery.
    """
    from celery.loaders import get_loader_cls

    loader: BaseLoader = get_loader_cls("app" if given is None else given)(app=app)
    _connect(loader)
    return loader


def _connect(loader: BaseLoader) -> None:
    """Let a loader's own hooks be called with the app's worker."""
    app, kind = loader.app, type(loader)
    for name, signal in _HOOKS.items():
        if getattr(kind, name, None) is not getattr(BaseLoader, name):
            hook = getattr(loader, name)

            def call(sender: Any = None, hook: Any = hook, **_: Any) -> None:
                hook()

            signal.connect(call, weak=False, dispatch_uid=f"taskhub.loader.{name}.{id(app)}")
    if kind.on_task_init is not BaseLoader.on_task_init:

        def begin(task_id: str = "", task: Any = None, **_: Any) -> None:
            if task is not None and task.app is app:
                loader.on_task_init(task_id, task)

        signals.task_prerun.connect(begin, weak=False, dispatch_uid=f"taskhub.loader.{id(app)}")
    if kind.on_process_cleanup is not BaseLoader.on_process_cleanup:

        def end(task: Any = None, **_: Any) -> None:
            if task is not None and task.app is app:
                loader.on_process_cleanup()

        signals.task_postrun.connect(end, weak=False, dispatch_uid=f"taskhub.loader.{id(app)}")


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
