"""WSGI middleware that gives each request an id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from taskhub.contrib.request_id import RequestIdHeader
from taskhub.request_id import bind_request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ("RequestIdWSGI",)


class RequestIdWSGI:
    """WSGI middleware that gives each request an id, and its answer a header with it.

    Args:
        application: The application behind it.
        header: The header that brings an id and takes it back.
    """

    def __init__(self, application: WSGIApplication, header: RequestIdHeader) -> None:
        self._application = application
        self._header = header
        self._key = "HTTP_" + header.name.upper().replace("-", "_")

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
