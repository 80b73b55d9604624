"""Names of a package that are imported when they are first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ("lazy_names",)


def lazy_names(
    package: str, modules: Mapping[str, str], *, extra: str | None = None
) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package.

    Args:
        package: The package's `__name__`.
        modules: Names that there are, each with its module; one that begins with a dot is in the
            package.
        extra: Extra of `taskhub-core` that brings what the modules need.
    """

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            module = import_module(modules[name], package)
        except ModuleNotFoundError as error:
            if extra is None or (error.name or "").startswith("taskhub"):
                raise
            from taskhub.exceptions import ImproperlyConfigured

            raise ImproperlyConfigured(
                f"{package}.{name} needs {error.name}: install the extra taskhub-core[{extra}]"
            ) from error
        value = getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return find
