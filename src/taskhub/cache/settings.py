"""Where the cache is, and what in it is not for clearing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taskhub.cache.exceptions import CacheConfigurationError
from taskhub.cache.pattern import protected_prefixes
from taskhub.config.urls import StoreURL, parse_store_url
from taskhub.exceptions import ImproperlyConfigured

__all__ = ("CacheSettings",)


@dataclass(frozen=True)
class CacheSettings:
    """Where the cache is, and what in it is not for clearing.

    Parameters:
        url: The server and database.
        protected: What the keys begin with that are never cleared.
        timeout: Seconds that connecting, and each answer, may take.
    """

    url: StoreURL
    protected: tuple[str, ...] = protected_prefixes()
    timeout: float = 10.0

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str],
        *,
        broker_url: str | None = None,
        namespace: str = "taskhub",
    ) -> CacheSettings:
        """Read ``TASKHUB_CACHE_URL``; where it is not set, the cache is in the broker's store.

        Parameters:
            environment: The variables, as ``os.environ``.
            broker_url: Where the broker's store is.
            namespace: The application's namespace there, whose keys are never cleared.

        Raises:
            CacheConfigurationError: There is no address, or it is wrong; one line, secrets masked.
        """
        text, setting = environment.get("TASKHUB_CACHE_URL", "").strip(), "TASKHUB_CACHE_URL"
        if not text and broker_url:
            text, setting = broker_url, "broker_url"
        if not text:
            raise CacheConfigurationError(
                "TASKHUB_CACHE_URL is not set: write the cache server's address, for example "
                "redis://localhost:6379/1"
            )
        try:
            url = parse_store_url(text, setting=setting)
        except ImproperlyConfigured as error:
            raise CacheConfigurationError(str(error)) from None
        if url.scheme == "memory":
            raise CacheConfigurationError(
                f"{setting}: memory:// holds no cache: set TASKHUB_CACHE_URL to the cache server's "
                "address, for example redis://localhost:6379/1"
            )
        if url.scheme == "sentinel" and not url.service_name:
            raise CacheConfigurationError(
                f"{setting}: {url} does not say which service the sentinels watch: "
                "add ?service_name=mymaster"
            )
        return cls(url, protected_prefixes(namespace))
