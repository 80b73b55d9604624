"""Whether the cache server answers."""

from __future__ import annotations

import time

from taskhub.actors.cache.errors import translate_error
from taskhub.health import Check
from taskhub.stores import StoreURL, open_client

__all__ = ("check_cache",)


def check_cache(url: StoreURL, *, timeout: float = 5.0) -> Check:
    """Connect, log in, choose the database and ask for a sign of life.

    Args:
        url: Where the cache is.
        timeout: Seconds that connecting, and each answer, may take.
    """
    import redis.exceptions as errors

    started = time.monotonic()
    try:
        with open_client(url, timeout=timeout, name="taskhub-cache") as client:
            client.ping()
    except (errors.RedisError, OSError) as error:
        translated = translate_error(error)
        seconds = time.monotonic() - started
        return Check(False, seconds, f"{url} {translated.what}", translated.remedy)
    return Check(True, time.monotonic() - started, f"{url} answers")
