"""Looking at type annotations (as `celery.utils.annotations`)."""

from __future__ import annotations

import types
from typing import Any, TypeGuard, Union, get_args, get_origin

from celery._unsupported import unsupported_getattr

__all__ = ("annotation_is_class", "annotation_issubclass", "get_optional_arg", "is_none_type")


def is_none_type(value: Any) -> bool:
    """Return whether an annotation means None."""
    return value in (None, type(None))


def get_optional_arg(annotation: Any) -> Any:
    """Return X of `X | None`; anything else as it is."""
    arguments = get_args(annotation)
    if get_origin(annotation) not in (Union, types.UnionType) or len(arguments) != 2:
        return annotation
    others = [one for one in arguments if not is_none_type(one)]
    return others[0] if len(others) == 1 else annotation


def annotation_is_class(annotation: Any) -> TypeGuard[type]:
    """Return whether an annotation is a class."""
    return isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias)


def annotation_issubclass(annotation: Any, cls: type) -> bool:
    """Return whether an annotation is a class that is derived from `cls`."""
    return annotation_is_class(annotation) and issubclass(annotation, cls)


__getattr__ = unsupported_getattr(__name__)
