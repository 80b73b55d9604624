"""Exceptions and values in forms that can be carried (as `celery.utils.serialization`)."""

from __future__ import annotations

import base64
import datetime
import numbers
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn

from celery._unsupported import unsupported_getattr
from taskhub.serialization.exception_pickle import (
    UnpickleableExceptionWrapper,
    create_exception_class,
    pickleable,
    safe_arguments,
    unwrap,
)
from taskhub.task.retry import raise_in_context

__all__ = (
    "STRTOBOOL_DEFAULT_TABLE",
    "UnpickleableExceptionWrapper",
    "b64decode",
    "b64encode",
    "create_exception_cls",
    "ensure_serializable",
    "find_pickleable_exception",
    "get_pickleable_etype",
    "get_pickleable_exception",
    "get_pickled_exception",
    "itermro",
    "jsonify",
    "raise_with_context",
    "strtobool",
    "subclass_exception",
    "unwanted_base_classes",
)

#: Classes that say too little to stand for an exception.
unwanted_base_classes = (Exception, BaseException, object)

STRTOBOOL_DEFAULT_TABLE: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "1", "on"), True),
    **dict.fromkeys(("false", "no", "0", "off"), False),
}


def subclass_exception(name: str, parent: type[BaseException], module: str) -> Any:
    """Return a new exception class."""
    return create_exception_class(name, module, parent)


def create_exception_cls(name: str, module: str, parent: type[BaseException] | None = None) -> Any:
    """Return a new exception class, of `Exception` unless a parent is given."""
    return create_exception_class(name, module, parent or Exception)


def itermro(cls: type, stop: Iterable[type]) -> Iterator[type]:
    """Yield a class and its ancestors, up to the first of `stop`."""
    ends = tuple(stop)
    return takewhile(lambda one: one not in ends, cls.__mro__)


def find_pickleable_exception(
    exc: BaseException,
    loads: Callable[[Any], Any] = pickle.loads,
    dumps: Callable[[Any], Any] = pickle.dumps,
) -> BaseException | None:
    """Return the exception as the first of its classes that can be pickled; None: it is of none."""
    for kind in itermro(type(exc), unwanted_base_classes):
        try:
            found: BaseException = kind(*exc.args)
            loads(dumps(found))
        except Exception:
            continue
        return found
    return None


def get_pickleable_exception(exc: BaseException) -> BaseException:
    """Return the exception if it can be pickled, else the nearest that can."""
    return pickleable(exc)


def get_pickleable_etype(
    cls: type[BaseException],
    loads: Callable[[Any], Any] = pickle.loads,
    dumps: Callable[[Any], Any] = pickle.dumps,
) -> type[BaseException]:
    """Return the class if it can be pickled, else `Exception`."""
    try:
        loads(dumps(cls))
    except Exception:
        return Exception
    return cls


def get_pickled_exception(exc: BaseException) -> BaseException:
    """Return the exception that `get_pickleable_exception` got, as far as it can be made again."""
    return unwrap(exc)


def ensure_serializable(items: Iterable[Any], encoder: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return the items; in place of those that `encoder` refuses, texts."""
    return safe_arguments(items, encoder)


def b64encode(s: str | bytes) -> str:
    """Return bytes, or a text in UTF-8, in base 64."""
    return base64.b64encode(s.encode() if isinstance(s, str) else s).decode()


def b64decode(s: str | bytes) -> bytes:
    """Return the bytes that a text in base 64 stands for."""
    return base64.b64decode(s)


def strtobool(term: Any, table: Mapping[str, bool] | None = None) -> Any:
    """Return the truth that a text such as "yes" or "off" stands for; anything else as it is.

    Raises:
        TypeError: The text stands for none.
    """
    if not isinstance(term, str):
        return term
    try:
        return (STRTOBOOL_DEFAULT_TABLE if table is None else table)[term.lower()]
    except KeyError:
        raise TypeError(f"Cannot coerce {term!r} to type bool") from None


def jsonify(
    obj: Any,
    builtin_types: tuple[type, ...] = (numbers.Real, str),
    key: str | None = None,
    keyfilter: Callable[[Any], Any] | None = None,
    unknown_type_filter: Callable[[Any], Any] | None = None,
) -> Any:
    """Return a value in which only JSON's own kinds occur; times become texts.

    Args:
        obj: The value.
        builtin_types: What is left as it is.
        key: Where the value is, for the error.
        keyfilter: Entries of dictionaries whose keys it refuses are left out.
        unknown_type_filter: Turns anything else into something that is left as it is.

    Raises:
        ValueError: JSON has no word for a value, and there is no `unknown_type_filter`.
    """

    def again(value: Any, name: str | None) -> Any:
        return jsonify(value, builtin_types, name, keyfilter, unknown_type_filter)

    if obj is None or isinstance(obj, builtin_types):
        return obj
    if isinstance(obj, tuple | list):
        return [again(value, key) for value in obj]
    if isinstance(obj, dict):
        return {
            name: again(value, name)
            for name, value in obj.items()
            if keyfilter is None or keyfilter(name)
        }
    text = _time_as_text(obj)
    if text is None and unknown_type_filter is None:
        raise ValueError(f"Unsupported type: {type(obj)!r} {obj!r} (parent: {key})")
    return unknown_type_filter(obj) if text is None and unknown_type_filter else text


def _time_as_text(value: Any) -> str | None:
    if isinstance(value, datetime.datetime | datetime.time):
        text = value.isoformat(timespec="milliseconds" if value.microsecond else "auto")
        return text.replace("+00:00", "Z") if isinstance(value, datetime.datetime) else text
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value) if isinstance(value, datetime.timedelta) else None


def raise_with_context(exc: BaseException) -> NoReturn:
    """Raise an exception; what is being handled becomes its cause."""
    raise_in_context(exc)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
