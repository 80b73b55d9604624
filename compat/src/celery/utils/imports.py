"""Finding objects by their names (as `celery.utils.imports`)."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = (
    "NotAPackage",
    "cwd_in_path",
    "find_module",
    "gen_task_name",
    "import_from_cwd",
    "instantiate",
    "load_extension_classes",
    "module_file",
    "qualname",
    "reload_from_cwd",
    "symbol_by_name",
)


class NotAPackage(Exception):
    """A module in the middle of a name is not a package."""


def qualname(obj: Any) -> str:
    """Return the full name of a class, or of an object's class."""
    named: Any = obj if hasattr(obj, "__name__") or not hasattr(obj, "__class__") else obj.__class__
    name = getattr(named, "__qualname__", named.__name__)
    return name if "." in named.__name__ else f"{named.__module__}.{name}"


def symbol_by_name(
    name: Any,
    aliases: Mapping[str, str] | None = None,
    imp: Callable[..., Any] | None = None,
    package: str | None = None,
    sep: str = ".",
    default: Any = None,
    **kwargs: Any,
) -> Any:
    """Return what a path such as "package.module:name" or "package.module.name" leads to.

    Args:
        name: The path; anything but a text is returned as it is.
        aliases: Other names for paths.
        imp: Imports modules instead of `importlib.import_module`.
        package: That of relative names.
        sep: Between module and name, where there is no colon.
        default: Returned if the path leads nowhere.
        kwargs: Keyword arguments of `imp`.

    Raises:
        ImportError, AttributeError: The path leads nowhere, and there is no `default`.
    """
    if not isinstance(name, str):
        return name
    path = (aliases or {}).get(name) or name
    module_name, _, attribute = path.rpartition(":" if ":" in path else sep)
    if not module_name:
        attribute, module_name = "", package or attribute
    try:
        module = (imp or importlib.import_module)(module_name, package=package, **kwargs)
        return getattr(module, attribute) if attribute else module
    except (ImportError, AttributeError):
        if default is None:
            raise
    return default


def instantiate(name: Any, *args: Any, **kwargs: Any) -> Any:
    """Return an object of the class that a path leads to."""
    return symbol_by_name(name)(*args, **kwargs)


@contextmanager
def cwd_in_path() -> Generator[str | None]:
    """Let modules of the current directory be found within a block."""
    here = os.getcwd()
    if here in sys.path:
        yield None
        return
    sys.path.insert(0, here)
    try:
        yield here
    finally:
        if here in sys.path:
            sys.path.remove(here)


def find_module(
    module: str, path: Any = None, imp: Callable[[str], ModuleType] | None = None
) -> ModuleType:
    """Import a module, of the current directory, too.

    Raises:
        NotAPackage: A part of its name is a module that has no modules.
    """
    imp = imp or importlib.import_module
    with cwd_in_path():
        try:
            return imp(module)
        except ImportError:
            parts = module.split(".")
            for count in range(1, len(parts)):
                parent = ".".join(parts[:count])
                if not hasattr(imp(parent), "__path__"):
                    raise NotAPackage(parent) from None
            raise


def import_from_cwd(
    module: str, imp: Callable[..., ModuleType] | None = None, package: str | None = None
) -> ModuleType:
    """Import a module, of the current directory, too."""
    with cwd_in_path():
        return (imp or importlib.import_module)(module, package=package)


def reload_from_cwd(
    module: ModuleType, reloader: Callable[[ModuleType], ModuleType] | None = None
) -> ModuleType:
    """Import a module anew, of the current directory, too."""
    with cwd_in_path():
        return (reloader or importlib.reload)(module)


def module_file(module: ModuleType) -> str | None:
    """Return the file of a module."""
    name = module.__file__
    return name[:-1] if name is not None and name.endswith(".pyc") else name


def gen_task_name(app: Any, name: str, module_name: str | None) -> str:
    """Return the name of a task that was given none."""
    return str(app.gen_task_name(name, module_name or "__main__"))


def load_extension_classes(namespace: str) -> Iterator[tuple[str, Any]]:
    """Yield name and object of each entry point of a group."""
    for point in entry_points(group=namespace):
        yield point.name, point.load()


__getattr__ = unsupported_getattr(__name__)
