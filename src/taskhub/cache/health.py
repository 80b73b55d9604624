"""Whether the cache server answers."""

from __future__ import annotations

import time

from taskhub.cache.connecting import open_client
from taskhub.cache.faults import find_fault
from taskhub.cache.settings import CacheSettings
from taskhub.health import Check

__all__ = ("check_cache",)


def check_cache(settings: CacheSettings, *, timeout: float = 5.0) -> Check:
    """Connect, log in, choose the database and ask for a sign of life.

    Parameters:
        settings: Where the cache is.
        timeout: Seconds that connecting, and each answer, may take.
    """
    import redis.exceptions as errors

    started = time.monotonic()
    try:
        with open_client(settings.url, timeout=min(timeout, settings.timeout)) as client:
            client.ping()
    except (errors.RedisError, OSError) as error:
        fault = find_fault(error)
        seconds = time.monotonic() - started
        return Check(False, seconds, f"{settings.url} {fault.what}", fault.mend)
    return Check(True, time.monotonic() - started, f"{settings.url} answers")
