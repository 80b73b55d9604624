"""taskhub in other applications: the examples for FastAPI, Flask and Django, behind real servers."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.command import ROOT, Commands, Running, until
from tests.support.servers import find_free_port, start_valkey

PASSWORD = "correct horse battery"
#: What a browser sends with the requests of a page's own scripts.
PAGE = {"Sec-Fetch-Site": "same-origin"}
API = "/tasks/api/v1"

USERS = f"""
from django.contrib.auth.models import Group, User

operations = Group.objects.create(name="operations")
User.objects.create_superuser("root", password={PASSWORD!r})
User.objects.create_user("staff", password={PASSWORD!r}, is_staff=True)
User.objects.create_user("oncall", password={PASSWORD!r}, is_staff=True).groups.add(operations)
User.objects.create_user("customer", password={PASSWORD!r})
"""
#: Prints the session of a signed-in user who is no staff.
SESSION = """
from django.contrib.auth.models import User
from django.test import Client

client = Client()
client.force_login(User.objects.get(username="customer"))
print(client.cookies["sessionid"].value)
"""


@contextmanager
def example(name: str, directory: Path, **environment: str) -> Iterator[Commands]:
    """Give a block the commands in a copy of an example, with a store of its own."""
    left_out = shutil.ignore_patterns("*.sqlite3", "users.txt", "__pycache__")
    shutil.copytree(ROOT / "examples" / name, directory / name, ignore=left_out)
    with start_valkey(directory) as store:
        store.is_shared = True
        commands = Commands(directory / name, {"TASKHUB_BROKER_URL": store.url, **environment})
        try:
            yield commands
        finally:
            commands.stop_all()


def serve(commands: Commands, *arguments: str, module: str, port: int) -> tuple[Running, str]:
    """Start a server; returns it and its URL when it answers."""
    running = commands.start(*arguments, module=module)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert running.process.poll() is None, running.output
        try:
            httpx.get(f"{url}{API}/session", timeout=30)
        except httpx.TransportError:
            return False
        return True

    until(answers, f"{module} to answer")
    return running, url


def failed_tasks(client: httpx.Client) -> list[dict[str, Any]]:
    """Return the tasks that have failed, the latest first."""
    found = client.get(f"{API}/tasks", params={"filter": "state:failed"}).raise_for_status()
    return list(found.json()["items"])


def fail_one(client: httpx.Client) -> dict[str, Any]:
    """Call the task that fails for this order, and return it when it has."""
    order = client.post("/orders/10/invoice")
    assert order.status_code == 202, order.text
    made = order.json()["task"]

    def found() -> dict[str, Any] | None:
        return next((task for task in failed_tasks(client) if task["id"] == made), None)

    return dict(until(found, "the task to fail"))


def retry(client: httpx.Client, task: dict[str, Any], **headers: str) -> httpx.Response:
    """Ask for a retry of a task."""
    return client.post(
        f"{API}/tasks/actions", json={"action": "retry", "ids": [task["id"]]}, headers=headers
    )


def check_page(client: httpx.Client) -> None:
    """Check that the page and its first script load."""
    page = client.get("/tasks/")
    assert page.status_code == 200
    assert 'data-base="/tasks"' in page.text
    script = re.search(r'src="(/tasks/static/[^"]+\.js)"', page.text)
    assert script
    loaded = client.get(script[1])
    assert loaded.headers["content-type"].startswith("text/javascript")
    assert "immutable" in loaded.headers["cache-control"]


def check_retry(client: httpx.Client) -> None:
    """Check that a failed task runs again when it is retried."""
    task = fail_one(client)
    assert task["error"]["message"] == "order 10 has no address"
    answer = retry(client, task, **PAGE)
    assert answer.json()["done"] == 1, answer.text
    until(
        lambda: any(
            each["id"] == task["id"] and each["ended_at"] != task["ended_at"]
            for each in failed_tasks(client)
        ),
        "the task to fail again",
    )


def check_request_id(client: httpx.Client, server: Running, worker: Running) -> None:
    """Check that a request's id is in its answer, in the lines of both sides, and in the task."""
    made = client.post("/orders/7/invoice", headers={"X-Request-ID": "req-seven"})
    assert (made.status_code, made.headers["x-request-id"]) == (202, "req-seven")
    task = made.json()["task"]

    def answer() -> Any:
        return client.get(f"/invoices/{task}").json()["answer"]

    assert until(answer, "the invoice to be sent").startswith("invoice of order 7 sent")
    server.wait_for(f"[req-seven] the invoice of order 7 is task {task}")
    worker.wait_for("[req-seven] shop.send_invoice: sending the invoice of order 7")
    other = client.post("/orders/8/invoice", headers={"X-Request-ID": "no id"}).headers
    assert re.fullmatch("[0-9a-f]{32}", other["x-request-id"])


