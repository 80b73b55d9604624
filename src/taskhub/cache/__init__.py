"""The cache as a plain service: it knows nothing of tasks.

:class:`CacheCleaner` deletes the keys with a prefix, and never taskhub's own.
"""

from __future__ import annotations

from taskhub.cache.connecting import open_client
from taskhub.cache.exceptions import (
    CacheConfigurationError,
    CacheError,
    CacheRefusedError,
    CacheUnavailableError,
    InvalidKeyPrefixError,
)
from taskhub.cache.health import check_cache
from taskhub.cache.pattern import protected_prefixes
from taskhub.cache.service import CacheCleaner, ClearReport
from taskhub.cache.settings import CacheSettings
from taskhub.health import Check

__all__ = (
    "CacheCleaner",
    "CacheConfigurationError",
    "CacheError",
    "CacheRefusedError",
    "CacheSettings",
    "CacheUnavailableError",
    "Check",
    "ClearReport",
    "InvalidKeyPrefixError",
    "check_cache",
    "open_client",
    "protected_prefixes",
)
