"""The dashboard as a WSGI application, by a2wsgi."""

from __future__ import annotations

import os
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from starlette.types import ASGIApp

__all__ = ("WSGIAdapter",)


class WSGIAdapter:
    """Runs an ASGI application in an event loop of its own, in a thread of each process.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = Lock()
        self._process = 0
        self._middleware: Any = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request.

        Raises:
            ImproperlyConfigured: a2wsgi is not installed.
        """
        # a2wsgi knows the client's address only if there is a port; not all servers name one.
        environ.setdefault("REMOTE_PORT", "0")
        answer: Iterable[bytes] = self._in_this_process()(environ, start_response)
        return answer

    def _in_this_process(self) -> Any:
        """Return the middleware; servers fork, and no thread goes along into a fork."""
        with self._lock:
            if self._process != os.getpid():
                try:
                    # Only WSGI needs it.
                    from a2wsgi import ASGIMiddleware
                except ImportError as error:
                    raise ImproperlyConfigured(
                        "the dashboard under WSGI needs a2wsgi: install taskhub-core[web]"
                    ) from error
                # It has types of its own for what Starlette leaves open.
                app: Any = self._app
                self._middleware, self._process = ASGIMiddleware(app), os.getpid()
            return self._middleware
