"""The settings and their defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.config.defaults import (
    DEFAULT_ACCEPT_CONTENT,
    DEFAULT_POOL,
    DEFAULT_PROCESS_LOG_FMT,
    DEFAULT_TASK_LOG_FMT,
    DEFAULTS,
    NAMESPACES,
    SETTING_KEYS,
    Option,
    find,
    flatten,
    searchresult,
)

__all__ = (
    "DEFAULTS",
    "DEFAULT_ACCEPT_CONTENT",
    "DEFAULT_POOL",
    "DEFAULT_PROCESS_LOG_FMT",
    "DEFAULT_TASK_LOG_FMT",
    "NAMESPACES",
    "SETTING_KEYS",
    "Option",
    "find",
    "flatten",
    "searchresult",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
