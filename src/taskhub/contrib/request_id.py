"""Request ids of a web service: the header that brings them, and the field of log lines.

WSGI middleware makes them; that of ASGI is in `taskhub.contrib.starlette`, and Flask's extension
has its own. Tasks get them from there by themselves.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from taskhub import bind_request_id, current_request_id
from taskhub.exceptions import ImproperlyConfigured
from taskhub.request_id import NO_REQUEST_ID, accepted_request_id, new_request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = (
    "DEFAULT_HEADER",
    "RequestIdFilter",
    "RequestIdHeader",
    "RequestIdWSGI",
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
        ImproperlyConfigured: No header can have that name, or `trusted` is not True or False.
    """

    name: str = DEFAULT_HEADER
    trusted: bool = True

    def __post_init__(self) -> None:
        name: Any = self.name
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ImproperlyConfigured(
                f"request ids: {name!r:.100} is no name of a header, as {DEFAULT_HEADER} is"
            )
        if not isinstance(self.trusted, bool):
            raise ImproperlyConfigured(
                "request ids: whether the header is trusted must be True or False, not "
                f"{self.trusted!r:.100}"
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


class RequestIdWSGI:
    """WSGI middleware that gives each request an id, and its answer a header with it.

    Args:
        application: The application behind it.
        header: The header that brings an id and takes it back.
        trust_header: Whether an id that a client sends is used; otherwise each request gets a new
            one.

    Raises:
        ImproperlyConfigured: An argument cannot be used.
    """

    def __init__(
        self,
        application: WSGIApplication,
        header: str = DEFAULT_HEADER,
        trust_header: bool = True,
    ) -> None:
        self._application = application
        self._header = RequestIdHeader(header, trust_header)
        self._key = "HTTP_" + header.upper().replace("-", "_")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request under its id."""
        value = environ.get(self._key)
        request_id = self._header.choose(() if value is None else (value,))

        def start_with_id(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            wanted = self._header.name.lower()
            if all(name.lower() != wanted for name, _ in headers):
                headers = [*headers, (self._header.name, request_id)]
            return start_response(status, headers, *error)

        with bind_request_id(request_id):
            body = self._application(environ, start_with_id)
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(body, list | tuple) or (
            isinstance(wrapper, type) and isinstance(body, wrapper)
        ):
            # Complete, or a file that the server sends by itself.
            return body
        return _Body(body, request_id)


class _Body:
    """The body of an answer, each part of which is made under the request's id.

    The id is not bound in between, when the server's thread may serve others.
    """

    def __init__(self, parts: Iterable[bytes], request_id: str) -> None:
        self._parts = parts
        self._iterator: Iterator[bytes] | None = None
        self._request_id = request_id

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with bind_request_id(self._request_id):
            if self._iterator is None:
                self._iterator = iter(self._parts)
            return next(self._iterator)

    def close(self) -> None:
        """Let the application end what it has begun; servers call this in any case."""
        close = getattr(self._parts, "close", None)
        if close is not None:
            with bind_request_id(self._request_id):
                close()
