"""A TCP proxy that fails on command: it delays, cuts, loses one reply, or goes silent."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from typing import Self

__all__ = ("FaultyProxy",)

_CHUNK = 1 << 16


class FaultyProxy:
    """Forwards connections to a port of 127.0.0.1 until it is told to misbehave.

    Parameters:
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
        self._lost_reply: bytes | None = None
        self._lost_reply_to: bytes | None = None
        #: Set when the reply that was to be lost has been lost.
        self.lost = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

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
        self.lost.clear()
        self._lost_reply_to = containing

    def close(self) -> None:
        """End it."""
        self._closed = True
        self._listener.close()
        self.cut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what the connections ask

    def take_request(self, chunk: bytes) -> bool:
        """Return whether the reply to this request is to be lost."""
        with self._lock:
            wanted = self._lost_reply_to
            if wanted is None or wanted not in chunk:
                return False
            self._lost_reply_to = None
            return True

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
            threading.Thread(target=self._serve, args=(pair,), daemon=True).start()

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
        self._loses_reply = False

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
            self._loses_reply = self._loses_reply or proxy.take_request(chunk)
            self._server.sendall(chunk)
            return True
        if self._loses_reply or proxy.take_reply(chunk):
            self.close()
            proxy.lost.set()
            return False
        if not self._half_closed:
            self._client.sendall(chunk)
        return True

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
