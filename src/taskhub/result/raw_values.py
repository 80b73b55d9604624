"""Other values in the store of results: `app.backend.set(key, value)`, as Celery's backends."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from taskhub.config.result_backend import results_address
from taskhub.config.urls import parse_store_url
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.app.app import Celery


class RawValues:
    """Reads and writes keys of the results' store, as programs do for locks and health checks."""

    app: Celery

    @cached_property
    def client(self) -> Any:
        """A client of redis-py for the store of the results.

        Raises:
            ImproperlyConfigured: The store has no address of its own.
        """
        import redis

        url = results_address(self.app.conf)
        if url is None or parse_store_url(url).scheme not in ("redis", "rediss", "unix"):
            raise ImproperlyConfigured(
                "app.backend.client needs a redis://, rediss:// or unix:// URL as result_backend "
                "or broker_url: make a client of your own for other stores"
            )
        return redis.Redis.from_url(url)

    def get(self, key: Any) -> Any:
        """Return the value of a key, as bytes; None if there is none."""
        return self.client.get(key)

    def mget(self, keys: Sequence[Any]) -> Any:
        """Return the values of some keys."""
        return self.client.mget(keys)

    def set(self, key: Any, value: Any, **retry_policy: Any) -> Any:
        """Set a key; it is kept as long as results are."""
        seconds = getattr(self, "expires", None)
        return self.client.set(key, value, ex=int(seconds) if seconds else None)

    def delete(self, key: Any) -> Any:
        """Delete a key."""
        return self.client.delete(key)

    def incr(self, key: Any) -> Any:
        """Add one to a number and return it."""
        return self.client.incr(key)

    def expire(self, key: Any, value: float) -> Any:
        """Let a key expire in so many seconds."""
        return self.client.expire(key, int(value))
