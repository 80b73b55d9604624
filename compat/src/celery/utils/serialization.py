"""Exceptions and values in forms that can be carried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.utils.offered import offered_only
from taskhub.utils.serialization import (
    STRTOBOOL_DEFAULT_TABLE,
    UnpickleableExceptionWrapper,
    b64decode,
    b64encode,
    create_exception_cls,
    ensure_serializable,
    find_pickleable_exception,
    get_pickleable_etype,
    get_pickleable_exception,
    get_pickled_exception,
    itermro,
    jsonify,
    raise_with_context,
    strtobool,
    subclass_exception,
    unwanted_base_classes,
)

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

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
