"""What an error of the connection to the cache server means."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from taskhub.actors.cache.exceptions import CacheError, CacheRefusedError, CacheUnavailableError
from taskhub.stores import mask_url

__all__ = ("TranslatedError", "cache_error", "translate_error")

_LONGEST_DETAIL: Final = 200


class TranslatedError(NamedTuple):
    """What is wrong with a server.

    Args:
        what: What is wrong, as the rest of a sentence about the server.
        remedy: What to do.
        transient: Whether the same call may succeed later without anybody doing anything.
    """

    what: str
    remedy: str
    transient: bool


def cache_error(error: Exception, place: str) -> CacheError:
    """Return the error to raise for one of redis-py's, in one line without secrets.

    Args:
        error: What the client raised.
        place: The server, without credentials.
    """
    translated = translate_error(error)
    kind = CacheUnavailableError if translated.transient else CacheRefusedError
    return kind(f"{place} {translated.what}: {translated.remedy}")


def translate_error(error: Exception) -> TranslatedError:
    """Return what an error means."""
    import redis.exceptions as errors

    # The replies to other commands, and to the HELLO of RESP3.
    if re.search("NOAUTH|Authentication required|already authenticated", str(error)):
        return TranslatedError(
            "wants a password",
            "write it in TASKHUB_CACHE_URL, as in redis://:<password>@host",
            False,
        )
    # Before the connection's: redis-py counts these among them.
    if isinstance(error, errors.AuthenticationError | errors.AuthenticationWrongNumberOfArgsError):
        return TranslatedError(
            "did not accept the user or password",
            "correct them in TASKHUB_CACHE_URL; special characters are percent-encoded",
            False,
        )
    if isinstance(error, errors.BusyLoadingError):
        return TranslatedError("is still loading its data", "wait until it is ready", True)
    if isinstance(error, errors.TimeoutError | TimeoutError):
        return TranslatedError(
            "did not answer in time", "check the address, the network and its load", True
        )
    if isinstance(error, errors.ConnectionError | OSError):
        return TranslatedError(
            f"can't be reached ({_detail(error)})",
            "start the server there, or correct TASKHUB_CACHE_URL",
            True,
        )
    if isinstance(error, errors.NoPermissionError):
        return TranslatedError(
            f"does not permit this to its user ({_detail(error)})",
            "allow the user SCAN and UNLINK on the keys to clear",
            False,
        )
    if isinstance(error, errors.ReadOnlyError):
        return TranslatedError("is a replica", "give the master's address, or sentinel://", False)
    return TranslatedError(f"refused ({_detail(error)})", "look into the server's log", False)


def _detail(error: Exception) -> str:
    return " ".join(mask_url(str(error)).split())[:_LONGEST_DETAIL].rstrip(".")
