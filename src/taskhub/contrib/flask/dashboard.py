"""`mount_dashboard(site, "/tasks")`: the dashboard in a Flask site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from taskhub.contrib.flask.sites import celery_of
from taskhub.contrib.required_library import require_library
from taskhub.exceptions import ImproperlyConfigured
from taskhub.web import Dashboard, User, dashboard
from taskhub.web.wsgi_adapter import WSGIAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask
    from starlette.requests import Request

# Said here, not with the first request.
require_library(__name__, "a2wsgi", "'taskhub-core[web]'")

__all__ = ("mount_dashboard",)

#: Where the user stands in the environment of a request.
USER_KEY: Final = "taskhub.user"


def mount_dashboard(
    site: Flask,
    path: str = "/tasks",
    *,
    auth: object = None,
    user_of: Callable[[], User | None] | None = None,
    roles: Mapping[str, str] | None = None,
    secret: str | bytes | None = None,
    title: str | None = None,
    **options: Any,
) -> Dashboard:
    """Serve the dashboard of a site's app below a path of the site; returns it.

    Args:
        site: The site; `Taskhub.init_app` was called with it.
        path: Where, as "/tasks".
        auth: Who may use it, as of `taskhub.web.dashboard`. None, without a `user_of`: nobody has
            to sign in, and it answers this host only.
        user_of: Returns the user of a request, or None for nobody, from what Flask knows of it:
            `flask.session`, for example. It runs in the request's context, and must leave the
            request's body to the dashboard.
        roles: As of `taskhub.web.dashboard`.
        secret: Signs sessions; None: made of the site's `SECRET_KEY`, or as of
            `taskhub.web.dashboard`.
        title: Name beside the product's; None: the app's.
        options: Further ones of `taskhub.web.dashboard`.

    Raises:
        ImproperlyConfigured: An argument cannot be used, or the site has no app.
    """
    if not (path.startswith("/") and path.strip("/") and not path.endswith("/")):
        raise ImproperlyConfigured(
            f"mount_dashboard: the path {path!r} must begin with a slash, and not end with one"
        )
    if user_of is not None and auth is not None:
        raise ImproperlyConfigured("mount_dashboard: give it auth or user_of, not both")
    board = dashboard(
        celery_of(site),
        auth=auth if user_of is None else _user_of_environment,
        roles=roles,
        secret=secret if secret is not None else _secret_of(site),
        title=title,
        **options,
    )
    site.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
        site.wsgi_app, {path: _Mounted(site, board, user_of)}
    )
    return board


def _secret_of(site: Flask) -> bytes | None:
    import hashlib

    key = site.config.get("SECRET_KEY")
    if not key:
        return None
    given = key if isinstance(key, bytes) else str(key).encode()
    # Another purpose, another key.
    return hashlib.sha256(b"taskhub dashboard\0" + given).digest()


def _user_of_environment(request: Request) -> User | None:
    user: User | None = request.scope["wsgi_environ"].get(USER_KEY)
    return user


class _Mounted:
    """The dashboard as a WSGI application.

    Args:
        site: The site.
        board: The dashboard.
        user_of: Returns the user of a request; None: the dashboard finds it.
    """

    def __init__(
        self, site: Flask, board: Dashboard, user_of: Callable[[], User | None] | None
    ) -> None:
        self._site, self._user_of = site, user_of
        self._answer = WSGIAdapter(board)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if self._user_of is not None:
            with self._site.request_context(environ):
                environ[USER_KEY] = self._user_of()
        return self._answer(environ, start_response)
