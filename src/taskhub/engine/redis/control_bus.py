"""Control messages in a capped stream, and their replies in lists that expire."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from taskhub.engine.port.control_bus import (
    ControlBus,
    ControlMessage,
    ControlSubscription,
    ReplyCollector,
)
from taskhub.engine.redis.blocking_call import SERVER_WAIT, BlockingCall
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.engine.redis.connector import Connector
from taskhub.engine.redis.inspection import milliseconds
from taskhub.engine.redis.push_connection import NOTHING
from taskhub.exceptions import OperationalError

#: Messages per read.
PAGE = 100
#: How long replies wait for their collector, and claimed names are remembered, ms.
KEPT = 60_000


class RedisControlBus(ControlBus):
    """Keeps about the last thousand messages: a subscription that reconnects misses none.

    Args:
        channels: returns the channels of this process.
        now: returns the present in ms, "" for that of the server's clock.
    """

    def __init__(
        self,
        connector: Connector,
        namespace: str,
        channels: Callable[[], ChannelPool],
        now: Callable[[], str],
    ) -> None:
        self._connector = connector
        self._namespace = namespace
        self._channels = channels
        self._now = now

    def publish_command(self, text: str) -> None:
        self._run("publish_control", text)

    def subscribe(self, after: str | None = None) -> ControlSubscription:
        stream = f"{self._namespace}:control"
        newest, server_time = self._channels().call(
            [("XREVRANGE", stream, "+", "-", "COUNT", 1), ("TIME",)]
        )
        if after is None:
            after = str(newest[0][0].decode()) if newest else "0-0"
        opened = time.monotonic()
        began = milliseconds(server_time)

        def present() -> int:
            now = self._now()
            return int(now) if now else began + int((time.monotonic() - opened) * 1000)

        return _RedisSubscription(self._connector, stream, after, present)

    def send_reply(self, reply_to: str, text: str) -> None:
        self._run("reply", reply_to, text, KEPT)

    def collect_replies(self, reply_to: str) -> ReplyCollector:
        return _RedisReplyCollector(self._connector, f"{self._namespace}:reply:{reply_to}")

    def claim_once(self, name: str) -> bool:
        # Not repeated when its reply is lost: the second time it would not be the first.
        arguments = (self._now(), name, KEPT)
        return bool(self._channels().run("claim_once", self._namespace, arguments, retry=None))

    def _run(self, name: str, *arguments: Any) -> None:
        self._channels().run(name, self._namespace, (self._now(), *arguments))


class _RedisSubscription(ControlSubscription):
    """Keeps one `XREAD` under way.

    Args:
        present: returns the present in ms, by the server's clock.
    """

    def __init__(
        self, connector: Connector, stream: str, after: str, present: Callable[[], int]
    ) -> None:
        self.last_id = after
        self._call = BlockingCall(connector, "control_bus")
        self._stream = stream
        self._present = present

    def receive(self, timeout: float) -> list[ControlMessage]:
        block = int(SERVER_WAIT * 1000)
        command = ("XREAD", "COUNT", PAGE, "BLOCK", block, "STREAMS", self._stream, self.last_id)
        reply = self._call.wait(timeout, command)
        if reply is NOTHING or reply is None:
            return []
        if isinstance(reply, Exception):
            raise OperationalError(f"the control bus cannot be read: {reply}") from reply
        now, found = self._present(), []
        for number, fields in _entries(reply):
            self.last_id = number.decode()
            content = dict(zip(fields[::2], fields[1::2], strict=True))
            sent = int(content.get(b"at", b"0"))
            text = content.get(b"message", b"")
            found.append(ControlMessage(self.last_id, text, max(0, now - sent)))
        return found

    def interrupt(self) -> None:
        self._call.interrupt()

    def close(self) -> None:
        self._call.close()


class _RedisReplyCollector(ReplyCollector):
    """Keeps one `BLPOP` under way."""

    def __init__(self, connector: Connector, name: str) -> None:
        self._call = BlockingCall(connector, "replies")
        self._command = ("BLPOP", name, SERVER_WAIT)

    def receive(self, timeout: float) -> bytes | None:
        deadline = time.monotonic() + timeout
        while True:
            reply = self._call.wait(deadline - time.monotonic(), self._command)
            if reply is not NOTHING and reply is not None:
                if isinstance(reply, Exception):
                    raise OperationalError(f"replies cannot be read: {reply}") from reply
                text: bytes = reply[1]
                return text
            if time.monotonic() >= deadline:
                return None

    def close(self) -> None:
        self._call.close()


def _entries(reply: Any) -> list[Any]:
    """Return the entries of the one stream that was read; its form depends on the protocol."""
    if isinstance(reply, dict):
        return list(next(iter(reply.values())))
    return list(reply[0][1])
