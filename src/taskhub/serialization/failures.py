"""Encoding of exceptions in results, as Celery's result backends store them.

Celery's own exceptions, which here are ours, are written under the modules that Celery defines them
in and found again under those, so that either side catches what the other stored.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from taskhub import exceptions
from taskhub.exceptions import SecurityError, WorkerLostError
from taskhub.serialization import json
from taskhub.serialization.exception_pickle import (
    create_exception_class,
    pickleable,
    safe_arguments,
    unwrap,
)

__all__ = ("as_exception", "decode_exception", "encode_exception", "format_traceback")

_STAND_IN_MODULE = "celery.exceptions"

_BILLIARD = {"SoftTimeLimitExceeded", "TimeLimitExceeded", "WorkerLostError", "Terminated"}
_KOMBU = {
    "ContentDisallowed",
    "DecodeError",
    "EncodeError",
    "KombuError",
    "OperationalError",
    "SerializationError",
    "SerializerNotInstalled",
}
_OURS_ALONE = {"ConfigurationWarning", "StoreRefused"}


def _module_in_celery(name: str) -> str:
    if name in _BILLIARD:
        return "billiard.exceptions"
    return "kombu.exceptions" if name in _KOMBU else _STAND_IN_MODULE


# Our class -> the module that Celery has it in; and the way back.
_stored_modules: dict[type[BaseException], str] = {
    kind: _module_in_celery(name)
    for name in exceptions.__all__
    if name not in _OURS_ALONE
    and isinstance(kind := getattr(exceptions, name), type)
    and issubclass(kind, BaseException)
}
_stored_classes = {(module, kind.__name__): kind for kind, module in _stored_modules.items()}


def encode_exception(exc: BaseException, serializer: str = "json") -> Any:
    """Return an exception as what a result of that serializer can hold.

    For pickle that is the exception, or its nearest likeness that can be pickled; for all others
    `{"exc_type", "exc_message", "exc_module"}`, where `exc_message` holds the arguments, and
    the `repr` of those that can't be written; with `exc_text` where the arguments alone would
    lose the text. Causes are in the text of the traceback only.
    """
    if serializer == "pickle":
        return pickleable(as_exception(exc))
    exc = as_exception(exc)
    kind = type(exc)
    data = {
        "exc_type": kind.__qualname__,
        "exc_message": safe_arguments(exc.args, json.dumps),
        "exc_module": _stored_modules.get(kind) or kind.__module__,
    }
    text = _text_beside_arguments(exc)
    if text:
        (data["exc_text"],) = safe_arguments((text,), json.dumps)
    return data


def _text_beside_arguments(exc: BaseException) -> str:
    """Return the text of an exception that its arguments cannot restore; "" for others."""
    if exc.args:
        try:
            inspect.signature(type(exc)).bind(*exc.args)
            return ""
        except TypeError:
            pass
        except ValueError:
            # Written in C, and made of its arguments.
            return ""
    try:
        text = str(exc)
        return "" if text == str(Exception(*exc.args)) else text
    except Exception:
        return ""


def decode_exception(data: Any) -> BaseException | None:
    """Return the exception that `encode_exception`, or Celery, made `data` of.

    Nothing is imported: a class of a module that is not loaded here, or that is gone, becomes a new
    class of the same name. Empty data is no exception: None.

    Raises:
        SecurityError: The data names something that is not an exception class; calling it could run
            anything.
        TypeError: The data is not a mapping.
        ValueError: The data does not say the type.
    """
    if not data:
        return None
    if isinstance(data, BaseException):
        return as_exception(unwrap(data))
    if not isinstance(data, Mapping):
        raise TypeError(f"A stored exception must be a mapping with 'exc_type', not {data!r}.")
    if "exc_type" not in data:
        raise ValueError("A stored exception must name its class under 'exc_type'.")
    name, module, message = data["exc_type"], data.get("exc_module"), data.get("exc_message", "")
    found = _find(module, name)
    # Without this check, {"exc_module": "os", "exc_type": "system"} would run a command.
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise SecurityError(
            f"The stored exception names {module}.{name}, which is no exception class; its "
            f"arguments are {message!r}. Who can write to your result store?"
        )
    text = data.get("exc_text")
    try:
        made = found(*message) if isinstance(message, list | tuple) else found(message)
        if not text or str(made) == text:
            return as_exception(made)
    except Exception:
        if not text:
            return Exception(f"{found}({message})")
    return _likeness(found, text)


def _likeness(kind: type[BaseException], text: str) -> BaseException:
    """Return an exception with the name, text and built-in parent of one that is lost."""
    for parent in kind.__mro__:
        if parent.__module__ == "builtins" and issubclass(parent, Exception):
            try:
                return create_exception_class(kind.__name__, kind.__module__, parent)(text)
            except TypeError:
                # As UnicodeDecodeError, of five arguments.
                continue
    return Exception(text)


def as_exception(error: BaseException) -> BaseException:
    """Return a task's exception as one that may be raised where its result is read.

    `SystemExit`, `KeyboardInterrupt` and others that are no `Exception` would end that
    program; they become a `WorkerLostError` that names them, which is what Celery's worker makes of
    them.
    """
    if isinstance(error, Exception):
        return error
    lost = WorkerLostError(f"The task ended with {error!r}, by which programs end")
    lost.__cause__ = error
    return lost


def format_traceback(exc: BaseException) -> str:
    """Return the traceback of an exception as Python prints it, causes included."""
    return "".join(traceback.format_exception(exc))


def _find(module: str | None, name: str) -> Any:
    """Return what has that name in that module, or a stand-in class where there is neither."""
    known = _stored_classes.get((module or "", name))
    if known is not None:
        return known
    if module is None:
        return create_exception_class(name, _STAND_IN_MODULE)
    try:
        found: Any = sys.modules[module]
        for part in name.split("."):
            found = getattr(found, part)
    except (KeyError, AttributeError):
        return create_exception_class(name, _STAND_IN_MODULE)
    return found
