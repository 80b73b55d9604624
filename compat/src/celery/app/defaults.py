"""The settings and their defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from taskhub.utils.offered import offered_only

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
    __getattr__ = offered_only(__name__)
