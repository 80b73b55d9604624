"""`dashboard(app)`: the ASGI application of the dashboard, to be served or mounted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.web.actions.jobs import Jobs
from taskhub.web.auth.addresses import read_networks
from taskhub.web.auth.authenticator import Authenticator, RightPasswords
from taskhub.web.auth.login_limit import LoginLimit
from taskhub.web.auth.methods import read_auth
from taskhub.web.auth.roles import needed_roles
from taskhub.web.auth.secret import session_secret
from taskhub.web.auth.sessions import Sessions
from taskhub.web.board import Board
from taskhub.web.http.api import Api
from taskhub.web.http.assets import Assets
from taskhub.web.http.guard import Guard, problem_response
from taskhub.web.http.live import Live
from taskhub.web.http.openid_login import OpenIDLogin
from taskhub.web.http.shell import Shell
from taskhub.web.problem import Problem
from taskhub.web.queries.store_view import StoreView

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from taskhub.app.app import Celery

__all__ = ("Dashboard", "dashboard")

logger = logging.getLogger(__name__)

#: Between two looks at counts of the past that no page has asked for yet, seconds.
AHEAD_PAUSE: Final = 0.1
#: Lengths of queues are looked at so often, seconds, whether a page is open or not.
SAMPLE_EVERY: Final = 15.0


class Dashboard:
    """The ASGI application.

    Args:
        app: Whose tasks it shows.
        auth: Who may use it.
        roles: Actions that need another role than by default.
        secret: Signs sessions.
        trusted_proxies: Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
        allow_http: Whether sessions may go without TLS where it is not this host.
        title: Name beside the product's; None: the app's.

    Raises:
        ImproperlyConfigured: An argument cannot be used.
    """

    def __init__(
        self,
        app: Celery,
        *,
        auth: object = None,
        roles: Mapping[str, str] | None = None,
        secret: str | bytes | None = None,
        trusted_proxies: Sequence[str] | str = (),
        allow_http: bool = False,
        title: str | None = None,
    ) -> None:
        _check_app(app)
        store = StoreView(app)
        key = session_secret(app, secret)
        found = read_auth(auth)
        authenticator = Authenticator(
            found,
            Sessions(key),
            read_networks(trusted_proxies, "trusted_proxies"),
            LoginLimit(),
            RightPasswords(),
        )
        self.board = Board(
            app=app,
            title=title or app.main or "tasks",
            authenticator=authenticator,
            needed=needed_roles(roles),
            store=store,
            jobs=Jobs(store),
        )
        self.live = Live()
        self._sampler: asyncio.Task[None] | None = None
        assets = Assets()
        self._shell = Shell(self.board.title, assets)
        guard = Guard(self._inner, authenticator, allow_http)
        self._guarded = guard
        api = Api(self.board, self.live, guard)
        extra: list[Any] = []
        if found.openid is not None:
            extra.append(OpenIDLogin(self.board, found.openid, key, not allow_http).mount())
        self._routes = Starlette(
            routes=[
                *api.routes,
                Route("/static/{version}/{name:path}", assets.answer),
                *extra,
                *self._shell.routes(),
                Route("/{rest:path}", self._shell.missing),
            ],
            exception_handlers={HTTPException: _http_error, Exception: _server_error},
            lifespan=lambda _: self.lifetime(),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._routes(scope, receive, send)
            return
        self._start_sampling()
        await self._guarded(scope, receive, send)

    async def _inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._routes(scope, receive, send)

    def close(self) -> None:
        """End streams, jobs and sampling: the server ends."""
        self.live.close()
        if self._sampler is not None:
            self._sampler.cancel()

    @asynccontextmanager
    async def lifetime(self) -> AsyncGenerator[None]:
        """Sample lengths of queues as long as the server runs, and end everything with it."""
        self._start_sampling()
        try:
            yield
        finally:
            self.close()
            await asyncio.to_thread(self.board.jobs.close)

    def _start_sampling(self) -> None:
        """Start sampling; a mounted dashboard gets no startup event."""
        if self._sampler is None or self._sampler.done():
            self._sampler = asyncio.create_task(self._sample())

    async def _read_ahead(self) -> None:
        """Read the counts of the past, which pages would have to wait for."""
        has_more = True
        while has_more:
            has_more = await self.live.run(self.board.store.bins.read_ahead)
            await asyncio.sleep(AHEAD_PAUSE)

    async def _sample(self) -> None:
        while True:
            try:
                # While the store is away there is a gap in the line.
                with suppress(OperationalError):
                    await self.live.run(self.board.store.take_sample)
                    await self._read_ahead()
            except Exception:
                logger.exception("the lengths of queues could not be looked at")
            await asyncio.sleep(SAMPLE_EVERY)


def dashboard(
    app: Celery,
    *,
    auth: object = None,
    roles: Mapping[str, str] | None = None,
    secret: str | bytes | None = None,
    trusted_proxies: Sequence[str] | str = (),
    allow_http: bool = False,
    title: str | None = None,
) -> Dashboard:
    """Return the dashboard of an app as an ASGI application.

    Mount it by `host.mount("/tasks", dashboard(app))`.

    Args:
        app: Whose tasks it shows.
        auth: Who may use it: `Passwords`, `TrustedProxy`, `OpenID`, a function of the request that
            returns a `User` or None, or a list of some of them. None: nobody has to sign in, and it
            answers this host only.
        roles: Actions that need another role than by default: `{"queues.purge": "operator",
            "arguments.view": "viewer"}`.
        secret: Signs sessions, the same in all processes; None: `TASKHUB_WEB_SECRET`, or that of a
            file which only this user can read.
        trusted_proxies: Addresses or networks of proxies whose `X-Forwarded-For` and
            `X-Forwarded-Proto` are believed.
        allow_http: Allow sessions without TLS where it is not this host; passwords can be read
            on the way then.
        title: Name beside the product's; None: the app's.

    Raises:
        ImproperlyConfigured: An argument cannot be used.
    """
    return Dashboard(
        app,
        auth=auth,
        roles=roles,
        secret=secret,
        trusted_proxies=trusted_proxies,
        allow_http=allow_http,
        title=title,
    )


def _check_app(app: object) -> None:
    from taskhub.app.app import Celery

    if not isinstance(app, Celery):
        raise ImproperlyConfigured(
            f"the dashboard is of an app, not of {app!r}: give it what `Celery(...)` returned"
        )


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    codes = {404: "not_found", 405: "method_not_allowed"}
    detail = f"{request.method} does not go here" if status == 405 else "there is no such path"
    return problem_response(Problem(codes.get(status, "bad_request"), detail))


async def _server_error(request: Request, error: Exception) -> Response:
    return problem_response(Problem("internal", "the dashboard has met an error: see its log"))