def check_request_id_of_failed(client: httpx.Client) -> None:
    """Check that the dashboard finds a failed task by its request's id."""
    made = client.post("/orders/20/invoice", headers={"X-Request-ID": "req-twenty"})

    def found() -> list[Any]:
        wanted = {"filter": "state:failed stamp:request_id=req-twenty"}
        return list(client.get(f"{API}/tasks", params=wanted).json()["items"])

    assert [each["id"] for each in until(found, "the task to fail")] == [made.json()["task"]]


def check_sign_in(client: httpx.Client) -> None:
    """Sign in as the user of the file, as a page does."""
    assert client.get(f"{API}/overview").status_code == 401
    credentials = {"name": "ann", "password": PASSWORD}
    assert client.post(f"{API}/session", json=credentials).json()["code"] == "cross_site"
    signed_in = client.post(f"{API}/session", json=credentials, headers=PAGE)
    assert signed_in.json()["user"]["role"] == "operator"


# -- FastAPI


def test_a_fastapi_service_with_the_dashboard(tmp_path: Path) -> None:
    port = find_free_port()
    arguments = ("main:site", "--port", str(port))
    with example("fastapi_dashboard", tmp_path) as commands:
        early = commands.run(*arguments, module="uvicorn")
        assert "`taskhub web password NAME --file" in early.stderr
        add_user(commands, "ann")
        nowhere = f"redis://127.0.0.1:{find_free_port()}/0"
        away = commands.run(*arguments, module="uvicorn", TASKHUB_BROKER_URL=nowhere)
        assert "OperationalError: the service does not start: the store (broker)" in away.stderr
        assert away.returncode != 0
        worker = commands.start("-A", "shop", "worker", "-p", "1", "-t", "1")
        worker.wait_for("is ready")
        server, url = serve(commands, *arguments, module="uvicorn", port=port)
        with httpx.Client(base_url=url, timeout=60) as client:
            check_page(client)
            check_sign_in(client)
            check_retry(client)
            check_request_id(client, server, worker)
            check_request_id_of_failed(client)
            with client.stream("GET", f"{API}/stream?watch=queues") as stream:
                lines = stream.iter_lines()
                assert "event: snapshot" in [next(lines) for _ in range(6)]
                server.send(signal.SIGINT)
                # The stream of an open page ends in order, and the server does not wait for it.
                for _ in lines:
                    pass
        server.wait()
        assert "Application shutdown complete" in server.output
        assert "Traceback" not in server.output


def add_user(commands: Commands, name: str) -> None:
    """Add an operator to the users of the example, as its README says."""
    command = ("web", "password", name, "--role", "operator", "--file", "users.txt")
    subprocess.run(
        [sys.executable, "-m", "taskhub", *command],
        cwd=commands.directory,
        env=commands.environment,
        input=f"{PASSWORD}\n".encode(),
        check=True,
        capture_output=True,
    )


# -- Flask


def test_a_flask_site_with_the_dashboard(tmp_path: Path) -> None:
    port = find_free_port()
    flask = ("--app", "shop")
    with example("flask_app", tmp_path) as commands:
        add_user(commands, "ann")
        lost = commands.run("--app", "shop.tasks", "taskhub", "status", module="flask")
        assert "Traceback" not in lost.stderr
        assert lost.returncode == 2
        worker = commands.start(*flask, "taskhub", "worker", "-p", "1", "-t", "1", module="flask")
        worker.wait_for("is ready")
        gunicorn = ("--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4")
        server, url = serve(commands, *gunicorn, "shop:create_app()", module="gunicorn", port=port)
        with httpx.Client(base_url=url, timeout=60) as client:
            check_page(client)
            check_sign_in(client)
            check_retry(client)
            check_request_id(client, server, worker)
            check_request_id_of_failed(client)
        status = commands.run(*flask, "taskhub", "status", module="flask")
        assert status.returncode == 0, status.stderr
        server.stop()
        assert "Traceback" not in server.output
        worker.stop()
        assert "order 10 has no address" in worker.output


# -- Django


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """The Django project, with users and a worker."""
    directory = tmp_path_factory.mktemp("django")
    settings = {"DJANGO_SETTINGS_MODULE": "shop.settings"}
    with example("django_dashboard", directory, **settings) as commands:
        # Many projects have it on, and Django refuses async views then.
        with (directory / "django_dashboard" / "shop" / "settings.py").open("a") as file:
            file.write('DATABASES["default"]["ATOMIC_REQUESTS"] = True\n')
        manage(commands, "migrate", "-v0")
        manage(commands, "check")
        manage(commands, "shell", "-v0", "-c", USERS)
        commands.start("-A", "shop", "worker", "-p", "1", "-t", "1").wait_for("is ready")
        yield commands


