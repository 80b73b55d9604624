"""Whether the cache server answers."""

from __future__ import annotations

import time
from dataclasses import dataclass

from taskhub.cache.connecting import open_client
from taskhub.cache.faults import find_fault
from taskhub.cache.settings import CacheSettings

__all__ = ("Check", "check_cache")


@dataclass(frozen=True)
class Check:
    """What a check found.

    Parameters:
        ok: Whether the server can be used.
        seconds: How long the check took.
        detail: One line: what was found.
        advice: One line: what to do; None: nothing.
    """

    ok: bool
    seconds: float
    detail: str
    advice: str | None = None


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
