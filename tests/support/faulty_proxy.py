"""A TCP proxy that fails on command: it delays, cuts, loses one reply, goes silent, answers itself, or strikes at one
request.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Self

__all__ = ("FaultyProxy",)

_CHUNK = 1 << 16
#: How a command begins.
_COMMAND = re.compile(rb"(?:^|\r\n)\*\d+(?=\r\n)")


class Ambush(NamedTuple):
    """What is to happen at one request, once."""

    #: Tells the request from all others, by its bytes.
    matches: Callable[[bytes], bool]
    #: Called while the client still waits.
    strike: Callable[[], object]
    #: Whether the store has served the request by then; otherwise it never gets it.
    after: bool


class FaultyProxy:
    """Forwards connections to a port of 127.0.0.1 until it is told to misbehave.

    Args:
        port: Where the store listens.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._lock = threading.Lock()
        self._pairs: set[_Pair] = set()
        self._closed = False
        #: Seconds by which every chunk is held up, each way.
        self.delay = 0.0
        #: Whether nothing is forwarded, with all connections left open.
        self.is_silent = False
        #: Whether new connections are closed at once.
        self.refuses = False
        #: What clients get for each command, which the store never gets; None: the store is asked.
        self.answer: bytes | None = None
        self._lost_reply: bytes | None = None
        self._ambush: Ambush | None = None
        #: Set when the reply that was to be lost has been lost, or an ambush is over.
        self.lost = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """The URL under which clients reach the store through the proxy."""
        return f"redis://127.0.0.1:{self.port}/0"

    def cut(self) -> None:
        """Close all connections; new ones are served."""
        for pair in self._open_pairs():
            pair.close()

    def half_close(self) -> None:
        """End the stream from the store to each client; the other way stays open."""
        for pair in self._open_pairs():
            pair.half_close()

    def go_silent(self) -> None:
        """Swallow all that is sent and close nothing, as a firewall that forgot its connections."""
        self.is_silent = True

    def speak(self) -> None:
        """Serve new connections again; what fell silent stays so."""
        for pair in self._open_pairs():
            pair.is_silent = True
        self.is_silent = False

    def lose_reply(self, containing: bytes) -> None:
        """Swallow the next reply that holds these bytes, and cut its connection."""
        self.lost.clear()
        self._lost_reply = containing

    def lose_reply_to(self, containing: bytes) -> None:
        """Swallow the reply to the next request that holds these bytes, and cut its connection."""
        self.ambush(lambda request: containing in request, lambda: None, after=True)

    def ambush(
        self, matches: Callable[[bytes], bool], strike: Callable[[], object], *, after: bool
    ) -> None:
        """At the next request that matches, call `strike`, and then cut the connection.

        With `after` the store has served the request when `strike` is called, without it the store
        never gets it. The client hears nothing of either.
        """
        self.lost.clear()
        self._ambush = Ambush(matches, strike, after)

    def close(self) -> None:
        """End it: nothing that was sent to it reaches the store later."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what the connections ask

    def take_ambush(self, request: bytes) -> Ambush | None:
        """Return what waits for this request, if anything does."""
        with self._lock:
            ambush = self._ambush
            if ambush is None or not ambush.matches(request):
                return None
            self._ambush = None
            return ambush

    def take_reply(self, chunk: bytes) -> bool:
        """Return whether this reply is to be lost."""
        with self._lock:
            wanted = self._lost_reply
            if wanted is None or wanted not in chunk:
                return False
            self._lost_reply = None
            return True

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            try:
                pair = _Pair(self, client, socket.create_connection(self._target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs.add(pair)
            self._threads.append(
                threading.Thread(target=self._serve, args=(pair,), name="proxy-pair", daemon=True)
            )
            self._threads[-1].start()

    def _serve(self, pair: _Pair) -> None:
        try:
            pair.pump()
        finally:
            pair.close()
            with self._lock:
                self._pairs.discard(pair)

    def _open_pairs(self) -> list[_Pair]:
        with self._lock:
            return list(self._pairs)


class _Pair:
    """One client's connection and the proxy's own to the store."""

    def __init__(self, proxy: FaultyProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_silent = False
        self._half_closed = False
        self._ambush: Ambush | None = None

    def pump(self) -> None:
        """Forward both ways until one end closes."""
        with contextlib.suppress(OSError, ValueError):
            while True:
                readable, _, _ = select.select((self._client, self._server), (), ())
                for source in readable:
                    chunk = source.recv(_CHUNK)
                    if not chunk or not self._forward(source, chunk):
                        return

    def _forward(self, source: socket.socket, chunk: bytes) -> bool:
        proxy = self._proxy
        if proxy.delay:
            time.sleep(proxy.delay)
        if proxy.is_silent or self.is_silent:
            self.is_silent = True
            return True
        if source is self._client:
            if proxy.answer is not None:
                self._client.sendall(proxy.answer * len(_COMMAND.findall(chunk)))
                return True
            self._ambush = self._ambush or proxy.take_ambush(chunk)
            if self._ambush is not None and not self._ambush.after:
                return self._fall(self._ambush.strike)
            self._server.sendall(chunk)
            return True
        if self._ambush is not None:
            return self._fall(self._ambush.strike)
        if proxy.take_reply(chunk):
            return self._fall(lambda: None)
        if not self._half_closed:
            self._client.sendall(chunk)
        return True

    def _fall(self, strike: Callable[[], object]) -> bool:
        """Strike and close; returns that nothing more is to be forwarded."""
        try:
            strike()
        finally:
            self.close()
            self._proxy.lost.set()
        return False

    def half_close(self) -> None:
        self._half_closed = True
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for end in (self._client, self._server):
            # A shutdown wakes the thread that waits for it; a close does not.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
