"""Answering a request of Django's WSGI handler by an ASGI application, with a2wsgi."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from taskhub.contrib.django.mount_point import make_response, root_path_of
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpResponseBase
    from starlette.types import ASGIApp

__all__ = ("WSGIAnswers",)


class WSGIAnswers:
    """Runs an ASGI application in an event loop of its own, in a thread.

    Args:
        app: The application. It must not stream under WSGI: a response is read to its end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = Lock()
        self._process = 0
        self._middleware: Any = None

    def answer(self, request: WSGIRequest, rest: str, more: Mapping[str, Any]) -> HttpResponseBase:
        """Return the application's response to a request.

        Args:
            request: The request, whose body is read.
            rest: Its path below the application.
            more: What the application finds in the environment.

        Raises:
            ImproperlyConfigured: a2wsgi is not installed.
        """
        body = request.body
        environ = {
            **request.environ,
            **more,
            "SCRIPT_NAME": _as_wsgi(root_path_of(request, rest)),
            "PATH_INFO": _as_wsgi(f"/{rest}"),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "https" if request.is_secure() else "http",
        }
        # a2wsgi knows the client's address only if there is a port; not all servers name one.
        environ.setdefault("REMOTE_PORT", "0")
        found: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            found.update(status=int(status.split()[0]), headers=headers)

        content = b"".join(self._in_this_process()(environ, start_response))
        return make_response(found["status"], found["headers"], content)

    def _in_this_process(self) -> Any:
        """Return the middleware; servers fork, and no thread goes along into a fork."""
        with self._lock:
            if self._process != os.getpid():
                try:
                    from a2wsgi import ASGIMiddleware
                except ImportError as error:
                    raise ImproperlyConfigured(
                        "the dashboard under WSGI needs a2wsgi: install taskhub-core[web]"
                    ) from error
                # It has types of its own for what Starlette leaves open.
                app: Any = self._app
                self._middleware = ASGIMiddleware(app)
                self._process = os.getpid()
            return self._middleware


def _as_wsgi(path: str) -> str:
    """Return a path as WSGI has it: its bytes, each as a character."""
    return path.encode().decode("latin-1")
