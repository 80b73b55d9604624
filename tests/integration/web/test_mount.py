"""The dashboard as a part of another application: FastAPI, under a path, with the host's own users."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any
from wsgiref.util import setup_testing_defaults

import a2wsgi
import fastapi
import httpx
import pytest
from starlette.requests import Request

from taskhub import Celery
from taskhub.exceptions import ImproperlyConfigured
from taskhub.web import Dashboard, User, dashboard

SECRET = "a secret of the tests, long enough"


def user_of(request: Request) -> User | None:
    """Return the user that the host knows."""
    name = request.headers.get("x-test-user")
    return None if name is None else User(name, ("operator",) if name == "ann" else ("viewer",))


async def ask(host: Any, *requests: tuple[str, str, dict[str, str]]) -> list[httpx.Response]:
    """Send requests to an application, from this host."""
    transport = httpx.ASGITransport(host, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return [
            await client.request(method, path, headers=headers)
            for method, path, headers in requests
        ]


@pytest.fixture
def app() -> Any:
    with Celery("mounted", broker="memory://", set_as_current=False) as made:
        yield made


def test_it_works_below_a_path(app: Celery) -> None:
    host = fastapi.FastAPI()

    @host.get("/")
    def home() -> str:
        return "home"

    board: Dashboard = dashboard(app, auth=user_of, secret=SECRET)
    host.mount("/ops/tasks", board)
    ann = {"X-Test-User": "ann"}

    async def visit() -> list[httpx.Response]:
        try:
            return await ask(
                host,
                ("GET", "/", {}),
                ("GET", "/ops/tasks/", ann),
                ("GET", "/ops/tasks/queues/a%2Fb", ann),
                ("GET", "/ops/tasks/api/v1/session", ann),
                ("GET", "/ops/tasks/api/v1/overview", ann),
                ("GET", "/ops/tasks/api/v1/overview", {}),
                ("GET", "/ops/tasks/healthcheck", {}),
                ("GET", "/ops/tasks/nonsense", ann),
                ("DELETE", "/ops/tasks/api/v1/session", ann),
            )
        finally:
            board.close()

    home_page, page, deep, session, overview, stranger, health, missing, cross = asyncio.run(
        visit()
    )
    assert home_page.json() == "home"
    assert 'data-base="/ops/tasks"' in page.text
    assert 'src="/ops/tasks/static/' in page.text
    assert deep.status_code == 200
    user = session.json()["user"]
    assert (user["name"], user["role"], user["source"]) == ("ann", "operator", "callable")
    assert overview.status_code == 200
    assert stranger.status_code == 401
    assert (health.status_code, health.text) == (200, "OK")
    assert missing.status_code == 404
    assert cross.json()["code"] == "cross_site"


async def end(board: Dashboard) -> None:
    """End a dashboard, and what its event loop still runs."""
    board.close()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*rest, return_exceptions=True)


def test_it_works_under_wsgi_without_streams(app: Celery) -> None:
    board = dashboard(app, auth=user_of, secret=SECRET)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    host = a2wsgi.ASGIMiddleware(board, loop=loop)

    def visit(path: str) -> tuple[int, bytes]:
        # As a host mounts it: what the server has found is before the path.
        environ: dict[str, Any] = {
            "SCRIPT_NAME": "/tasks", "PATH_INFO": path, "HTTP_X_TEST_USER": "ann",
        }  # fmt: skip
        setup_testing_defaults(environ)
        found: list[str] = []
        body = host(environ, lambda status, headers, error=None: found.append(status))
        content = b"".join(body)
        return int(found[0].split()[0]), content

    try:
        status, page = visit("/")
        assert (status, b'data-base="/tasks"' in page) == (200, True)
        assert visit("/api/v1/overview")[0] == 200
        status, problem = visit("/api/v1/stream")
        assert (status, json.loads(problem)["code"]) == (501, "unsupported")
    finally:
        asyncio.run_coroutine_threadsafe(end(board), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def test_the_function_may_be_a_coroutine(app: Celery) -> None:
    async def find_user(request: Request) -> User | None:
        await asyncio.sleep(0)
        return user_of(request)

    board = dashboard(app, auth=find_user, secret=SECRET)

    async def visit() -> list[httpx.Response]:
        try:
            return await ask(board, ("GET", "/api/v1/session", {"X-Test-User": "bob"}))
        finally:
            board.close()

    (session,) = asyncio.run(visit())
    assert session.json()["user"]["role"] == "viewer"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"auth": "ann:secret"}, "auth cannot be"),
        ({"roles": {"queues.burn": "admin"}}, "no action"),
        ({"secret": "short"}, "shorter than 16 bytes"),
        ({"trusted_proxies": "proxy.example"}, "neither an address nor a network"),
    ],
)
def test_options_are_checked_where_they_are_given(
    app: Celery, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        dashboard(app, **{"secret": SECRET, **options})


def test_it_is_of_an_app() -> None:
    site: Any = fastapi.FastAPI()
    with pytest.raises(ImproperlyConfigured, match=r"give it what `Celery\(...\)` returned"):
        dashboard(site, secret=SECRET)


def test_a_secret_is_made_once_and_kept_private(app: Celery, tmp_path: Any) -> None:
    app.conf.taskhub_project_directory = str(tmp_path)
    first = dashboard(app)
    second = dashboard(app)
    session = first.board.authenticator.sessions.begin("ann", "openid", ("viewer",))
    value = first.board.authenticator.sessions.write(session)
    assert second.board.authenticator.sessions.read(value) == session
    (file,) = tmp_path.rglob("web-secret")
    assert file.stat().st_mode & 0o777 == 0o600
