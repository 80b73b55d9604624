"""Signing in by OpenID Connect, at a provider that is a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.web.conftest import ROOT, Client, Site


@contextmanager
def provider(**claims: Any) -> Iterator[str]:
    """Run a provider whose user has some claims; yields its address."""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "tests.integration.web.provider",
        json.dumps(claims),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().removeprefix("provider at ").strip()
        finally:
            process.terminate()


@contextmanager
def dashboard(settings: dict[str, Any], directory: Path, url: str, *options: str) -> Iterator[Site]:
    """Run a dashboard whose users sign in there."""
    arguments = ("--openid", url, "--openid-client", "dashboard", "--allow-http", *options)
    with Site(settings, directory, *arguments) as site:
        yield site


def sign_in(page: Client) -> Any:
    """Go to the provider and back, as a browser does; returns the last answer."""
    response = page.get("/auth/openid")
    while response.is_redirect:
        # A redirect from another site: strict cookies stay away.
        response = page.get(response.headers["location"])
    return response


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKHUB_WEB_OPENID_SECRET", "the client's secret")


def test_groups_give_roles(settings: dict[str, Any], tmp_path: Path) -> None:
    claims = {"preferred_username": "ann", "groups": ["dev", "sre"]}
    with (
        provider(**claims) as url,
        dashboard(settings, tmp_path, url, "--group", "sre=operator") as site,
        site.client() as page,
    ):
        session = page.get("/api/v1/session").json()
        assert session["login"]["openid"] == {
            "label": "Sign in with OpenID Connect", "url": "auth/openid",
        }  # fmt: skip
        assert not session["login"]["password"]
        response = sign_in(page)
        assert response.status_code == 200
        assert 'http-equiv="refresh"' in response.text
        assert "warning" not in site.log
        user = page.get("/api/v1/session").json()["user"]
        assert user == {
            "name": "ann",
            "roles": ["operator"],
            "role": "operator",
            "source": "openid",
        }
        assert page.get("/api/v1/overview").status_code == 200
        page.delete("/api/v1/session")
        assert page.get("/api/v1/overview").status_code == 401


def test_who_has_no_role_does_not_come_in(settings: dict[str, Any], tmp_path: Path) -> None:
    with (
        provider(preferred_username="bob", groups=["sales"]) as url,
        dashboard(settings, tmp_path, url, "--group", "sre=admin") as site,
        site.client() as page,
    ):
        response = sign_in(page)
        assert (response.status_code, response.json()["code"]) == (403, "needs_role")
        assert page.get("/api/v1/overview").status_code == 401


def test_an_answer_that_was_not_asked_for_is_refused(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    with (
        provider(preferred_username="eve", groups=["admin"]) as url,
        dashboard(settings, tmp_path, url) as site,
        site.client() as page,
    ):
        response = page.get("/auth/openid/callback", params={"code": "x", "state": "y"})
        assert (response.status_code, response.json()["code"]) == (409, "conflict")
        assert page.get("/api/v1/session").json()["authenticated"] is False


def test_a_provider_that_does_not_answer_is_one_clear_message(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    with (
        dashboard(settings, tmp_path, "http://127.0.0.1:1") as site,
        site.client() as page,
    ):
        response = page.get("/auth/openid")
        assert (response.status_code, response.json()["code"]) == (409, "conflict")
        assert "try again" in response.json()["detail"]
