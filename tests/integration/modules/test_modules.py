"""The import package `Modules`, beside a project's own."""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request

from Modules.common.libs.celery.celery_service import (
    celery_app,
    get_celery_service,
    init_celery,
    init_fastapi_celery,
)
from taskhub import Celery, current, current_app
from taskhub.actors import app
from tests.support.workers import until

OURS = "Modules.admin.tasks.default_tasks"
PACKAGE = {"Modules/quant/__init__.py": "", "Modules/quant/tasks.py": ""}
EXTENDS = "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        # Nothing of their own.
        ({}, ["ours", "ours"]),
        # Folders without __init__.py: both are one package, file by file, theirs first.
        ({"Modules/admin/tasks/mine.py": ""}, ["ours", "ours"]),
        ({"Modules/quant/tasks.py": ""}, ["ours", "theirs"]),
        # A package: it is theirs alone ...
        ({"Modules/__init__.py": "", **PACKAGE}, ["none", "theirs"]),
        # ... unless it says that it is not.
        ({"Modules/__init__.py": EXTENDS, **PACKAGE}, ["ours", "theirs"]),
    ],
    ids=["none", "added", "replaced", "package", "extended package"],
)
def test_gives_way_to_a_projects_own(
    tmp_path: Path, files: dict[str, str], found: list[str]
) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    look = (
        "import importlib.util, sys\n"
        f"for name in ({OURS!r}, 'Modules.quant.tasks'):\n"
        "    try: spec = importlib.util.find_spec(name)\n"
        "    except ModuleNotFoundError: spec = None\n"
        "    print('none' if spec is None else 'theirs' if spec.origin.startswith(sys.argv[1]) "
        "else 'ours')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", look, str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == found


def test_service_holds_the_app_of_the_shipped_tasks() -> None:
    assert get_celery_service() is get_celery_service()
    assert get_celery_service().app is celery_app() is app


def test_init_makes_it_the_current_app() -> None:
    before = app.conf.result_expires
    with current.kept():
        Celery("another", broker="memory://")
        assert init_celery(result_expires=77) is app
        assert current_app == app
    assert app.conf.result_expires == 77
    init_celery(result_expires=before)


def test_app_of_fastapi_has_it_and_closes_it() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, str]]:
        events.append("begin")
        yield {"served": "yes"}
        events.append("end")

    application = FastAPI(lifespan=lifespan)

    @application.get("/")
    def of_request(request: Request) -> list[str]:
        return [request.app.state.celery.main, request.state.served]

    with current.kept():
        mine = Celery("mine", broker="memory://", set_as_current=False)
        closed = mine.close
        mine.close = lambda: (events.append("closed"), closed())[1]  # type: ignore[method-assign]
        assert init_fastapi_celery(application, mine) is mine
        with served(application) as url, urllib.request.urlopen(url, timeout=10) as reply:
            events.append(reply.read().decode())
    assert events == ["begin", '["mine","yes"]', "end", "closed"]


def test_what_is_no_app_of_fastapi_is_refused() -> None:
    with pytest.raises(TypeError, match="takes a FastAPI application, not a object"):
        init_fastapi_celery(object())
    with pytest.raises(TypeError, match="not both"):
        init_fastapi_celery(FastAPI(), app, result_expires=1)


@contextmanager
def served(application: FastAPI) -> Iterator[str]:
    """Serve an application until the block ends, and its lifespan with it; yields the address."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the server to start")
        yield "http://{}:{}".format(*server.servers[0].sockets[0].getsockname())
    finally:
        server.should_exit = True
        thread.join(30)
    assert not thread.is_alive()
