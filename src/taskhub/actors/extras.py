"""Extras of `taskhub-core`: libraries that are imported when needed, and missed in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("Extra", "NotInstalledError")


class NotInstalledError(ImproperlyConfigured):
    """A library of an extra is missing; the message says what to install."""


@dataclass(frozen=True)
class Extra:
    """An extra that brings the libraries of one purpose.

    Args:
        name: Its name, as in `taskhub-core[name]`.
        purpose: What needs it, as the subject of a sentence.
        error: Raised if a library is not installed.
        settings: Libraries that the settings of this purpose need.
        elsewhere: Libraries that another extra brings, with the name of that.
    """

    name: str
    purpose: str
    error: type[NotInstalledError]
    settings: tuple[str, ...] = ("pydantic_settings",)
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def load(self, module: str) -> Any:
        """Import a module of the extra.

        Raises:
            NotInstalledError: It is not installed; the class is `error`.
        """
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            package = module.partition(".")[0]
            if (error.name or "").partition(".")[0] != package:
                raise
            extra = self.elsewhere.get(package, self.name)
            raise self.error(
                f"{self.purpose} needs {package}, which is not installed: install the extra "
                f"taskhub-core[{extra}]"
            ) from None

    def require(self, *modules: str) -> None:
        """Import several modules; see `load`."""
        for module in modules:
            self.load(module)

    def resolve(self, package: str, name: str, modules: Mapping[str, str]) -> Any:
        """Return a name of a package that needs the extra, for the package's `__getattr__`.

        Args:
            package: The package's `__name__`.
            name: What is asked for.
            modules: Names that there are, each with the module in which it is.

        Raises:
            AttributeError: There is no such name.
            NotInstalledError: The extra is not installed; the class is `error`.
        """
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        self.require(*self.settings)
        return getattr(import_module(f"{package}.{modules[name]}"), name)
