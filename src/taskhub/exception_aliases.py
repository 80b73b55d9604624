"""Exceptions that programs also catch as those of kombu and billiard, where Celery has them from.

`except kombu.exceptions.OperationalError` asks for a base class. So that class becomes a base of
ours, once a program has imported the library: when the next exception is made. Nothing is imported
for it.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, ClassVar, Self

__all__ = ("AliasedError", "BilliardError")

_lock = threading.Lock()


class AliasedError(Exception):
    """Base of the exceptions that have the names of another library's."""

    #: The module in which the other library has them.
    _defined_in: ClassVar[str] = ""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make an exception; of the other library's class, too, if that is imported."""
        module = sys.modules.get(cls._defined_in)
        if module is not None:
            _adopt(cls, module)
        return super().__new__(cls, *args, **kwargs)


class BilliardError(AliasedError):
    """Base of the exceptions that Celery has from billiard."""

    _defined_in = "billiard.exceptions"


def _adopt(cls: type, module: Any) -> None:
    """Make the classes of a module, by their names, bases of a class and of those above it."""
    with _lock:
        for kind in reversed(cls.__mro__):
            theirs = vars(module).get(kind.__name__)
            if (
                issubclass(kind, AliasedError)
                and kind.__module__ == "taskhub.exceptions"
                and isinstance(theirs, type)
                and not issubclass(kind, theirs)
            ):
                kind.__bases__ = (*kind.__bases__, theirs)