def manage(commands: Commands, *arguments: str) -> str:
    """Run a command of Django's; returns what it prints."""
    done = commands.run(*arguments, module="django")
    assert done.returncode == 0, done.stderr
    return done.stdout


#: Server -> its module, its arguments, whether it streams.
SERVERS = {
    "uvicorn": ("uvicorn", ("shop.asgi:application", "--port", "{port}"), True),
    "gunicorn": ("gunicorn", ("shop.wsgi", "--bind", "127.0.0.1:{port}"), False),
    "runserver": ("django", ("runserver", "--noreload", "127.0.0.1:{port}"), False),
}


def sign_in(client: httpx.Client, name: str) -> httpx.Response:
    """Sign in at the admin's page, as a browser does; returns what comes then."""
    form = client.get("/tasks/", follow_redirects=True)
    assert form.url.path == "/admin/login/"
    hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
    assert hidden
    return client.post(
        str(form.url),
        data={"username": name, "password": PASSWORD, "csrfmiddlewaretoken": hidden[1]},
        headers={"Referer": str(form.url)},
    )


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", SERVERS)
def test_a_django_project_with_the_dashboard_for_its_staff(project: Commands, name: str) -> None:
    module, arguments, streams = SERVERS[name]
    port = find_free_port()
    server, url = serve(
        project, *(each.format(port=port) for each in arguments), module=module, port=port
    )
    try:
        check_strangers(url)
        check_customer(project, url)
        check_staff(url)
        check_operator(url)
        check_superuser(url, streams)
    finally:
        server.stop()
    assert "Internal Server Error" not in server.output
    assert "could not be answered" not in server.output


def check_strangers(url: str) -> None:
    """Nobody signed in: pages lead to the login, the API says 401."""
    with httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/tasks").headers["location"] == "/tasks/"
        page = client.get("/tasks/queues?x=1")
        assert page.headers["location"] == "/admin/login/?next=/tasks/queues%3Fx%3D1"
        answer = client.get(f"{API}/overview")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def check_customer(project: Commands, url: str) -> None:
    """Users who are no staff are refused."""
    with httpx.Client(base_url=url, timeout=60) as client:
        # The admin's login refuses them, so that they sign in elsewhere.
        assert "staff account" in sign_in(client, "customer").text
        client.cookies.set("sessionid", manage(project, "shell", "-v0", "-c", SESSION).strip())
        assert client.get("/tasks/").status_code == 403
        answer = client.get(f"{API}/overview")
        assert (answer.status_code, answer.json()["code"]) == (403, "needs_role")


def check_staff(url: str) -> None:
    """Staff may look."""
    with httpx.Client(base_url=url, timeout=60) as client:
        assert sign_in(client, "staff").headers["location"] == "/tasks/"
        check_page(client)
        user = client.get(f"{API}/session").json()["user"]
        assert (user["name"], user["role"]) == ("staff", "viewer")
        task = fail_one(client)
        assert task["error"]["hidden"]
        denied = retry(client, task, **PAGE)
        assert (denied.status_code, denied.json()["needs"]) == (403, "operator")


def check_operator(url: str) -> None:
    """Staff of the group may act, from the pages only."""
    with httpx.Client(base_url=url, timeout=60) as client:
        sign_in(client, "oncall")
        check_retry(client)
        task = failed_tasks(client)[0]
        assert retry(client, task).json()["code"] == "cross_site"
        elsewhere = retry(client, task, **{"Sec-Fetch-Site": "cross-site"})
        assert elsewhere.json()["code"] == "cross_site"
        # So do browsers without TLS at a host name, which name no site.
        assert retry(client, task, Origin="http://evil.example").json()["code"] == "cross_site"
        assert retry(client, task, Origin=url).json()["done"] == 1
        latest = client.get(f"{API}/audit").json()["items"][0]
        assert (latest["who"], latest["action"]) == ("oncall", "tasks.retry")
        assert latest["address"] == "127.0.0.1"


def check_superuser(url: str, streams: bool) -> None:
    """Superusers are admins; live updates are streamed, or pages learn that they are not."""
    with httpx.Client(base_url=url, timeout=60) as client:
        sign_in(client, "root")
        assert client.get(f"{API}/session").json()["user"]["role"] == "admin"
        # A browser that takes gzip must not wait for a buffer to be full.
        assert "gzip" in client.headers["accept-encoding"]
        with client.stream("GET", f"{API}/stream?watch=queues") as stream:
            if streams:
                lines = stream.iter_lines()
                assert "event: snapshot" in [next(lines) for _ in range(6)]
            else:
                stream.read()
                assert (stream.status_code, stream.json()["code"]) == (501, "unsupported")
        client.cookies.clear()
        assert client.get(f"{API}/queues").status_code == 401
