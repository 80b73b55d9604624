"""Answering a request of Django's WSGI handler by an ASGI application, with a2wsgi."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskhub.contrib.django.mount_point import make_response, root_path_of

if TYPE_CHECKING:
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpResponseBase

    from taskhub.web.wsgi_adapter import WSGIAdapter

__all__ = ("answer_wsgi_request",)


def answer_wsgi_request(
    app: WSGIAdapter, request: WSGIRequest, rest: str, more: Mapping[str, Any]
) -> HttpResponseBase:
    """Return an application's response to a request.

    Args:
        app: The application. It must not stream: a response is read to its end.
        request: The request, whose body is read.
        rest: Its path below the application.
        more: What the application finds in the environment.

    Raises:
        ImproperlyConfigured: a2wsgi is not installed.
    """
    body = request.body
    environ: dict[str, Any] = {
        **request.environ,
        **more,
        "SCRIPT_NAME": _as_wsgi(root_path_of(request, rest)),
        "PATH_INFO": _as_wsgi(f"/{rest}"),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "https" if request.is_secure() else "http",
    }
    found: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Any:
        found.update(status=int(status.split()[0]), headers=headers)

    content = b"".join(app(environ, start_response))
    return make_response(found["status"], found["headers"], content)


def _as_wsgi(path: str) -> str:
    """Return a path as WSGI has it: its bytes, each as a character."""
    return path.encode().decode("latin-1")
