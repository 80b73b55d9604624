"""Starlette's lifespan and request ids, by the protocol of ASGI."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from taskhub import Celery, current_request_id
from taskhub.contrib.request_id import RequestIdFilter
from taskhub.contrib.starlette import RequestIdMiddleware, answer_unavailable, lifespan
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.testing import TestApp
from tests.support.asgi import ask
from tests.support.servers import find_free_port


def show(request: Request) -> PlainTextResponse:
    return PlainTextResponse(current_request_id() or "")


async def stream(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        yield str(current_request_id())
        await asyncio.sleep(0)
        yield f" {current_request_id()}"

    return StreamingResponse(parts(), headers={"X-Request-ID": "own"})


SITE = Starlette(routes=[Route("/", show), Route("/stream", stream)])


def test_a_request_keeps_the_id_that_it_brings() -> None:
    answer = ask(RequestIdMiddleware(SITE), headers={"X-Request-ID": "abc-1"})
    assert (answer.text, answer.headers["x-request-id"]) == ("abc-1", "abc-1")
    assert current_request_id() is None


@pytest.mark.parametrize("value", ["a b", "x" * 129, "", 'a"b', "a, b"])
def test_a_request_with_an_unusable_id_gets_a_new_one(value: str) -> None:
    answer = ask(RequestIdMiddleware(SITE), headers={"X-Request-ID": value})
    assert len(answer.text) == 32
    assert answer.text != value


def test_two_ids_count_as_none() -> None:
    headers = [("X-Request-ID", "one"), ("X-Request-ID", "two")]
    assert len(ask(RequestIdMiddleware(SITE), headers=headers).text) == 32


def test_ids_of_clients_can_be_distrusted_and_the_header_chosen() -> None:
    site = RequestIdMiddleware(SITE, "X-Trace", trust_header=False)
    first, second = (ask(site, headers={"X-Trace": "abc"}) for _ in range(2))
    assert first.headers["x-trace"] == first.text != second.text != "abc"
    with pytest.raises(ImproperlyConfigured, match="'X Trace' is no name of a header"):
        RequestIdMiddleware(SITE, "X Trace")


def test_a_stream_has_the_id_and_a_header_of_its_own_stays() -> None:
    answer = ask(RequestIdMiddleware(SITE), "/stream", headers={"X-Request-ID": "a"})
    assert answer.text == "a a"
    assert answer.headers.get_list("x-request-id") == ["own"]


def test_log_records_get_the_id() -> None:
    record = logging.makeLogRecord({})
    assert RequestIdFilter().filter(record)
    assert record.__dict__["request_id"] == "-"


# -- lifespan


class Closing(Celery):
    closed = 0

    def close_connections(self) -> None:
        self.closed += 1
        super().close_connections()


def during(site: Starlette) -> Any:
    """Begin and end the lifespan of a service; returns its state."""

    async def last() -> Any:
        async with site.router.lifespan_context(site) as state:
            return state

    return asyncio.run(last())


def closing_app() -> Closing:
    return Closing("closing", broker="memory://", set_as_current=False)


def test_a_service_opens_and_closes_the_app_around_its_own_lifespans() -> None:
    app, seen = closing_app(), []

    @asynccontextmanager
    async def own(site: Any) -> AsyncIterator[dict[str, int]]:
        seen.append(("begin", app.finalized, app.closed))
        yield {"pool": 7}
        seen.append(("end", app.finalized, app.closed))

    @asynccontextmanager
    async def other(site: Any) -> AsyncIterator[None]:
        yield

    site = Starlette(lifespan=lifespan(app, own, other))
    for times in (1, 2):
        assert during(site) == {"pool": 7}
        assert app.closed == times
    assert seen[:2] == [("begin", True, 0), ("end", True, 0)]


def test_a_lifespan_that_begins_twice_says_so_and_closes_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = closing_app()
    lasting = lifespan(app)

    async def twice() -> None:
        async with lasting(None), lasting(None):
            pass

    asyncio.run(twice())
    assert app.closed == 1
    [line] = caplog.messages
    assert line.startswith("the lifespan of app 'closing' has begun 2 times: once is enough")


def test_a_lifespan_that_ends_while_another_begins_leaves_its_connections_open() -> None:
    beginning, ended = threading.Event(), threading.Event()

    class Slow(Closing):
        def finalize(self, auto: bool = False) -> None:
            super().finalize(auto)
            if first_has_begun:
                beginning.set()
                assert ended.wait(30)

    app, first_has_begun = Slow("closing", broker="memory://", set_as_current=False), False

    async def both() -> None:
        nonlocal first_has_begun
        first, second = lifespan(app)(None), lifespan(app)(None)
        await first.__aenter__()
        first_has_begun = True
        start = asyncio.create_task(second.__aenter__())
        await asyncio.to_thread(beginning.wait, 30)
        await first.__aexit__(None, None, None)
        assert app.closed == 0
        ended.set()
        await start
        await second.__aexit__(None, None, None)

    asyncio.run(both())
    assert app.closed == 1


@pytest.fixture
def away() -> Closing:
    """An app whose store is away."""
    url = f"redis://:secret@127.0.0.1:{find_free_port()}/0"
    return Closing(
        "away",
        broker=url,
        set_as_current=False,
        task_publish_retry=False,
        broker_connection_timeout=1,
    )


def test_a_service_without_its_store_does_not_start(away: Closing) -> None:
    expected = r"^the service does not start: the store \(broker\) cannot"
    with pytest.raises(OperationalError, match=expected) as raised:
        during(Starlette(lifespan=lifespan(away)))
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert away.closed == 1


def test_a_service_may_start_without_its_store(
    away: Celery, caplog: pytest.LogCaptureFixture
) -> None:
    @away.task
    def nothing() -> None:
        pass

    async def call(request: Request) -> PlainTextResponse:
        await nothing.adelay()
        return PlainTextResponse("sent")

    site = Starlette(
        lifespan=lifespan(away, store_required=False),
        routes=[Route("/", call)],
        exception_handlers={OperationalError: answer_unavailable},
    )
    assert during(site) is None
    [line] = caplog.messages
    assert line.startswith("the store (broker) cannot be used")
    assert line.endswith("; the service starts, and calls fail until the store is back")
    answer = ask(site)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"detail": "The task queue is not available. Try again later."}
    assert "secret" not in caplog.text


def test_what_is_no_app_or_no_lifespan_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="is for an app of taskhub, not for <starlette"):
        lifespan(SITE)  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match="'own' is no lifespan"):
        lifespan(TestApp(), "own")  # type: ignore[arg-type]

    async def undecorated(site: Any) -> AsyncIterator[None]:
        yield

    async def enter() -> None:
        async with lifespan(TestApp(), undecorated)(None):  # type: ignore[arg-type]
            pass

    with pytest.raises(ImproperlyConfigured, match="decorate it with contextlib"):
        asyncio.run(enter())


def test_a_websocket_has_the_id_and_its_acceptance_names_it() -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(current_request_id())
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})

    async def send(message: Any) -> None:
        seen.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is to be received")

    scope = {"type": "websocket", "headers": [(b"x-request-id", b"seven")]}
    asyncio.run(RequestIdMiddleware(application)(scope, receive, send))
    assert seen == [
        "seven",
        {"type": "websocket.accept", "headers": [(b"x-request-id", b"seven")]},
        {"type": "websocket.close"},
    ]
