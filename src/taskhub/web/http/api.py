"""API routes: each operation of the OpenAPI document is validated before its handler runs."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match, Route

from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.web.auth.roles import allows
from taskhub.web.board import Board
from taskhub.web.filter_parser import FilterError
from taskhub.web.http.call import Answer, Call
from taskhub.web.http.document import Document, OperationRules, load_document
from taskhub.web.http.guard import Guard, Visitor, problem_response, visitor_of
from taskhub.web.http.handlers import HANDLERS
from taskhub.web.http.headers import NO_STORE
from taskhub.web.http.language import LANGUAGE_COOKIE, language_of
from taskhub.web.http.live import Live, Watch, encode_json
from taskhub.web.problem import Problem
from taskhub.web.queries.store_view import UnreadableStore

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

__all__ = ("API_PATH", "Api")

logger = logging.getLogger(__name__)

API_PATH: Final = "/api/v1"
#: Largest body, bytes.
LARGEST_BODY: Final = 1024 * 1024
#: A stream ends after so long where a host application or a proxy says who asks: they know what has
#: changed since only of a new request; seconds.
OTHERS_LIFETIME: Final = 60.0
#: Operations that streams may watch; their answers are shared by all who may see the same.
WATCHABLE: Final = frozenset(
    {
        "getOverview",
        "listTasks",
        "groupTasks",
        "getTask",
        "getCanvas",
        "listJobs",
        "getJob",
        "listQueues",
        "getQueue",
        "listWorkers",
        "getSchedule",
        "getEntry",
        "getLimits",
        "listAudit",
    }
)
#: The same that only answer requests, and for how long an answer is shared, seconds.
SHARED: Final = {"suggest": 1.0, "search": 1.0, "getSettings": 5.0, "getDoctor": 5.0}


class Api:
    """Answers the API.

    Args:
        board: What requests share.
        live: Shares answers, and streams them.
    """

    def __init__(self, board: Board, live: Live, guard: Guard) -> None:
        self._board = board
        self._live = live
        self._guard = guard
        self._document: Document = load_document()
        self.routes = self._routes()

    def _routes(self) -> list[BaseRoute]:
        """Return the routes; those of fixed names before those with names of users."""
        found = sorted(
            self._document.operations.values(),
            key=lambda rules: [part.startswith("{") for part in rules.path.split("/")],
        )
        paths: dict[str, dict[str, OperationRules]] = {}
        for rules in found:
            paths.setdefault(rules.path, {})[rules.method.upper()] = rules
        # A name may hold slashes: its route would take the paths below it, so that longer paths
        # come first.
        ordered = sorted(paths, key=lambda path: (-path.count("/"), "{" in path))
        routes: list[BaseRoute] = [
            Route(
                f"{API_PATH}{_with_slashes(path)}",
                partial(self._answer, paths[path]),
                methods=["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"],
            )
            for path in ordered
        ]
        routes.append(Route(f"{API_PATH}/{{rest:path}}", self._nothing))
        return routes

    async def _nothing(self, request: Request) -> Response:
        return problem_response(Problem("not_found", "the API has no such path"))

    async def _answer(self, methods: Mapping[str, OperationRules], request: Request) -> Response:
        try:
            rules = methods.get("GET" if request.method == "HEAD" else request.method)
            if rules is None:
                problem = Problem("method_not_allowed", f"{request.method} does not go here")
                response = problem_response(problem)
                response.headers["Allow"] = ", ".join(methods)
                return response
            return await self._checked(rules, request)
        except Problem as problem:
            return problem_response(problem)
        except Exception:
            logger.exception("%s %s could not be answered", request.method, request.url.path)
            return problem_response(
                Problem("internal", "the dashboard has met an error: see its log")
            )

    async def _checked(self, rules: OperationRules, request: Request) -> Response:
        visitor = visitor_of(request)
        if not rules.is_open:
            check_reader(visitor)
        path = {name: str(value) for name, value in request.path_params.items()}
        rules.check_path(path)
        text = request.scope["query_string"].decode("latin-1")
        query = rules.check_query(parse_qsl(text, keep_blank_values=True))
        body: Mapping[str, Any] = {}
        if rules.takes_body:
            # Nobody learns what a body must look like who may not send it.
            if rules.action and "{action}" not in rules.action:
                self._check_action(visitor, rules.action)
            body = rules.check_body(await read_body(request))
        if rules.action:
            action = rules.action.replace("{action}", str(body.get("action")))
            self._check_action(visitor, action)
        call = Call(
            board=self._board,
            identity=visitor.identity,
            path=path,
            query=query,
            body=body,
            address=visitor.address,
            language=language_of(request),
            cookie=visitor.cookie,
        )
        if rules.id == "watch":
            return await self._stream(call, request)
        if rules.id in WATCHABLE or rules.id in SHARED:
            age = SHARED.get(rules.id, 1.0)
            key = self._key(rules, call)
            snapshot = await self._live.get(key, partial(_computed, rules.id, call), age)
            return Response(snapshot.body, 200, NO_STORE, media_type="application/json")
        if rules.id == "signIn" and not visitor.may_sign_in:
            raise Problem(
                "conflict",
                "passwords must not travel without TLS: use https, or start the dashboard with "
                "--allow-http",
            )
        answer = await self._live.run(partial(_handled, rules.id, call))
        if rules.method != "get":
            self._live.forget()
        return self._response(answer, visitor, request)

    def _check_action(self, visitor: Visitor, action: str) -> None:
        needed = self._board.needed.get(action)
        user = visitor.identity.user
        assert user is not None
        if needed is not None and not allows(user.role, needed):
            self._board.store.audit.add_denied(user, action, visitor.address)
            raise Problem(
                "needs_role",
                f"{action} needs the role {needed}; {user.name} has {user.role}",
                needs=needed,
                role=user.role,
            )

    def _key(self, rules: OperationRules, call: Call) -> tuple[Any, ...]:
        return (
            rules.id,
            tuple(sorted(call.path.items())),
            tuple(sorted(call.query.items())),
            call.hides_arguments,
        )

    # -- streams

    async def _stream(self, call: Call, request: Request) -> Response:
        if "wsgi_environ" in request.scope:
            # Each would hold a thread or a process of the server for as long as a page is open.
            raise Problem("unsupported", "there are no streams under WSGI: ask every 2 s instead")
        if self._live.is_full:
            raise Problem(
                "too_many_streams", "too many pages are open here: close some", retry_after=30
            )
        watches = tuple(
            self._watch(call, name) for name in dict.fromkeys(call.query["watch"] or ())
        )

        async def still_allowed() -> bool:
            try:
                identity = (await self._guard.visit(request)).identity
            except Problem:
                return False
            return identity.user == call.identity.user

        user = call.identity.user
        by_others = user is not None and user.source in ("callable", "proxy")
        return StreamingResponse(
            self._live.stream(watches, still_allowed, OTHERS_LIFETIME if by_others else math.inf),
            headers={**NO_STORE, "X-Accel-Buffering": "no"},
            media_type="text/event-stream",
        )

    def _watch(self, call: Call, name: str) -> Watch:
        """Return what a stream watches, by its path as for GET.

        Raises:
            Problem: It cannot be watched.
        """
        target, _, query = name.partition("?")
        scope = {"type": "http", "method": "GET", "path": f"{API_PATH}/{unquote(target)}"}
        for route in self.routes:
            match, found = route.matches(scope)
            if match is Match.FULL and isinstance(route, Route):
                rules = getattr(route.endpoint, "args", [{}])[0].get("GET")
                if rules is None or rules.id not in WATCHABLE:
                    break
                path = {key: str(value) for key, value in found["path_params"].items()}
                rules.check_path(path)
                parameters = rules.check_query(parse_qsl(query, keep_blank_values=True))
                if rules.action and not self._board.allows(call.identity.user, rules.action):
                    needed = self._board.needed[rules.action]
                    raise Problem(
                        "needs_role", f"watching {target} needs the role {needed}", needs=needed
                    )
                own = Call(
                    board=call.board, identity=call.identity, path=path, query=parameters,
                    address=call.address, language=call.language,
                )  # fmt: skip
                return Watch(name, self._key(rules, own), partial(_computed, rules.id, own))
        raise Problem("bad_request", f"watch: {target[:200]!r} cannot be watched")

    # -- answers

    def _response(self, answer: Any, visitor: Visitor, request: Request) -> Response:
        found = answer if isinstance(answer, Answer) else Answer(answer)
        headers = {**NO_STORE, **found.headers}
        if found.status == 204:
            response = Response(None, 204, headers)
        elif found.media_type == "application/json":
            response = Response(
                encode_json(found.body), found.status, headers, media_type=found.media_type
            )
        else:
            response = Response(found.body, found.status, headers, media_type=found.media_type)
        set_session(response, visitor, found.session)
        if found.language is not None:
            path = request.scope.get("root_path") or "/"
            response.set_cookie(
                LANGUAGE_COOKIE,
                found.language,
                365 * 86400,
                path=path,
                samesite="lax",
                secure=visitor.secure,
            )  # fmt: skip
        elif found.session is None and visitor.identity.session is not None:
            sessions = self._board.authenticator.sessions
            renewed = sessions.renew(visitor.identity.session)
            if renewed is not None:
                set_session(response, visitor, sessions.write(renewed))
        return response


def check_reader(visitor: Visitor) -> None:
    """Check that somebody is signed in who may see anything.

    Raises:
        Problem: Nobody is, or they may not.
    """
    user = visitor.identity.user
    if user is None:
        raise Problem("not_signed_in", "sign in first, or send a token")
    if user.role is None:
        raise Problem(
            "needs_role", f"{user.name} has no role here: ask for viewer", needs="viewer", role=None
        )


def set_session(response: Response, visitor: Visitor, value: str | None) -> None:
    """Set the session's cookie, or take it back if the value is ""."""
    if value is None:
        return
    if value:
        response.set_cookie(
            visitor.cookie, value, path="/", secure=visitor.secure, httponly=True, samesite="strict"
        )
    else:
        response.delete_cookie(
            visitor.cookie, path="/", secure=visitor.secure, httponly=True, samesite="strict"
        )


