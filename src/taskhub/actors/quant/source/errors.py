"""What an error inside akshare means: may it pass, or has the source changed."""

from __future__ import annotations

from typing import Final

from taskhub.actors.quant.exceptions import (
    QuantError,
    SourceSchemaError,
    SourceUnavailableError,
    SuspiciousAnswerError,
)
from taskhub.stores import mask_url

__all__ = ("source_error",)

_LONGEST_DETAIL: Final = 200
#: How the sources say that they are asked too often, or by whom they do not want; 456 is Sina's
#: own.
_RATE_LIMITED: Final = frozenset({403, 418, 429, 456})


def source_error(error: Exception, function: str) -> QuantError | None:
    """Return our error for one raised in akshare; None: it is no error of the source.

    Args:
        error: What was raised.
        function: Akshare's function that was asked.
    """
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return _status_error(error.response.status_code, function)
    if isinstance(error, requests.RequestException | OSError | IndexError) or _is_broken_json(
        error
    ):
        # An index: a page for people, in which akshare looks for a number.
        return SourceUnavailableError(
            f"{function} got no answer ({_detail(error)}): try again later"
        )
    if isinstance(error, ZeroDivisionError) or "'NoneType' object is not subscriptable" in str(
        error
    ):
        # So akshare takes `"data": null` and a page without rows.
        return SuspiciousAnswerError(
            f"{function} got an answer without rows: nothing was changed; try again later"
        )
    if isinstance(error, ValueError | LookupError | TypeError | AttributeError):
        return SourceSchemaError(
            f"{function} can't read what the source answers ({_detail(error)}): install a newer "
            "akshare, or report it there"
        )
    return None


def _status_error(status: int, function: str) -> QuantError:
    if status in _RATE_LIMITED:
        return SourceUnavailableError(
            f"{function} is rate-limited (HTTP {status}): try again later, and less often"
        )
    if status >= 500 or status in (408, 425):
        return SourceUnavailableError(f"{function} got HTTP {status}: try again later")
    return SourceSchemaError(
        f"{function} got HTTP {status}, as if the source had moved: install a newer akshare, or "
        "report it there"
    )


def _is_broken_json(error: Exception) -> bool:
    """Return whether an answer was cut short or is an HTML page, by the JSON reader's error."""
    return any(kind.__name__ in ("JSONDecodeError", "JSONError") for kind in type(error).__mro__)


def _detail(error: Exception) -> str:
    text = " ".join(mask_url(str(error)).split()) or type(error).__name__
    return text[:_LONGEST_DETAIL].rstrip(".")
