"""The libraries of the extra `taskhub[quant]`: imported when needed, and missed in one line."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from taskhub.quant.exceptions import QuantNotInstalledError

__all__ = ("load", "require")

#: The extra that brings a module.
_EXTRAS = {"psycopg": "postgresql", "pymysql": "mysql"}


def load(name: str) -> Any:
    """Import a module of the extra.

    Raises:
        QuantNotInstalledError: It is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        if (error.name or "").partition(".")[0] != package:
            raise
        extra = _EXTRAS.get(package, "quant")
        raise QuantNotInstalledError(
            f"market data needs {package}, which is not installed: pip install 'taskhub[{extra}]'"
        ) from None


def require(*names: str) -> None:
    """Import several modules; see `load`."""
    for name in names:
        load(name)
