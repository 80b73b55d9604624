"""A store, a worker, and the dashboard's own server as processes; and clients that check every answer."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest

from taskhub import Celery
from taskhub.web.auth.users_file import hash_password, token_hash
from taskhub.web.http.document import Document, load_document
from tests.support.servers import Server, start_valkey
from tests.support.workers import SETTINGS_VARIABLE, SupervisedSet, until

PROGRAM: Final = "tests.integration.web.program"
ROOT: Final = Path(__file__).resolve().parents[3]
PASSWORD: Final = "correct horse battery"
ROLES: Final = ("viewer", "operator", "admin")
TOKENS: Final = {role: f"taskhub_{role}_token_of_the_tests" for role in ROLES}
_UP: Final = re.compile(r"taskhub web is up at (?P<url>https?://\S+?)/? \(")


class Client(httpx.Client):
    """Sends requests as a page does, and holds every answer to the OpenAPI document."""

    document: Document = load_document()

    def request(self, method: str, url: Any, **options: Any) -> httpx.Response:
        response = super().request(method, url, **options)
        path = httpx.URL(url).path if not isinstance(url, str) else url.partition("?")[0]
        if path.startswith("/api/v1/"):
            self._check(method, path.removeprefix("/api/v1"), response)
        return response

    def _check(self, method: str, path: str, response: httpx.Response) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind == "application/problem+json":
            self._hold({"$ref": "#/components/schemas/Problem"}, response)
            assert response.json()["status"] == response.status_code
            assert "Traceback" not in response.text
        if kind != "application/json":
            return
        for rules in self.document.operations.values():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(rules.path))
            fixed = "{" not in rules.path
            if rules.method != method.lower() or not re.fullmatch(pattern, path):
                continue
            if not fixed and path in self.document.raw["paths"]:
                continue
            spec = self.document.resolve(rules.spec["responses"][str(response.status_code)])
            self._hold(spec["content"]["application/json"]["schema"], response)
            return

    def _hold(self, schema: Any, response: httpx.Response) -> None:
        errors = list(self.document.validator(schema).iter_errors(response.json()))
        assert not errors, [(list(error.absolute_path), error.message[:300]) for error in errors]


class Site:
    """One run of `taskhub web`.

    Args:
        settings: Of the app.
        directory: Where its log and its secret go.
        arguments: Of the command.
    """

    def __init__(self, settings: dict[str, Any], directory: Path, *arguments: str) -> None:
        self._settings = settings
        self._directory = directory
        self._arguments = arguments
        self.log_path = directory / f"web-{uuid.uuid4().hex[:6]}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        environment = {
            **os.environ,
            SETTINGS_VARIABLE: json.dumps(self._settings),
            "TASKHUB_HOME": str(self._directory / "home"),
        }
        command = [
            sys.executable,
            "-m",
            "taskhub",
            "-A",
            PROGRAM,
            "web",
            "--port",
            "0",
            *self._arguments,
        ]
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        found = until(
            lambda: self._address() or self._process.poll() is not None, self.log_path.name
        )  # type: ignore[union-attr]
        assert isinstance(found, re.Match), self.log
        self.url = found["url"]
        until(self._answers, "the dashboard to answer")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        assert "Traceback" not in self.log

    def _address(self) -> re.Match[str] | None:
        return _UP.search(self.log)

    def _answers(self) -> bool:
        try:
            httpx.get(f"{self.url}/api/v1/session", timeout=5)
        except httpx.TransportError:
            return False
        return True

    @property
    def log(self) -> str:
        """What it has printed."""
        return self.log_path.read_text("utf-8")

    def client(self, role: str | None = None, **headers: str) -> Client:
        """Return a client: a page, or with a role an API client with that role's token."""
        own = {"Sec-Fetch-Site": "same-origin"}
        if role is not None:
            own = {"Authorization": f"Bearer {TOKENS[role]}"}
        return Client(base_url=self.url, headers={**own, **headers}, timeout=30)


def ask(client: Client, path: str, **query: Any) -> Any:
    """Return the answer to a question of the API."""
    response = client.get(f"/api/v1/{path}", params=query)
    assert response.status_code == 200, response.text
    return response.json()


def users_lines() -> list[str]:
    """Return the lines of a users file: a user and a token of each role."""
    hashed = hash_password(PASSWORD)
    users = [f"{role}-1 {role} {hashed}" for role in ROLES]
    return users + [f"{role}-token {role} {token_hash(TOKENS[role])}" for role in ROLES]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own."""
    with start_valkey(tmp_path_factory.mktemp("store")) as running:
        running.is_shared = True
        yield running


@pytest.fixture(scope="module")
def settings(store: Server) -> dict[str, Any]:
    """Settings of the app, in a namespace of its own."""
    return {"broker": store.url, "taskhub_namespace": uuid.uuid4().hex[:8], "result_extended": True}


@pytest.fixture
def shop(settings: dict[str, Any]) -> Iterator[Celery]:
    """The app, in this process."""
    with Celery("shop", **settings, set_as_current=False) as app:
        yield app


@pytest.fixture(scope="module")
def users_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Users and tokens of all roles."""
    file = tmp_path_factory.mktemp("users") / "users"
    file.write_text("".join(f"{line}\n" for line in users_lines()))
    return file


@pytest.fixture(scope="module")
def site(
    settings: dict[str, Any], users_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The dashboard, with users."""
    with Site(settings, tmp_path_factory.mktemp("site"), "--users", str(users_file)) as running:
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    """An API client that may do everything."""
    with site.client("admin") as made:
        yield made


@pytest.fixture(scope="module")
def worker(
    settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SupervisedSet]:
    """A worker of two processes with two threads."""
    arguments = ("-n", "w1@test")
    started = SupervisedSet(
        PROGRAM, settings, tmp_path_factory.mktemp("worker"), processes=2, threads=2,
        queues=("celery", "mail"), arguments=arguments, name="worker",
    )  # fmt: skip
    try:
        yield started.start()
    finally:
        started.kill()


@pytest.fixture
def run(settings: dict[str, Any]) -> Any:
    """Run a command of the command line, and return what it prints."""

    def call(*arguments: str, code: int = 0, text: str = "") -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "taskhub", "-A", PROGRAM, *arguments],
            cwd=ROOT,
            env={**os.environ, SETTINGS_VARIABLE: json.dumps(settings)},
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr

    return call