async def read_body(request: Request) -> Any:
    """Return the JSON of a body.

    Raises:
        Problem: It is too large, or not JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem("unsupported_media_type", "the body must be application/json")
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > LARGEST_BODY:
            raise Problem("too_large", f"the body is larger than {LARGEST_BODY:,} bytes")
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Problem("bad_request", "the body is not JSON") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _handled(operation: str, call: Call) -> Any:
    """Run a handler; what the store and filters say becomes a problem.

    Raises:
        Problem: It cannot be done.
    """
    try:
        return HANDLERS[operation](call)
    except FilterError as error:
        raise Problem("bad_filter", str(error)) from error
    except UnreadableStore as error:
        raise Problem("store_version", str(error)) from error
    except StoreRefused as error:
        detail = f"the store does not do that: {error}"
        raise Problem("store_away", detail, retry_after=5, away=None) from error
    except OperationalError as error:
        raise Problem("store_away", str(error), retry_after=5, away=None) from error


def _computed(operation: str, call: Call) -> Mapping[str, Any]:
    found = _handled(operation, call)
    assert isinstance(found, Mapping)
    return found


def _with_slashes(path: str) -> str:
    """Return a path of the document as a route, whose last name in it may hold slashes."""
    return path.replace("}", ":path}") if "{" in path else path
