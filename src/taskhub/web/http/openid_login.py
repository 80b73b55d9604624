"""Signing in by OpenID Connect: there to the provider, and back with who it is."""

from __future__ import annotations

import logging
import warnings
from html import escape
from typing import TYPE_CHECKING, Any, Final

from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from taskhub.web.actions.actor import Actor
from taskhub.web.auth.roles import highest_role
from taskhub.web.http.api import set_session
from taskhub.web.http.guard import problem_response, visitor_of
from taskhub.web.http.headers import NO_STORE
from taskhub.web.problem import Problem

if TYPE_CHECKING:
    from taskhub.web.auth.methods import OpenID
    from taskhub.web.board import Board

__all__ = ("OpenIDLogin",)

logger = logging.getLogger(__name__)

#: A sign-in that is under way is remembered for so long, seconds.
UNDER_WAY: Final = 600


class OpenIDLogin:
    """Sends browsers to the provider, and begins sessions when they come back.

    Args:
        board: What requests share.
        openid: The provider.
        secret: Signs the cookie of a sign-in that is under way.
        https: Whether that cookie is sent by TLS only.
    """

    def __init__(self, board: Board, openid: OpenID, secret: bytes, https: bool) -> None:
        # It warns of httpx, which it works with, and switches its warnings on for everybody.
        with warnings.catch_warnings(record=True):
            from authlib.integrations.starlette_client import OAuth

        self._board = board
        self._openid = openid
        self._secret = secret
        self._https = https
        registry = OAuth()
        self._client: Any = registry.register(
            "provider",
            server_metadata_url=f"{openid.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_id=openid.client_id,
            client_secret=openid.client_secret or None,
            client_kwargs={"scope": openid.scope, "code_challenge_method": "S256"},
        )

    def mount(self) -> Mount:
        """Return the routes."""
        # The provider sends the browser back from another site: a strict cookie would stay away.
        middleware = Middleware(
            SessionMiddleware,
            secret_key=self._secret.hex(),
            session_cookie="taskhub-login",
            max_age=UNDER_WAY,
            same_site="lax",
            https_only=self._https,
        )
        routes = [
            Route("/openid", self.begin),
            Route("/openid/callback", self.finish, name="openid_callback"),
        ]
        return Mount("/auth", routes=routes, middleware=[middleware])

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        visitor = visitor_of(request)
        if not visitor.may_sign_in:
            return problem_response(Problem("conflict", "signing in needs https"))
        address = request.url.replace(
            path=f"{request.url.path.rstrip('/')}/callback",
            query="",
            scheme="https" if visitor.secure else request.url.scheme,
        )
        try:
            response: Response = await self._client.authorize_redirect(request, str(address))
        except Exception as error:
            return self._failed(error)
        return response

    async def finish(self, request: Request) -> Response:
        """Begin a session for who comes back from the provider."""
        visitor = visitor_of(request)
        try:
            token = await self._client.authorize_access_token(request)
        except Exception as error:
            return self._failed(error)
        claims = token.get("userinfo") or {}
        name = str(
            claims.get(self._openid.name_claim) or claims.get("email") or claims.get("sub") or ""
        )
        roles = self._openid.roles_of(claims)
        role = highest_role(roles)
        store = self._board.store
        if not name or role is None:
            store.audit.add_refused(name or "unknown", visitor.address, held=False)
            return problem_response(
                Problem(
                    "needs_role",
                    f"{name or 'you'} have no role here: ask an administrator",
                    needs="viewer",
                    role=None,
                )
            )
        sessions = self._board.authenticator.sessions
        session = sessions.begin(name, "openid", roles)
        Actor(name, role, "dashboard", visitor.address or None).note(
            store, "session.begin", "session", name
        )
        request.session.clear()
        # A redirect would still be part of the way from the other site, and the strict cookie would
        # not be sent.
        root = escape(_root(request), quote=True)
        text = (
            '<!doctype html><meta charset="utf-8">'
            f'<meta http-equiv="refresh" content="0;url={root}/"><a href="{root}/">taskhub</a>'
        )
        response = HTMLResponse(text, headers=NO_STORE)
        set_session(response, visitor, sessions.write(session))
        return response

    def _failed(self, error: Exception) -> Response:
        logger.warning("signing in with %s has failed: %s", self._openid.issuer, error)
        return problem_response(
            Problem(
                "conflict",
                f"signing in with {self._openid.label} has failed: try again, or ask an "
                "administrator",
            )
        )


def _root(request: Request) -> str:
    """Return the path at which the dashboard is mounted."""
    path = request.url.path
    return path.rpartition("/auth/")[0]
