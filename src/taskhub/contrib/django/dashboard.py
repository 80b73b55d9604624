"""`dashboard_urls(app)`: URL patterns of the dashboard, under ASGI and WSGI."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections, transaction
from django.urls import NoReverseMatch, re_path, reverse

from taskhub.contrib.django.asgi_response import answer_asgi_request
from taskhub.contrib.django.staff import StaffUsers
from taskhub.contrib.django.wsgi_response import answer_wsgi_request
from taskhub.exceptions import ImproperlyConfigured
from taskhub.web import User, dashboard
from taskhub.web.wsgi_adapter import WSGIAdapter

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase
    from starlette.requests import Request

    from taskhub.app.app import Celery

__all__ = ("dashboard_urls",)

#: Where the view keeps the user in an ASGI scope, or in a WSGI environment.
USER_KEY = "taskhub.user"
#: Paths below which programs ask; all others are pages, for which somebody may be sent to sign in.
_NO_PAGES = ("api/", "static/")


def dashboard_urls(
    app: Celery,
    *,
    role: str = "viewer",
    groups: Mapping[str, str] | None = None,
    user_of: Callable[[HttpRequest], User | None] | None = None,
    login_url: str | None = None,
    roles: Mapping[str, str] | None = None,
    title: str | None = None,
) -> tuple[list[Any], str, str]:
    """Return URL patterns of the dashboard, for the staff of a project.

    They stand in a `urlpatterns` as `path("tasks/", dashboard_urls(app))`; the URL is
    `reverse("taskhub:dashboard", args=[""])`. Superusers are admins, other active staff has `role`;
    nobody else gets in.

    Args:
        app: Whose tasks it shows.
        role: Role of staff: viewer, operator or admin.
        groups: Roles of staff in Django's groups: `{"operations": "operator"}`; the highest counts.
        user_of: Returns the user of a request, in place of the rules above; None: nobody is signed
            in. A user without roles is refused. It may ask the database.
        login_url: Where people sign in, a URL or a name of one; None: the admin's login, or
            else Django's setting `LOGIN_URL`.
        roles: Actions that need another role than by default.
        title: Name beside the product's; None: the app's.

    Raises:
        ImproperlyConfigured: An argument cannot be used.
    """
    if user_of is not None and (role != "viewer" or groups):
        raise ImproperlyConfigured(
            "dashboard_urls: user_of decides about roles itself: leave role and groups out"
        )
    find_user = sync_to_async(user_of or StaffUsers(role, dict(groups or {})))
    board = dashboard(
        app,
        auth=_user_of_scope,
        roles=roles,
        # It signs nothing: Django has the sessions.
        secret=hashlib.sha256(settings.SECRET_KEY.encode()).digest(),
        title=title,
    )
    wsgi = WSGIAdapter(board)

    async def view(request: HttpRequest, rest: str) -> HttpResponseBase:
        user = None
        if not rest.startswith("static/"):
            user = await find_user(request)
            if not rest.startswith(_NO_PAGES):
                if user is None:
                    return _redirect_to_login(request, login_url)
                if user.role is None:
                    raise PermissionDenied(f"{user.name} may not see the dashboard")
        if isinstance(request, ASGIRequest):
            return await answer_asgi_request(board, request, rest, {USER_KEY: user})
        assert isinstance(request, WSGIRequest)
        return await sync_to_async(answer_wsgi_request)(wsgi, request, rest, {USER_KEY: user})

    # Writes must name the dashboard's origin instead of a token, and the view looks at users
    # itself: the middleware would answer the API with pages.
    view.csrf_exempt = True  # type: ignore[attr-defined]
    view.login_required = False  # type: ignore[attr-defined]
    # Django refuses async views in a transaction, and a stream would hold one open.
    for alias in connections:
        transaction.non_atomic_requests(using=alias)(view)
    return [re_path(r"^(?P<rest>(?s:.*))$", view, name="dashboard")], "taskhub", "taskhub"


def _user_of_scope(request: Request) -> User | None:
    scope = request.scope
    user: User | None = scope.get("wsgi_environ", scope).get(USER_KEY)
    return user


def _redirect_to_login(request: HttpRequest, login_url: str | None) -> HttpResponseBase:
    from django.contrib.auth.views import redirect_to_login

    return redirect_to_login(request.get_full_path(), login_url or _default_login_url())


def _default_login_url() -> str:
    try:
        return str(reverse("admin:login"))
    except NoReverseMatch:
        return str(settings.LOGIN_URL)
