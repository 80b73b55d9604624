"""The cache as a plain service: it knows nothing of tasks.

`CacheCleaner` deletes the keys with a prefix, and never taskhub's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.actors.cache.exceptions import (
    CacheConfigurationError,
    CacheError,
    CacheNotInstalledError,
    CacheRefusedError,
    CacheUnavailableError,
    InvalidKeyPrefixError,
)
from taskhub.actors.cache.health import check_cache
from taskhub.actors.cache.pattern import protected_prefixes
from taskhub.actors.cache.service import CacheCleaner, ClearReport
from taskhub.actors.extras import Extra
from taskhub.health import Check

if TYPE_CHECKING:
    from taskhub.actors.cache.settings import CacheSettings

__all__ = (
    "CacheCleaner",
    "CacheConfigurationError",
    "CacheError",
    "CacheNotInstalledError",
    "CacheRefusedError",
    "CacheSettings",
    "CacheUnavailableError",
    "Check",
    "ClearReport",
    "InvalidKeyPrefixError",
    "check_cache",
    "protected_prefixes",
)

_EXTRA = Extra("cache", "clear_cache", CacheNotInstalledError)


def __getattr__(name: str) -> Any:
    return _EXTRA.resolve(__name__, name, {"CacheSettings": "settings"})
