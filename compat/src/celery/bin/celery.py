"""The command `celery`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub.cli import celery as main

__all__ = ("main",)


def _find(name: str) -> Any:
    if name != "celery":
        raise KeyError(name)
    # The group of commands; made when it is first asked for.
    return import_module("taskhub.cli.group").taskhub


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__, _find)
