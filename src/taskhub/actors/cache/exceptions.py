"""What can go wrong with the cache, by whether trying again can help."""

from __future__ import annotations

from taskhub.actors.extras import NotInstalledError
from taskhub.exceptions import ImproperlyConfigured

__all__ = (
    "CacheConfigurationError",
    "CacheError",
    "CacheNotInstalledError",
    "CacheRefusedError",
    "CacheUnavailableError",
    "InvalidKeyPrefixError",
)


class CacheError(Exception):
    """Base of the errors of the cache service; one line that says what is wrong and what to do."""


class CacheConfigurationError(CacheError, ImproperlyConfigured):
    """The cache settings can't be right as they are."""


class CacheNotInstalledError(CacheConfigurationError, NotInstalledError):
    """A library that the cache service needs is missing; the message says what to install."""


class CacheRefusedError(CacheError):
    """The server answers and refuses: a login, a permission, writes to a replica, a cluster."""


class CacheUnavailableError(CacheError):
    """The server can't be reached now; the same call may succeed later."""


class InvalidKeyPrefixError(CacheError, ValueError):
    """The keys to clear are not narrowed down, or are ours."""
