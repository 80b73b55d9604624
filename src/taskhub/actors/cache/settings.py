"""Where the cache is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator
from pydantic_settings import SettingsConfigDict

from taskhub.actors.cache.exceptions import CacheConfigurationError
from taskhub.actors.settings import Settings
from taskhub.exceptions import ImproperlyConfigured
from taskhub.stores import StoreURL, parse_store_url

__all__ = ("CacheSettings",)

_VARIABLE: Final = "TASKHUB_CACHE_URL"
_WRITE: Final = "the cache server's address, for example redis://localhost:6379/1"


def _store(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        url = parse_store_url(value, setting=_VARIABLE)
    except ImproperlyConfigured as error:
        raise CacheConfigurationError(str(error)) from None
    if url.scheme == "memory":
        raise ValueError(f"memory:// holds no cache: write {_WRITE}")
    if url.scheme == "sentinel" and not url.service_name:
        raise ValueError(
            f"{url} does not say which service the sentinels watch: add ?service_name=mymaster"
        )
    return url


class CacheSettings(Settings):
    """Where the cache is: `TASKHUB_CACHE_URL`.

    Args:
        url: The server and database; None: the store of the messages holds the cache, too.

    Raises:
        CacheConfigurationError: The address is wrong; one line, secrets masked.
    """

    model_config = SettingsConfigDict(env_prefix="TASKHUB_CACHE_")
    refusal: ClassVar = CacheConfigurationError

    url: Annotated[StoreURL | None, BeforeValidator(_store)] = None

    def place(self, messages: Callable[[], StoreURL | None]) -> StoreURL:
        """Return the server and database of the cache.

        Args:
            messages: Says where the messages are, which may start the store; None: in memory.

        Raises:
            CacheConfigurationError: There is no cache.
        """
        url = self.url or messages()
        if url is None:
            raise CacheConfigurationError(f"{_VARIABLE} is not set: write {_WRITE}")
        return url
