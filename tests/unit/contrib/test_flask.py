"""Flask's extension: settings, contexts of tasks, request ids, the dashboard, and wrong use."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, current_app, g, stream_with_context

from taskhub import Celery, current, current_request_id, shared_task
from taskhub.contrib.flask import FlaskTask, Taskhub, celery_of, mount_dashboard
from taskhub.exceptions import ImproperlyConfigured
from taskhub.testing import eager, record_calls, start_worker

MEMORY = {"broker_url": "memory://", "task_default_queue": "site"}


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    with current.kept():
        yield


def site_with(settings: Any = MEMORY, name: str = "CELERY", **options: Any) -> Flask:
    site = Flask("shop")
    site.config.update({name: settings, "SECRET_KEY": "k", "SENDER": "ann"})
    Taskhub(site, **options)
    return site


@shared_task(name="tests.flask.context")
def context() -> list[Any]:
    g.value = getattr(g, "value", 0) + 1
    return [current_app.config["SENDER"], g.value, current_request_id()]


@shared_task(name="tests.flask.context_of_coroutine")
async def context_of_coroutine() -> list[Any]:
    await asyncio.sleep(0)
    return [current_app.config["SENDER"], current_request_id()]


def test_tasks_run_in_a_context_of_their_own() -> None:
    site, ended = site_with(), []
    site.teardown_appcontext(ended.append)
    app = celery_of(site)
    assert app is site.extensions["celery"] is current.current_app()
    assert app.conf.task_default_queue == "site"
    with start_worker(app, concurrency=2):
        for _ in range(2):
            assert context.delay().get(timeout=10) == ["ann", 1, None]
        assert context_of_coroutine.delay().get(timeout=10) == ["ann", None]
    # And that of the worker's first call, which shows that it runs.
    assert ended == [None] * 4
    assert context() == ["ann", 1, None]
    assert asyncio.run(context_of_coroutine()) == ["ann", None]
    with eager(app):
        assert context.delay().get() == ["ann", 1, None]
    app.close()


def test_requests_have_ids_that_their_tasks_get() -> None:
    site = site_with()

    @site.get("/")
    def one() -> str:
        context.delay()
        return str(current_request_id())

    @site.get("/stream")
    def stream() -> Any:
        def parts() -> Iterator[str]:
            yield str(current_request_id())
            context.delay()

        return stream_with_context(parts())

    client = site.test_client()
    with record_calls() as calls:
        answer = client.get("/", headers={"X-Request-ID": "seven"})
        assert (answer.text, answer.headers["X-Request-ID"]) == ("seven", "seven")
        streamed = client.get("/stream", headers={"X-Request-ID": "not usable"})
        assert len(streamed.text) == 32
    assert [call.request_id for call in calls] == ["seven", streamed.text]
    assert streamed.headers["X-Request-ID"] == streamed.text
    assert current_request_id() is None
    site = site_with(request_ids=False)
    assert "X-Request-ID" not in site.test_client().get("/").headers


def test_an_app_of_the_program_is_configured() -> None:
    app = Celery("program", task_cls=FlaskTask, set_as_current=False)

    @app.task
    def sender() -> str:
        return str(current_app.config["SENDER"])

    extension = Taskhub(celery=app)
    with pytest.raises(ImproperlyConfigured, match="the tasks of app 'program' need a Flask"):
        sender()
    site = Flask("shop")
    site.config.update(TASKHUB={"broker_url": "memory://"}, SENDER="bob")
    assert extension.init_app(site) is app
    with start_worker(app):
        assert sender.delay().get(timeout=10) == "bob"


def test_settings_may_be_an_object() -> None:
    class Settings:
        broker_url = "memory://"
        task_default_queue = "object"

    assert celery_of(site_with(Settings)).conf.task_default_queue == "object"


def test_wrong_use_is_refused_in_one_line() -> None:
    site = Flask("shop")
    with pytest.raises(ImproperlyConfigured, match="'shop' has no app: call Taskhub"):
        celery_of(site)
    with pytest.raises(ImproperlyConfigured, match="'shop' has no setting TASKHUB or CELERY: set"):
        Taskhub(site)
    site.config.update(CELERY={}, TASKHUB={})
    with pytest.raises(ImproperlyConfigured, match="has the settings TASKHUB and CELERY: keep one"):
        Taskhub(site)
    with pytest.raises(ImproperlyConfigured, match=r"setting CELERY of .* must be a mapping"):
        site_with(["redis://localhost"])
    with pytest.raises(ImproperlyConfigured, match="task_time_limit must be a number of seconds"):
        site_with({"broker_url": "memory://", "task_time_limit": "long"})
    with pytest.raises(ModuleNotFoundError, match="There is no module 'nowhere' to read"):
        site_with("nowhere")
    with pytest.raises(
        ImproperlyConfigured, match=r"has extensions\['taskhub'\] already: call init"
    ):
        Taskhub(site_with())
    with pytest.raises(ImproperlyConfigured, match="takes a Flask application, not <Celery"):
        Taskhub(Celery("other", set_as_current=False))  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match="is no app of taskhub"):
        Taskhub(celery="shop")  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match=r"make the app by Celery\(..., task_cls=Flask"):
        Taskhub(celery=Celery("other", set_as_current=False))


# -- dashboard


#: Prints what a client gets before and after it has signed in. The event loop of the dashboard lasts
#: as long as its process.
SIGNING_IN = """
import json
from flask import Flask, session
from taskhub.contrib.flask import Taskhub, mount_dashboard
from taskhub.web import User

site = Flask("shop")
site.config.update(CELERY={"broker_url": "memory://"}, SECRET_KEY="k")
Taskhub(site)


def user_of():
    name = session.get("user")
    return User(name, ("operator",)) if name else None


mount_dashboard(site, "/tasks", user_of=user_of)


@site.get("/login")
def login():
    session["user"] = "ann"
    return "in"


client = site.test_client()
page = client.get("/tasks/")
before = client.get("/tasks/api/v1/queues")
client.get("/login")
answers = [client.get(f"/tasks/api/v1/{path}") for path in ("session", "queues", "stream?watch=queues")]
found = [page, before, *answers, client.get("/elsewhere")]
print(json.dumps([
    [answer.status_code for answer in found],
    'data-base="/tasks"' in page.text,
    answers[0].json["user"]["role"],
]))
"""


def test_the_dashboard_knows_the_users_of_the_site() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SIGNING_IN], capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == [[200, 401, 200, 200, 501, 404], True, "operator"]
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("path", ["tasks", "/", "/tasks/", ""])
def test_paths_of_the_dashboard_are_checked(path: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must begin with a slash, and not end with one"):
        mount_dashboard(site_with(), path)


def test_the_dashboard_takes_one_way_of_knowing_users() -> None:
    with pytest.raises(ImproperlyConfigured, match="auth or user_of, not both"):
        mount_dashboard(site_with(), user_of=lambda: None, auth=lambda _: None)
