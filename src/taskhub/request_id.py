"""The id of what calls are made for: an HTTP request, a message of another system, a batch.

with bind_request_id("7f3a"):
    add.delay(1, 2)  # the task's `self.request.request_id` is "7f3a"
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

__all__ = (
    "LONGEST",
    "NO_REQUEST_ID",
    "STAMP",
    "accepted_request_id",
    "bind_request_id",
    "bound_request_id",
    "is_stamped",
    "new_request_id",
    "stamps_with",
)

#: The stamp of messages, the attribute of requests and the field of log lines.
STAMP: Final = "request_id"
#: The field of plain log lines without an id.
NO_REQUEST_ID: Final = "-"
#: Ids are in every log line and message: longer ones are refused.
LONGEST: Final = 128
#: What UUIDs, trace ids and the ids of proxies are made of, and what log lines can hold unquoted.
_FORM: Final = re.compile(r"[A-Za-z0-9._~:/+=@-]+")

_bound: ContextVar[str | None] = ContextVar("taskhub_request_id", default=None)


def new_request_id() -> str:
    """Return a random id: 32 hexadecimal digits."""
    return os.urandom(16).hex()


def accepted_request_id(text: str | None) -> str | None:
    """Return a request id that somebody else has sent; None if it cannot be used."""
    if text and len(text) <= LONGEST and _FORM.fullmatch(text):
        return text
    return None


@contextmanager
def bind_request_id(request_id: str | None = None) -> Generator[str]:
    """Give the calls and log lines of a block a request id; yields it.

    Args:
        request_id: The id; None: a new one.

    Raises:
        TypeError: It is no text.
        ValueError: It cannot be used.
    """
    token = _bound.set(new_request_id() if request_id is None else _checked(request_id))
    try:
        yield _bound.get() or ""
    finally:
        _bound.reset(token)


def bound_request_id() -> str | None:
    """Return the id of the innermost `bind_request_id` block; None: there is none."""
    return _bound.get()


def is_stamped(options: Mapping[str, Any]) -> bool:
    """Return whether the options of a message have a request id, also one of the caller's own."""
    return STAMP in (options.get("stamps") or ()) or STAMP in (options.get("headers") or ())


def stamps_with(options: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """Return the options of a message that hold its stamps, with a request id among these."""
    return {
        "stamped_headers": [*(options.get("stamped_headers") or ()), STAMP],
        "stamps": {**(options.get("stamps") or {}), STAMP: request_id},
    }


def _checked(request_id: Any) -> str:
    if not isinstance(request_id, str):
        raise TypeError(f"request_id must be a text, not {request_id!r:.100}")
    if accepted_request_id(request_id) is None:
        raise ValueError(
            f"request_id {request_id!r:.100} cannot be used: it has 1 to {LONGEST} characters of "
            "A-Z, a-z, 0-9 and ._~:/+=@-"
        )
    return request_id
