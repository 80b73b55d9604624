"""Serving the dashboard by itself: uvicorn, with streams that end when it is to stop."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from taskhub.cli.service_manager import ServiceManager
from taskhub.web.application import Dashboard

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ("serve",)

#: Requests that are under way when it is to stop have so long, seconds.
GRACE: Final = 5


class DashboardServer(uvicorn.Server):
    """Ends the streams of open pages first: they would keep it from stopping.

    Args:
        config: Of uvicorn.
        board: What it serves.
    """

    def __init__(self, config: uvicorn.Config, board: Dashboard) -> None:
        super().__init__(config)
        self._board = board
        self._manager = ServiceManager()
        self._watchdog: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start."""
        await super().startup(sockets)
        if self.started:
            self._watchdog = asyncio.create_task(self._report_alive())
            self._manager.report_ready()

    async def _report_alive(self) -> None:
        while self._manager.watchdog_period is not None:
            self._manager.report_alive()
            await asyncio.sleep(self._manager.watchdog_period / 2)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._manager.report_stopping()
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._board.close()
        await super().shutdown(sockets)


def serve(
    board: Dashboard,
    *,
    host: str,
    port: int,
    base_path: str = "",
    certfile: str | None = None,
    keyfile: str | None = None,
    listener: socket.socket | None = None,
    attached: bool = False,
) -> None:
    """Serve a dashboard until a signal ends it.

    Args:
        board: The dashboard.
        host: Address to listen on.
        port: Port to listen on.
        base_path: Path at which it stands, e.g. `/tasks`.
        certfile: Certificate for TLS.
        keyfile: Its key.
        listener: A socket that listens already, in place of host and port.
        attached: Whether it ends with the process that holds the other end of its standard input.
    """
    app: ASGIApp = board
    if base_path:
        # Parts of an application that is mounted hear nothing of its start and end.
        app = Starlette(routes=[Mount(base_path, board)], lifespan=lambda _: board.lifetime())
    options: dict[str, Any] = {"ssl_certfile": certfile, "ssl_keyfile": keyfile} if certfile else {}
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="on",
        log_config=None,
        access_log=False,
        # The dashboard looks at the headers of proxies itself: it must know who the peer is.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        **options,
    )
    server = DashboardServer(config, board)
    if attached:
        _end_with_stdin(server)
    server.run([listener] if listener is not None else None)


def _end_with_stdin(server: uvicorn.Server) -> None:
    def watch() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=watch, name="taskhub-attached", daemon=True).start()
