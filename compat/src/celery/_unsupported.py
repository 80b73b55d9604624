"""Unsupported names of Celery: they can be imported, and raise an error when they are used.

Programs import many names for types, for `isinstance`, or because an editor added the import; they
must start. So each public name of Celery 5.7 (`_names.txt`) that no module here has stands for a
class that raises when it is called. Names that Celery does not have either raise at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from celery._imported_names import find_imported

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    # It would cost a fifth of what importing celery takes.
    Loader = object

LISTED = "docs/compat.md lists what it offers"

#: The beginning of a name -> the way out.
_INSTEAD = {
    "celery.app.builtins": "these tasks are part of every app: app.tasks",
    "celery.app.trace": "tasks are run by Dramatiq's workers; use signals",
    "celery.apps.beat": "run `celery beat`",
    "celery.apps.multi": "run `celery multi`",
    "celery.apps.worker": "run `celery worker`, or app.worker_main(argv)",
    "celery.apps": "run `celery worker` or `celery beat`, or app.worker_main(argv)",
    "celery.backends": "results are in Redis or Valkey; app.backend reads and writes them",
    "celery.bin": "use the command `celery`, and app.start(argv) in a program",
    "celery.bootsteps": "subclass celery.bootsteps.Step or StartStopStep, and add it to app.steps",
    "celery.concurrency": "pools are named by `celery worker -P`",
    "celery.contrib.migrate": "let a worker of Celery's process what is left in its queues",
    "celery.contrib.rdb": "use the module pdb in a worker with `celery worker -P solo`",
    "celery.contrib.sphinx": "document tasks as functions: they keep signature and docstring",
    "celery.decorators": "use app.task or celery.shared_task",
    "celery.events.cursesmon": "run `taskhub status` and `taskhub events`",
    "celery.events.dumper": "run `celery events --dump`",
    "celery.events.snapshot": "use app.events.Receiver with app.events.State in your own program",
    "celery.fixups": "Django is recognized by DJANGO_SETTINGS_MODULE",
    "celery.loaders": "app.conf holds the settings, and celery.signals.import_modules is sent "
    "before modules are imported",
    "celery.platforms": "the command `celery` has --detach, --pidfile, --workdir, --uid and --gid",
    "celery.security": "messages are not signed; use TLS to the store (rediss://)",
    "celery.task": "it left Celery in version 5: use `from celery import shared_task, Task`",
    "celery.worker": "workers are Dramatiq's: use celery.signals and app.control",
}


def instead_of(name: str) -> str | None:
    """Return what to do without a name, e.g. "celery.concurrency"; None: nothing more is known."""
    beginning = name
    while beginning and beginning not in _INSTEAD:
        beginning = beginning.rpartition(".")[0]
    return _INSTEAD.get(beginning)


def unsupported_text(name: str) -> str:
    """Return what is said of a name, e.g. "celery.concurrency"."""
    instead = instead_of(name)
    return f"taskhub does not offer {name}: {f'{instead}; ' if instead else ''}{LISTED}"


class UnsupportedMeta(type):
    """The class of classes that stand for what taskhub does not have."""

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        """Say what to do instead.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(unsupported_text(_stands_for(cls)))

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(unsupported_text(f"{_stands_for(cls)}.{name}"), name=name)

    def __repr__(cls) -> str:
        return f"<not supported: {_stands_for(cls)}>"


class Unsupported(metaclass=UnsupportedMeta):
    """Stands for a class, function or value of Celery's; for types and subclassing only."""


def _stands_for(cls: type) -> str:
    """Return the full name of what a class, or the class that it was derived from, stands for."""
    name: str = next(
        one.__dict__["stands_for"] for one in cls.__mro__ if "stands_for" in one.__dict__
    )
    return name


@cache
def celery_names() -> Mapping[str, Mapping[str, bool]]:
    """Return the public names of Celery's modules, and of each whether it is an exception's."""
    found: dict[str, Mapping[str, bool]] = {}
    for line in Path(__file__).with_name("_names.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        module, _, names = line.partition(":")
        found[module] = {name.rstrip("!"): name.endswith("!") for name in names.split()}
    return found


@cache
def unsupported(module: str, name: str) -> Any:
    """Return what stands for a name of a module of Celery's.

    Raises:
        KeyError: Celery's module has no such name.
    """
    full = f"{module}.{name}"
    if celery_names()[module][name]:
        # To be caught, and never raised.
        return type(name, (Exception,), {"__module__": module, "stands_for": full})
    return UnsupportedMeta(name, (Unsupported,), {"__module__": module, "stands_for": full})


def unsupported_getattr(
    module: str, find: Callable[[str], Any] | None = None
) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that has some of the names of Celery's module.

    Args:
        module: The module's name.
        find: Looks a name up that the module offers; raises `KeyError` for others.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - a module's function of this name
        if name == "__path__":
            # `from module import name` tries name as a submodule only where there is a path, and
            # only so can it say more than "cannot import name".
            return []
        for look in (find, lambda one: unsupported(module, one), partial(find_imported, module)):
            if look is not None:
                try:
                    return look(name)
                except KeyError:
                    pass
        raise AttributeError(unsupported_text(f"{module}.{name}"), name=name)

    return __getattr__


class UnsupportedModules:
    """A finder of Celery's modules that are unsupported.

    Args:
        package: "celery".
    """

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of names that say so when they are used; None for others.

        Frameworks ask whether `celery.models` or `celery.admin` exist, so that the package itself
        has no such module is no error here.

        Raises:
            ModuleNotFoundError: Celery has no such module, and there is something to say about
                it.
        """
        if not name.startswith(f"{self.package}."):
            return None
        if name in celery_names():
            return ModuleSpec(name, UnsupportedLoader(), is_package=True)
        if name.count(".") == 1 and instead_of(name) is None:
            return None
        # With its name, `from package import name` would drop the text.
        raise ModuleNotFoundError(unsupported_text(name))

    @classmethod
    def install(cls, package: str) -> None:
        """Ask it after all other finders."""
        if not any(
            isinstance(finder, cls) and finder.package == package for finder in sys.meta_path
        ):
            sys.meta_path.append(cls(package))


class UnsupportedLoader(Loader):
    """Makes a module of Celery's that taskhub does not have."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the import system."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Let the module answer for its names."""
        module.__doc__ = unsupported_text(module.__name__)
        vars(module)["__getattr__"] = unsupported_getattr(module.__name__)
