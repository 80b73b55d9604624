"""Request ids: checks of options; under WSGI in the application, in each part of its body, and nowhere in between."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from starlette.applications import Starlette

from taskhub import current_request_id
from taskhub.contrib.request_id import RequestIdWSGI
from taskhub.contrib.starlette import RequestIdMiddleware
from taskhub.exceptions import ImproperlyConfigured
from tests.support.asgi import ask


def call(application: Any, **environ: Any) -> tuple[Iterable[bytes], dict[str, str]]:
    """Return the body of an answer, unread, and its headers."""
    setup_testing_defaults(environ)
    found: dict[str, str] = {}

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        found.update(headers)

    return RequestIdWSGI(application)(environ, start), found


def test_each_part_of_a_body_is_made_under_the_id() -> None:
    closed: list[Any] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield str(current_request_id()).encode()
            yield str(current_request_id()).encode()

        def close(self) -> None:
            closed.append(current_request_id())

    def application(environ: Any, start: Any) -> Iterable[bytes]:
        start("200 OK", [("X-Other", str(current_request_id()))])
        return Body()

    one, headers = call(application, HTTP_X_REQUEST_ID="one")
    two, _ = call(application, HTTP_X_REQUEST_ID="two")
    parts = [part for pair in zip(one, two, strict=True) for part in (*pair, current_request_id())]
    assert parts == [b"one", b"two", None] * 2
    assert headers == {"X-Other": "one", "X-Request-ID": "one"}
    one.close()  # type: ignore[attr-defined]
    assert (closed, current_request_id()) == (["one"], None)


def test_a_file_is_left_to_the_server() -> None:
    file = FileWrapper(io.BytesIO(b"x"))

    def application(environ: Any, start: Any) -> Iterable[bytes]:
        start("200 OK", [("x-request-id", "own")])
        return file

    environ = {"wsgi.file_wrapper": FileWrapper}
    body, headers = call(application, **environ)
    assert body is file
    assert headers == {"x-request-id": "own"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"header": "X:Y"}, "'X:Y' is no name of a header, as X-Request-ID"),
        ({"header": 5}, "5 is no name of a header"),
        ({"trust_header": "no"}, "trusted must be True or False, not 'no'"),
    ],
)
def test_options_are_checked(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=text):
        RequestIdWSGI(lambda environ, start: [], **options)
    with pytest.raises(ImproperlyConfigured, match=text):
        RequestIdMiddleware(Starlette(), **options)


def test_a_server_that_makes_the_middleware_itself_does_not_start() -> None:
    began: list[str] = []

    @asynccontextmanager
    async def lifespan(site: Any) -> AsyncGenerator[None]:
        began.append("the service")
        yield

    site = Starlette(lifespan=lifespan)
    site.add_middleware(RequestIdMiddleware, header="a b")
    sent: list[Any] = []

    async def serve() -> None:
        async def receive() -> Any:
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            sent.append(message)

        await site({"type": "lifespan", "app": site}, receive, send)

    asyncio.run(serve())
    text = "request ids: 'a b' is no name of a header, as X-Request-ID is"
    assert sent == [{"type": "lifespan.startup.failed", "message": text}]
    assert not began
    # By a server that knows no lifespans.
    with pytest.raises(ImproperlyConfigured, match=text):
        ask(site, "/")
