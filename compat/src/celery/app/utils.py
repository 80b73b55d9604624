"""Bug reports, and lookup of apps."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from celery.app.defaults import DEFAULTS, SETTING_KEYS
from taskhub.app import bugreport
from taskhub.config.configuration import Configuration as Settings

__all__ = (
    "DEFAULTS",
    "SETTING_KEYS",
    "Settings",
    "appstr",
    "bugreport",
    "find_app",
)


def appstr(app: Any) -> str:
    """Return how an app is shown."""
    return f"{app.main or '__main__'} at {id(app):#x}"


def find_app(app: str, symbol_by_name: Any = None, imp: Any = None) -> Any:
    """Return the app of a name, as the option `-A` takes it.

    Raises:
        Exception: It cannot be found.
    """
    return import_module("taskhub.cli.application").find_app(app)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
