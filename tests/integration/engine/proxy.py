"""A way to a server on which replies get lost."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from typing import Self

__all__ = ("LosingProxy",)


class LosingProxy:
    """Passes everything on, until it is told to lose the reply to a script and the connection with it."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._before_loss: Callable[[], object] | None = None
        self.lost = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def lose_next_reply(self, before: Callable[[], object] = lambda: None) -> None:
        """Lose the reply to the next script, after `before` was called: the server has served it."""
        self.lost.clear()
        self._before_loss = before

    def close(self) -> None:
        """Accept nothing more; connections end with their clients."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._target))
        losing = False
        with client, server, contextlib.suppress(OSError):
            while True:
                for source in select.select((client, server), (), ())[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client:
                        losing = losing or (self._before_loss is not None and b"EVALSHA" in data)
                        server.sendall(data)
                    elif b"NOSCRIPT" in data:
                        losing = False
                        client.sendall(data)
                    elif losing and self._before_loss is not None:
                        before, self._before_loss = self._before_loss, None
                        before()
                        self.lost.set()
                        return
                    else:
                        client.sendall(data)
