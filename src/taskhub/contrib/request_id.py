"""Request ids of a web service: the header that brings them, and the field of log lines.

The middleware that makes them is in `taskhub.contrib.starlette` and `taskhub.contrib.flask`; tasks
get them from there by themselves.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taskhub import bind_request_id, current_request_id
from taskhub.exceptions import ImproperlyConfigured
from taskhub.request_id import NO_REQUEST_ID, accepted_request_id, new_request_id

__all__ = (
    "DEFAULT_HEADER",
    "RequestIdFilter",
    "RequestIdHeader",
    "bind_request_id",
    "current_request_id",
)

DEFAULT_HEADER: Final = "X-Request-ID"
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True)
class RequestIdHeader:
    """The header that brings the id of a request, and takes it back to the client.

    Args:
        name: Its name.
        trusted: Whether an id of the client's counts; otherwise each request gets a new one.

    Raises:
        ImproperlyConfigured: No header can have that name.
    """

    name: str = DEFAULT_HEADER
    trusted: bool = True

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(str(self.name)):
            raise ImproperlyConfigured(
                f"request ids: {self.name!r:.100} is no name of a header, as {DEFAULT_HEADER} is"
            )

    def choose(self, values: Sequence[str]) -> str:
        """Return the id of a request: the client's if it can be used, or else a new one.

        Args:
            values: What the request has under the header's name; more than one counts as none.
        """
        found = values[0] if self.trusted and len(values) == 1 else None
        return accepted_request_id(found) or new_request_id()


class RequestIdFilter(logging.Filter):
    """Gives log records the field `request_id`; lets all of them pass.

    For the handlers of a service, whose format then may have `%(request_id)s`. Formatters of
    workers have the field anyway.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Set the field; it is "-" without an id."""
        record.__dict__.setdefault("request_id", current_request_id() or NO_REQUEST_ID)
        return True
