"""Answering a request of Django's ASGI handler by an ASGI application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from django.http import StreamingHttpResponse

from taskhub.contrib.django.mount_point import make_response, root_path_of, set_headers

if TYPE_CHECKING:
    from django.core.handlers.asgi import ASGIRequest
    from django.http import HttpResponseBase
    from starlette.types import ASGIApp, Message

__all__ = ("answer_asgi_request",)

logger = logging.getLogger(__name__)


async def answer_asgi_request(
    app: ASGIApp, request: ASGIRequest, rest: str, more: Mapping[str, Any]
) -> HttpResponseBase:
    """Return the application's response to a request.

    Args:
        app: The application.
        request: The request, whose body is read.
        rest: Its path below the application.
        more: What the application finds in its scope.

    Raises:
        RuntimeError: The application has not answered.
    """
    root_path = root_path_of(request, rest)
    given: Mapping[str, Any] = request.scope
    scope: dict[str, Any] = {
        **given,
        **more,
        "scheme": "https" if request.is_secure() else "http",
        "root_path": root_path,
        "path": f"{root_path}/{rest}",
    }
    exchange = Exchange(app, scope, request.body)
    try:
        return await _read_response(exchange)
    except BaseException:
        # A disconnect cancels the view: nobody is left to read what the application sends.
        exchange.end()
        raise


async def _read_response(exchange: Exchange) -> HttpResponseBase:
    start = await exchange.next_message()
    if start is None:
        raise RuntimeError("the dashboard has not answered")
    status = int(start["status"])
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]
    ]
    first = await exchange.next_message()
    if first is None or not first.get("more_body"):
        return make_response(status, headers, b"" if first is None else first.get("body", b""))
    response = StreamingHttpResponse(Chunks(exchange, first.get("body", b"")), status=status)
    # Otherwise Django's GZipMiddleware would hold events back until its buffer is full.
    return set_headers(response, [*headers, ("Content-Encoding", "identity")])


class Exchange:
    """One request to an ASGI application, which runs as a task of its own.

    Args:
        app: The application.
        scope: Of the request.
        body: Of the request.
    """

    def __init__(self, app: ASGIApp, scope: dict[str, Any], body: bytes) -> None:
        self._body: bytes | None = body
        # The application waits while nobody reads what it sends.
        self._sent: asyncio.Queue[Message | None] = asyncio.Queue(1)
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(app, scope))

    async def next_message(self) -> Message | None:
        """Return what the application sends next; None: it has ended."""
        return await self._sent.get()

    def end(self) -> None:
        """End the application's work on it: the client is gone. May be called in any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._sent.put)
        except Exception:
            logger.exception("%s %s could not be answered", scope["method"], scope["path"])
        await self._sent.put(None)

    async def _receive(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            # A disconnect cancels the application's task, and needs no message.
            await self._loop.create_future()
        return {"type": "http.request", "body": body or b"", "more_body": False}


class Chunks:
    """The body of a response, as its application sends it.

    Args:
        exchange: The request.
        first: The first part.
    """

    def __init__(self, exchange: Exchange, first: bytes) -> None:
        self._exchange = exchange
        self._first = first

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts."""
        try:
            yield self._first
            while (message := await self._exchange.next_message()) is not None:
                yield message.get("body", b"")
        finally:
            self._exchange.end()

    def close(self) -> None:
        """End it; Django calls this however a response ends that it has begun to send."""
        self._exchange.end()

    def __del__(self) -> None:
        """End it where a disconnect came before Django began to send the response."""
        self._exchange.end()
