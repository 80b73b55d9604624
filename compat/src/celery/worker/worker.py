"""A worker, as receivers of signals and steps get it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from celery.apps.worker import Worker

__all__ = ("WorkController",)


class _OfWorkers(type):
    """Lets the worker that receivers of signals and steps get count as an instance."""

    def __instancecheck__(cls, instance: object) -> bool:
        node = sys.modules.get("taskhub.worker.node")
        # Where that was never imported, nothing is one.
        if node is not None and isinstance(instance, node.Node):
            return True
        return super().__instancecheck__(instance)


class WorkController(Worker, metaclass=_OfWorkers):
    """A worker; the objects that signals and steps get count as instances."""


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
