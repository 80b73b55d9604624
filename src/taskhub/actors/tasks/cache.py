"""The task that clears the cache, on the queue `default`."""

from __future__ import annotations

from taskhub.actors import services
from taskhub.actors.application import app
from taskhub.actors.cache import (
    CacheConfigurationError,
    CacheRefusedError,
    CacheUnavailableError,
    InvalidKeyPrefixError,
)


@app.task(
    name="Modules.admin.tasks.default_tasks.clear_cache",
    queue="default",
    autoretry_for=(CacheUnavailableError,),
    # 1, 2, 4 ... seconds, each cut short at random: about a minute in all.
    retry_backoff=1,
    retry_backoff_max=60,
    retry_jitter=True,
    max_retries=6,
    throws=(CacheConfigurationError, CacheRefusedError, InvalidKeyPrefixError),
    track_started=True,
)
def clear_cache(key_prefix: str) -> int:
    """Delete the keys of the cache that begin with a prefix; never those of taskhub itself.

    Args:
        key_prefix: `user:` or `user:*`; another pattern of SCAN's, if it begins with literal text.

    Returns:
        How many keys this run deleted.

    Raises:
        InvalidKeyPrefixError: it could mean every key, or means tasks and results.
        CacheUnavailableError: the server is out of reach, and no retries are left.
        CacheRefusedError, CacheConfigurationError: the server refuses, or none is configured.
    """
    return services.cache_cleaner().clear(key_prefix).deleted
