"""Pickling of exceptions, and their nearest likeness (as `celery.utils.serialization`)."""

from __future__ import annotations

import pickle
from typing import Any

__all__ = (
    "UnpickleableExceptionWrapper",
    "create_exception_class",
    "pickleable",
    "safe_arguments",
    "unwrap",
)

# A parent this general would say less than the wrapper does.
_TOO_GENERAL = (Exception, BaseException, object)


def create_exception_class(
    name: str, module: str, parent: type[BaseException] = Exception
) -> type[BaseException]:
    """Return a new exception class that stands in for one that can't be imported here."""
    return type(name, (parent,), {"__module__": module})


def safe_arguments(arguments: Any, encode: Any) -> tuple[Any, ...]:
    """Return the arguments, each that `encode` refuses replaced by its `repr`."""
    safe = []
    for argument in arguments:
        try:
            encode(argument)
        except Exception:
            safe.append(safe_representation(argument))
        else:
            safe.append(argument)
    return tuple(safe)


def safe_representation(value: object) -> str:
    """Return `repr(value)`, or `str(value)` where that raises, or else its type."""
    for represent in (repr, str):
        try:
            return represent(value)
        except Exception:
            continue
    return f"<unrepresentable {type(value).__qualname__}>"


class UnpickleableExceptionWrapper(Exception):
    """Carries what can be said of an exception that can't be pickled.

    `exc_module`, `exc_cls_name` and `exc_args` name the exception; `text` is its `repr`.
    """

    def __init__(
        self, exc_module: str, exc_cls_name: str, exc_args: Any, text: str | None = None
    ) -> None:
        arguments = safe_arguments(exc_args, _round_trip)
        super().__init__(exc_module, exc_cls_name, arguments, text)
        self.exc_module = exc_module
        self.exc_cls_name = exc_cls_name
        self.exc_args = arguments
        self.text = text

    @classmethod
    def from_exception(cls, exc: BaseException) -> UnpickleableExceptionWrapper:
        """Return a wrapper of `exc`, with its traceback."""
        kind = type(exc)
        wrapper = cls(kind.__module__, kind.__name__, exc.args, safe_representation(exc))
        return wrapper.with_traceback(exc.__traceback__)

    def restore(self) -> BaseException:
        """Return an exception of a new class that has the name and arguments of the original."""
        return create_exception_class(self.exc_cls_name, self.exc_module)(*self.exc_args)

    def __str__(self) -> str:
        return str(self.text)


def pickleable(exc: BaseException) -> BaseException:
    """Return `exc` if it survives pickling, else the nearest that does.

    That is an instance of the first of its parent classes that survives with the same arguments
    (none so general as `Exception`), else an `UnpickleableExceptionWrapper`.
    """
    try:
        _round_trip(exc)
    except Exception:
        return _pickleable_parent(exc) or UnpickleableExceptionWrapper.from_exception(exc)
    return exc


def unwrap(exc: BaseException) -> BaseException:
    """Return the original of `pickleable`, as nearly as it can be restored."""
    return exc.restore() if isinstance(exc, UnpickleableExceptionWrapper) else exc


def _pickleable_parent(exc: BaseException) -> BaseException | None:
    for parent in type(exc).__mro__:
        if parent in _TOO_GENERAL:
            return None
        try:
            candidate = parent(*exc.args)
            _round_trip(candidate)
        except Exception:
            continue
        if isinstance(candidate, BaseException):
            return candidate
    return None


def _round_trip(value: Any) -> None:
    pickle.loads(pickle.dumps(value))
