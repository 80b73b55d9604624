"""The command `celery worker`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr


def _find(name: str) -> Any:
    if name != "worker":
        raise KeyError(name)
    return import_module("taskhub.cli.worker").worker


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__, _find)
