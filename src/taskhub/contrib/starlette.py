"""Starlette and other ASGI services: lifespan, request ids, and a store that is away.

site = Starlette(
    lifespan=lifespan(app),
    middleware=[Middleware(RequestIdMiddleware)],
    exception_handlers={OperationalError: answer_unavailable},
)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakKeyDictionary

from taskhub.app.app import Celery
from taskhub.contrib.request_id import DEFAULT_HEADER, RequestIdHeader
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.request_id import bind_request_id

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ("Lifespan", "RequestIdMiddleware", "answer_unavailable", "lifespan")

logger = logging.getLogger(__name__)

#: What Starlette and FastAPI take as `lifespan=`.
Lifespan: TypeAlias = "Callable[[Any], AbstractAsyncContextManager[Any]]"

#: When a client may try again whose request met a store that is away, seconds.
RETRY_AFTER: Final = 5

#: How many lifespans of an app have begun in this process, which may have several event loops.
_open: WeakKeyDictionary[Celery, int] = WeakKeyDictionary()
#: Held while connections are closed, too, so that a lifespan that begins just then gets its own.
_open_lock = Lock()


# -- lifespan


def lifespan(app: Celery, *others: Lifespan, store_required: bool = True) -> Lifespan:
    """Return a lifespan that opens an app with a service, and closes its connections with it.

    At the start it binds the tasks and checks whether the stores answer, so that a wrong setting is
    found before the first request; at the end it closes connections, and stops following results.

    Args:
        app: The app whose tasks the service calls.
        others: Further lifespans, the service's own among them; they begin after this one, in
            their order, and end before it. Their states are joined.
        store_required: Whether a service without its store fails to start; otherwise it starts,
            and says in one log line that calls will fail until the store is back.

    Raises:
        ImproperlyConfigured: An argument cannot be used.
    """
    if not isinstance(app, Celery):
        raise ImproperlyConfigured(
            f"lifespan() is for an app of taskhub, not for {app!r:.100}: give it what "
            "`Celery(...)` returned"
        )
    for other in others:
        if not callable(other):
            raise ImproperlyConfigured(
                f"lifespan(): {other!r:.100} is no lifespan: give it functions of the service "
                "that return an asynchronous context manager"
            )

    @asynccontextmanager
    async def lasting(site: Any) -> AsyncGenerator[dict[str, Any] | None]:
        async with AsyncExitStack() as held:
            _count_lifespan(app)
            held.push_async_callback(asyncio.to_thread, _close_app, app)
            await asyncio.to_thread(_check_app, app, store_required)
            state: dict[str, Any] = {}
            for other in others:
                entered = other(site)
                if not hasattr(entered, "__aenter__"):
                    raise ImproperlyConfigured(
                        f"lifespan(): {other!r:.100} returns no asynchronous context manager: "
                        "decorate it with contextlib.asynccontextmanager"
                    )
                state.update(await held.enter_async_context(entered) or {})
            # Servers without states refuse one, even if it is empty.
            yield state or None

    return lasting


def _count_lifespan(app: Celery) -> None:
    with _open_lock:
        count = _open[app] = _open.get(app, 0) + 1
    if count > 1:
        logger.warning(
            "the lifespan of app %r has begun %d times: once is enough, for the outermost "
            "application; its connections are closed with the last",
            app.main or "",
            count,
        )


def _check_app(app: Celery, store_required: bool) -> None:
    """Bind the tasks of an app, and check its stores.

    Raises:
        ImproperlyConfigured: A setting cannot be used.
        OperationalError: A store is out of reach, and it is required.
    """
    app.finalize()
    problem = None
    try:
        problem = _problem_of(app)
    except OperationalError as error:
        problem = str(error)
    if problem and store_required:
        raise OperationalError(f"the service does not start: {problem}")
    if problem:
        logger.warning("%s; the service starts, and calls fail until the store is back", problem)


def _problem_of(app: Celery) -> str | None:
    """Return one line about the first store that cannot be used; None: all answer."""
    for name, check in app.store.checks().items():
        found = check()
        if not found.ok:
            advice = f": {found.advice}" if found.advice else ""
            return f"the store ({name}) cannot be used, {found.detail}{advice}"
    return None


def _close_app(app: Celery) -> None:
    with _open_lock:
        _open[app] -= 1
        if not _open[app]:
            del _open[app]
            app.close_connections()


# -- request ids


class RequestIdMiddleware:
    """ASGI middleware that gives each request an id, and its answer a header with it.

    Calls of tasks and log lines of the request have the id; see `taskhub.current_request_id`.

    Args:
        app: The application behind it.
        header: The header that brings an id and takes it back.
        trust_header: Whether an id that a client sends is used; otherwise each request gets a new
            one.

    Raises:
        ImproperlyConfigured: An argument cannot be used. A server that makes the middleware itself
            (`add_middleware`) says so instead, and does not start the service.
    """

    def __init__(
        self, app: ASGIApp, header: str = DEFAULT_HEADER, trust_header: bool = True
    ) -> None:
        self._app = app
        self._error: ImproperlyConfigured | None = None
        try:
            self._header = RequestIdHeader(header, trust_header)
        except ImproperlyConfigured as error:
            if not _is_in_event_loop():
                raise
            # A server would take it for a service without lifespan, and start that.
            self._error = error
            return
        self._name = header.lower().encode("latin-1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request under its id.

        Raises:
            ImproperlyConfigured: An argument cannot be used.
        """
        if self._error is not None:
            if scope["type"] != "lifespan":
                raise self._error
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(self._error)})
            return
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == self._name]
        with bind_request_id(self._header.choose(values)) as request_id:

            async def send_with_id(message: Message) -> None:
                if message["type"] in ("http.response.start", "websocket.accept"):
                    self._add_header(message, request_id)
                await send(message)

            await self._app(scope, receive, send_with_id)

    def _add_header(self, message: MutableMapping[str, Any], request_id: str) -> None:
        headers = [(bytes(name), bytes(value)) for name, value in message.get("headers") or ()]
        if all(name.lower() != self._name for name, _ in headers):
            message["headers"] = [*headers, (self._name, request_id.encode("latin-1"))]


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


# -- a store that is away


async def answer_unavailable(request: Request, error: Exception) -> Response:
    """Answer a request whose call of a task met a store that is away: 503, and when to try again.

    An exception handler: `site.add_exception_handler(OperationalError, answer_unavailable)`. The
    reason is logged, not shown.
    """
    from starlette.responses import JSONResponse

    logger.error("%s %s: %s", request.method, request.url.path, error)
    return JSONResponse(
        {"detail": "The task queue is not available. Try again later."},
        status_code=503,
        headers={"Retry-After": str(RETRY_AFTER)},
    )
