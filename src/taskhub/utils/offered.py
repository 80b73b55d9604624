"""What is said of names of Celery's that taskhub does not offer.

The modules of the import package `celery` hold the names that it offers. So that a program that wants another one is
told so, and where the list is, each of them asks here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from typing import Any

LISTED = "docs/compat.md lists what it offers"

#: The beginning of a name -> the way out.
_INSTEAD = {
    "celery.app.trace": "tasks are run by Dramatiq's workers; signals tell of each step",
    "celery.apps": "run `celery worker` or `celery beat`, or app.worker_main(argv)",
    "celery.backends": "results are in Redis or Valkey; app.backend reads and writes them",
    "celery.bin": "the command `celery` is offered, and app.start(argv) in a program",
    "celery.bootsteps": "commands of one's own are made with celery.worker.control, hooks with celery.signals",
    "celery.concurrency": "pools are named by `celery worker -P`",
    "celery.contrib.rdb": "use the module pdb in a worker with `celery worker -P solo`",
    "celery.decorators": "use app.task or celery.shared_task",
    "celery.loaders": "app.conf holds the settings, and celery.signals.import_modules says when modules are imported",
    "celery.platforms": "the command `celery` has --detach, --pidfile, --workdir",
    "celery.security": "messages are not signed; use TLS to the store (rediss://)",
    "celery.task": "it left Celery in version 5: use `from celery import shared_task, Task`",
    "celery.worker": "workers are Dramatiq's: celery.signals tells of them, app.control commands them",
}


def instead_of(name: str) -> str | None:
    """Return what to do without a name, e.g. "celery.concurrency"; None: nothing more is known."""
    beginning = name
    while beginning and beginning not in _INSTEAD:
        beginning = beginning.rpartition(".")[0]
    return _INSTEAD.get(beginning)


def not_offered(name: str) -> str:
    """Return what is said of a name, e.g. "celery.concurrency"."""
    instead = instead_of(name)
    return f"taskhub does not offer {name}: {f'{instead}; ' if instead else ''}{LISTED}"


def offered_only(module: str, find: Callable[[str], Any] | None = None) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that holds some of the names of Celery's module.

    Parameters:
      find: looks a name up that the module offers; raises `KeyError` for others.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - a module's function of this name
        if name == "__path__":
            # `from module import name` tries name as a submodule only where there is a path, and only so can it say
            # more than "cannot import name".
            return []
        if find is not None:
            try:
                return find(name)
            except KeyError:
                pass
        raise AttributeError(not_offered(f"{module}.{name}"), name=name)

    return __getattr__


class UnofferedModules:
    """A finder that says of modules of a package that were not found that they are not offered."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """Return None for other packages' modules.

        Raises:
          ModuleNotFoundError: it is one of the package's.
        """
        if not name.startswith(f"{self.package}."):
            return None
        # With its name, `from package import name` would drop the text.
        raise ModuleNotFoundError(not_offered(name))

    @classmethod
    def install(cls, package: str) -> None:
        """Ask it after all other finders."""
        if not any(
            isinstance(finder, cls) and finder.package == package for finder in sys.meta_path
        ):
            sys.meta_path.append(cls(package))
