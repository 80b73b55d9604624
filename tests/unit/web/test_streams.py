"""When streams of live updates end by themselves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from taskhub.web.http.live import Live
from taskhub.web.http.server_state import is_server_stopping


class ServerDouble:
    """Has what uvicorn's server has: a flag, and a handler of signals that is a method."""

    def __init__(self) -> None:
        self.should_exit = False

    def handle_exit(self, number: int, frame: Any) -> None:
        self.should_exit = True


@pytest.fixture
def server() -> Iterator[ServerDouble]:
    double = ServerDouble()
    before = signal.signal(signal.SIGTERM, double.handle_exit)
    yield double
    signal.signal(signal.SIGTERM, before)


async def still_allowed() -> bool:
    return True


async def read(live: Live, lifetime: float) -> bytes:
    """Return all that a stream sends."""
    parts = [part async for part in live.stream((), still_allowed, lifetime)]
    return b"".join(parts)


def test_a_stream_ends_after_its_lifetime() -> None:
    sent = asyncio.run(asyncio.wait_for(read(Live(), 0.05), 30))
    assert sent.startswith(b"retry: 3000\n\nevent: store\n")


def test_streams_end_when_the_server_is_to_stop(server: ServerDouble) -> None:
    async def stop_meanwhile() -> bytes:
        live = Live()
        reading = asyncio.create_task(read(live, 3600))
        await asyncio.sleep(0)
        assert not reading.done()
        signal.raise_signal(signal.SIGTERM)
        return await asyncio.wait_for(reading, 30)

    assert asyncio.run(stop_meanwhile()).startswith(b"retry: 3000\n\n")
    assert is_server_stopping()


def test_another_handler_of_signals_says_nothing(server: ServerDouble) -> None:
    assert not is_server_stopping()
    server.should_exit = SimpleNamespace()  # type: ignore[assignment]
    assert not is_server_stopping()
