"""Checks that every request passes first: user, cross-site origin, response headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from taskhub.web.auth.addresses import is_loopback, is_same_origin
from taskhub.web.auth.authenticator import Authenticator, Identity
from taskhub.web.http.headers import NO_STORE, SECURITY_HEADERS
from taskhub.web.http.live import encode_json
from taskhub.web.problem import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ("COOKIE", "Guard", "Visitor", "problem_response", "visitor_of")

#: Names of the session's cookie: with TLS, and without (on loopback, or where it was allowed).
COOKIE: Final = "__Host-taskhub"
PLAIN_COOKIE: Final = "taskhub"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_KEY: Final = "taskhub.visitor"


@dataclass(frozen=True)
class Visitor:
    """Who a request comes from."""

    identity: Identity
    #: Of the client, as trusted proxies name it.
    address: str
    #: Whether the client came by TLS.
    secure: bool
    #: Whether a password may travel: by TLS, on this host, or since it was allowed.
    may_sign_in: bool

    @property
    def cookie(self) -> str:
        """Name of the session's cookie."""
        return COOKIE if self.secure else PLAIN_COOKIE


class Guard:
    """ASGI middleware around everything that the dashboard answers.

    Args:
        app: What it guards.
        authenticator: Finds the user of a request.
        allow_http: Whether sessions may go without TLS where it is not this host.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator, allow_http: bool) -> None:
        self._app = app
        self._authenticator = authenticator
        self._allow_http = allow_http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_missing(message["headers"])]
            await send(message)

        try:
            scope[_KEY] = await self.visit(request)
            own = self._authenticator.trusted.origin_of(request)
            _check_site(request, scope[_KEY].identity, own)
        except Problem as problem:
            await problem_response(problem)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    async def visit(self, request: Request) -> Visitor:
        """Return who a request comes from.

        Raises:
            Problem: It must not be answered.
        """
        trusted = self._authenticator.trusted
        address = trusted.client_of(request)
        secure = trusted.scheme_of(request) == "https"
        cookie = COOKIE if secure else PLAIN_COOKIE
        identity = await self._authenticator.identify(request, cookie)
        may_sign_in = secure or self._allow_http or is_loopback(address)
        return Visitor(identity, address, secure, may_sign_in)


def visitor_of(request: Request) -> Visitor:
    """Return who a request that has passed the guard comes from."""
    visitor: Visitor = request.scope[_KEY]
    return visitor


def problem_response(problem: Problem) -> Response:
    """Return the response for a problem."""
    headers = {**NO_STORE, **problem.headers}
    if problem.status == 401:
        # Not Basic: a browser would ask by itself, and then send the password with every request of
        # any site.
        headers["WWW-Authenticate"] = 'Bearer realm="taskhub"'
    return Response(
        encode_json(problem.to_json()),
        problem.status,
        headers,
        media_type="application/problem+json",
    )


def _check_site(request: Request, identity: Identity, own: str) -> None:
    """Refuse a write that another site may have made the browser send.

    Browsers say where a request comes from in `Sec-Fetch-Site`, which no script can change, but to
    `http` with a name other than localhost they send `Origin` only. Clients that are no browsers
    show a token or a password in the request itself, which no other site knows.

    Args:
        request: The request.
        identity: Who sends it.
        own: The origin of the dashboard's own pages.

    Raises:
        Problem: It does not come from the dashboard's own pages.
    """
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = ", ".join(request.headers.getlist("origin"))
    if site is not None:
        allowed = site == "same-origin"
    elif origin:
        allowed = is_same_origin(origin, own)
    else:
        allowed = identity.explicit
    if not allowed:
        raise Problem("cross_site", _describe_site(site, origin, own))


def _describe_site(site: str | None, origin: str, own: str) -> str:
    if site is not None:
        return f"a write must come from the dashboard's own pages, not from {site!r}"
    if origin:
        return (
            f"a write must come from the dashboard's own pages at {own[:100]!r}, not from "
            f"{origin[:100]!r}; a proxy must pass on Host, and the scheme as a trusted proxy"
        )
    return (
        "a write must carry Sec-Fetch-Site: same-origin, or the dashboard's Origin, as browsers "
        "send them, or a token"
    )


def _missing(headers: Any) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    return [
        (name.lower().encode(), value.encode())
        for name, value in SECURITY_HEADERS.items()
        if name.lower().encode() not in given
    ]
