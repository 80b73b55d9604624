"""Saying that something will go (as `celery.utils.deprecated`)."""

from __future__ import annotations

import warnings
from functools import wraps
from typing import Any

from celery._unsupported import unsupported_getattr
from taskhub.exceptions import CDeprecationWarning, CPendingDeprecationWarning

__all__ = ("Callable", "Property", "warn")


def warn(
    description: str | None = None,
    deprecation: str | None = None,
    removal: str | None = None,
    alternative: str | None = None,
    stacklevel: int = 2,
) -> None:
    """Warn that something will go in the version `removal`, or is planned to in `deprecation`."""
    instead = f". {alternative}" if alternative else "."
    if deprecation is not None:
        text = (
            f"{description} is scheduled for deprecation in version {deprecation} and removal in "
            f"version v{removal}{instead}"
        )
        warnings.warn(CPendingDeprecationWarning(text), stacklevel=stacklevel)
    else:
        text = (
            f"{description} is deprecated and scheduled for removal in version {removal}{instead}"
        )
        warnings.warn(CDeprecationWarning(text), stacklevel=stacklevel)


def Callable(
    deprecation: str | None = None,
    removal: str | None = None,
    alternative: str | None = None,
    description: str | None = None,
) -> Any:
    """Return a decorator of functions that warns when they are called."""

    def decorate(fun: Any) -> Any:
        @wraps(fun)
        def warned(*args: Any, **kwargs: Any) -> Any:
            warn(description or fun.__qualname__, deprecation, removal, alternative, stacklevel=3)
            return fun(*args, **kwargs)

        return warned

    return decorate


def Property(
    deprecation: str | None = None,
    removal: str | None = None,
    alternative: str | None = None,
    description: str | None = None,
) -> Any:
    """Return a decorator that makes a property which warns when it is read."""

    def decorate(fun: Any) -> Any:
        return property(Callable(deprecation, removal, alternative, description)(fun))

    return decorate


__getattr__ = unsupported_getattr(__name__)
