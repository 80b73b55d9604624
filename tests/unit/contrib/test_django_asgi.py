"""What becomes of the dashboard's work when a client of Django's ASGI handler is gone."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from taskhub.contrib.django.asgi_response import Chunks, Exchange, answer_asgi_request

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
PART: Message = {"type": "http.response.body", "body": b"data", "more_body": True}
SCOPE: Scope = {"type": "http", "method": "GET", "path": "/tasks/stream"}
#: A deadline, not a wait: what is awaited happens within a few turns of the event loop.
DEADLINE = 30


class Application:
    """Sends messages, then works until it is cancelled."""

    def __init__(self, *messages: Message) -> None:
        self._messages = messages
        self.sent = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            for message in self._messages:
                await send(message)
            self.sent.set()
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@pytest.mark.parametrize("messages", [(), (START,)])
def test_a_disconnect_while_the_view_waits_ends_the_application(
    messages: tuple[Message, ...],
) -> None:
    async def disconnect() -> None:
        app = Application(*messages)
        request: Any = SimpleNamespace(
            scope=SCOPE, body=b"", path=SCOPE["path"], is_secure=lambda: False
        )
        view = asyncio.create_task(answer_asgi_request(app, request, "stream", {}))
        await asyncio.wait_for(app.sent.wait(), DEADLINE)
        # Django does this to the view.
        view.cancel()
        with pytest.raises(asyncio.CancelledError):
            await view
        await asyncio.wait_for(app.cancelled.wait(), DEADLINE)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(disconnect())


@pytest.mark.parametrize("begun", [False, True])
def test_a_response_that_nobody_closes_ends_the_application(begun: bool) -> None:
    async def forget() -> None:
        app = Application(PART, PART, PART)
        chunks = Chunks(Exchange(app, dict(SCOPE), b""), b"")
        parts = aiter(chunks)
        if begun:
            assert [await anext(parts), await anext(parts)] == [b"", b"data"]
        else:
            # So that it is at work, blocked by the second part.
            await asyncio.sleep(0)
        del chunks, parts
        gc.collect()
        await asyncio.wait_for(app.cancelled.wait(), DEADLINE)

    asyncio.run(forget())
