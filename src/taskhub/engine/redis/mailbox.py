"""Commands to workers in a capped stream, and their replies in lists that expire."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from taskhub.engine.mailbox import Inbox, Letter, Mailbox, Replies
from taskhub.engine.redis.blocking import SERVER_WAIT, BlockingCall
from taskhub.engine.redis.connecting import Connector
from taskhub.engine.redis.inspection import milliseconds
from taskhub.engine.redis.line import NOTHING
from taskhub.engine.redis.pool import ChannelPool
from taskhub.exceptions import OperationalError

#: Letters per read.
PAGE = 100
#: How long replies wait for the caller, and errands are remembered, ms.
KEPT = 60_000


class RedisMailbox(Mailbox):
    """The stream keeps about the last thousand letters, so that who was away for a moment misses none.

    Parameters:
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

    def post(self, text: str) -> None:
        self._run("post", text)

    def inbox(self, after: str | None = None) -> Inbox:
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

        return _RedisInbox(self._connector, stream, after, present)

    def reply(self, ticket: str, text: str) -> None:
        self._run("reply", ticket, text, KEPT)

    def replies(self, ticket: str) -> Replies:
        return _RedisReplies(self._connector, f"{self._namespace}:reply:{ticket}")

    def take(self, errand: str) -> bool:
        # Not repeated when its reply is lost: the second time it would not be the first.
        arguments = (self._now(), errand, KEPT)
        return bool(self._channels().run("take", self._namespace, arguments, retry=None))

    def _run(self, name: str, *arguments: Any) -> None:
        self._channels().run(name, self._namespace, (self._now(), *arguments))


class _RedisInbox(Inbox):
    """Keeps one `XREAD` under way.

    Parameters:
      present: returns the present in ms, by the server's clock.
    """

    def __init__(
        self, connector: Connector, stream: str, after: str, present: Callable[[], int]
    ) -> None:
        self.last = after
        self._call = BlockingCall(connector, "mailbox")
        self._stream = stream
        self._present = present

    def wait(self, timeout: float) -> list[Letter]:
        block = int(SERVER_WAIT * 1000)
        command = ("XREAD", "COUNT", PAGE, "BLOCK", block, "STREAMS", self._stream, self.last)
        reply = self._call.wait(timeout, command)
        if reply is NOTHING or reply is None:
            return []
        if isinstance(reply, Exception):
            raise OperationalError(f"the mailbox cannot be read: {reply}") from reply
        now, letters = self._present(), []
        for number, fields in _entries(reply):
            self.last = number.decode()
            content = dict(zip(fields[::2], fields[1::2], strict=True))
            sent = int(content.get(b"at", b"0"))
            letters.append(Letter(self.last, content.get(b"letter", b""), max(0, now - sent)))
        return letters

    def wake(self) -> None:
        self._call.wake()

    def close(self) -> None:
        self._call.close()


class _RedisReplies(Replies):
    """Keeps one `BLPOP` under way."""

    def __init__(self, connector: Connector, name: str) -> None:
        self._call = BlockingCall(connector, "replies")
        self._command = ("BLPOP", name, SERVER_WAIT)

    def wait(self, timeout: float) -> bytes | None:
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
