"""Who may do what: every role against every action, other sites, wrong passwords, proxies, headers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskhub import Celery
from taskhub.web.auth.roles import ACTIONS, ROLES, allows
from taskhub.web.http.document import load_document
from tests.integration.web.conftest import PASSWORD, TOKENS, Client, Site
from tests.support.workers import until

#: A request for each action; its things do not exist, so that none changes anything.
REQUESTS: dict[str, tuple[str, str, Any]] = {
    **{
        f"tasks.{action}": ("POST", "tasks/none/actions", {"action": action})
        for action in ("retry", "revoke", "terminate", "delete")
    },
    "tasks.edit": ("POST", "tasks/none/actions", {"action": "retry", "args": [1]}),
    **{
        f"queues.{action}": ("POST", "queues/none/actions", {"action": action})
        for action in ("pause", "resume", "purge", "forget")
    },
    **{
        f"workers.{action}": ("POST", "workers/none/actions", {"action": action, "queue": "x"})
        for action in (
            "drain", "resume", "stop", "grow", "shrink", "add_queue", "cancel_queue", "replace",
        )
    },
    **{
        f"schedule.{action}": ("POST", "schedule/none/actions", {"action": action})
        for action in ("run", "pause", "resume", "delete")
    },
    "schedule.edit": ("PUT", "schedule/none", {"task": "x", "schedule": {"kind": "at"}}),
    "limits.change": ("PUT", "limits/rates/none", {"rate": None}),
    "jobs.stop": ("POST", "jobs/none/stop", None),
    "arguments.view": ("GET", "tasks?filter=args.a:1", None),
    "audit.view": ("GET", "audit", None),
    "settings.view": ("GET", "settings", None),
}  # fmt: skip


def test_every_action_is_tried() -> None:
    assert set(REQUESTS) == set(ACTIONS)


def send(client: Client, action: str) -> httpx.Response:
    method, path, body = REQUESTS[action]
    return client.request(method, f"/api/v1/{path}", json=body)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_role_against_every_action(site: Site, role: str, action: str) -> None:
    with site.client(role) as client:
        response = send(client, action)
    if allows(role, ACTIONS[action]):  # type: ignore[arg-type]
        assert response.status_code in (200, 404, 422), response.text
    elif action == "arguments.view":
        assert (response.status_code, response.json()["code"]) == (400, "bad_filter")
    else:
        found = response.json()
        assert (response.status_code, found["code"], found["needs"], found["role"]) == (
            403, "needs_role", ACTIONS[action], role,
        )  # fmt: skip


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_nobody_may_do_anything_without_signing_in(site: Site, action: str) -> None:
    with site.client() as client:
        response = send(client, action)
    assert (response.status_code, response.json()["code"]) == (401, "not_signed_in")
    assert "Basic" not in response.headers["www-authenticate"]


def test_all_paths_but_the_open_ones_need_a_user(site: Site) -> None:
    open_paths = set()
    with site.client() as client:
        for rules in load_document().operations.values():
            path = re.sub(r"\{\w+\}", "x", rules.path)
            response = client.request(
                rules.method, f"/api/v1{path}", json={} if rules.takes_body else None
            )
            if response.status_code != 401:
                open_paths.add(f"{rules.method} {rules.path}")
    assert open_paths == {
        "get /session", "post /session", "delete /session", "put /session/language", ("get "
                                                                                     "/openapi.json"),
    }  # fmt: skip


def test_roles_can_be_changed_and_denials_are_in_the_audit_log(
    settings: dict[str, Any], users_file: Path, tmp_path: Path
) -> None:
    options = (
        "--users",
        str(users_file),
        "--role",
        "queues.purge=operator",
        "--role",
        "arguments.view=viewer",
    )
    with Site(settings, tmp_path, *options) as site, site.client("operator") as client:
        assert send(client, "queues.purge").status_code == 404
        with site.client("viewer") as viewer:
            assert send(viewer, "arguments.view").status_code == 200
            assert send(viewer, "tasks.retry").status_code == 403
        query = {"filter": "did:denied by:viewer-token", "limit": 1}
        (entry,) = client.get("/api/v1/audit", params=query).json()["items"]
        assert (entry["action"], entry["denied"], entry["done"]) == ("tasks.retry", True, 0)


# --------------------------------------------------------------------------------- other sites


@pytest.mark.parametrize("site_header", ["cross-site", "same-site", "none", None])
def test_a_write_that_another_site_makes_the_browser_send_is_refused(
    site: Site, site_header: str | None
) -> None:
    with site.client() as page:
        assert sign_in(page, "admin-1").status_code == 200
        del page.headers["Sec-Fetch-Site"]
        headers = {} if site_header is None else {"Sec-Fetch-Site": site_header}
        for action in ("queues.purge", "tasks.delete", "schedule.delete", "jobs.stop"):
            method, path, body = REQUESTS[action]
            response = page.request(method, f"/api/v1/{path}", json=body, headers=headers)
            assert (response.status_code, response.json()["code"]) == (403, "cross_site")
        for path in ("session", "session/language"):
            response = page.request(
                "DELETE" if path == "session" else "PUT", f"/api/v1/{path}", headers=headers
            )
            assert response.json()["code"] == "cross_site"


def test_a_form_of_another_site_cannot_send_json(site: Site) -> None:
    with site.client("admin") as client:
        response = client.post(
            "/api/v1/queues/none/actions",
            content='{"action":"purge"}',
            headers={"Content-Type": "text/plain"},
        )
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_no_get_acts(site: Site) -> None:
    with site.client("admin") as client:
        for path in ("tasks/actions", "queues/none/actions", "jobs/none/stop", "limits/rates/x"):
            response = client.get(f"/api/v1/{path}")
            assert response.status_code in (404, 405)


def test_answers_forbid_frames_scripts_and_caches(site: Site) -> None:
    with site.client() as client:
        for path in ("/", "/nonsense", "/api/v1/session", "/api/v1/overview", "/static/x/y"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert "access-control-allow-origin" not in headers
        assert client.get("/api/v1/session").headers["cache-control"] == "no-store"


def test_a_body_must_be_small_json(site: Site) -> None:
    with site.client("admin") as client:
        kind = {"Content-Type": "application/json"}
        url = "/api/v1/tasks/actions"
        assert client.post(url, content=b"{", headers=kind).status_code == 400
        assert client.post(url, content=b"[" * 100_000, headers=kind).status_code == 400
        assert client.post(url, content=b'{"rate": NaN}', headers=kind).status_code == 400
        assert client.post(url, content=b" " * (2**20 + 1), headers=kind).status_code == 413


# ---------------------------------------------------------------------------------- signing in


def sign_in(client: Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/api/v1/session", json={"name": name, "password": password})


def test_a_page_signs_in_and_out(site: Site) -> None:
    with site.client() as page:
        assert page.get("/api/v1/session").json()["authenticated"] is False
        response = sign_in(page, "operator-1")
        assert response.status_code == 200
        found = response.json()
        assert found["user"] == {
            "name": "operator-1", "roles": ["operator"], "role": "operator", "source": "password",
        }  # fmt: skip
        assert found["permissions"]["tasks.retry"]["allowed"]
        assert not found["permissions"]["queues.purge"]["allowed"]
        cookie = response.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Path=/" in cookie
        kept = dict(page.cookies)
        assert page.get("/api/v1/overview").status_code == 200
        assert page.delete("/api/v1/session").status_code == 204
        assert page.get("/api/v1/overview").status_code == 401
        page.cookies.update(kept)
        assert page.get("/api/v1/overview").status_code == 401, "an old cookie counts no longer"


def test_the_cookie_is_bound_to_the_host_where_there_is_tls(
    settings: dict[str, Any], users_file: Path, tmp_path: Path
) -> None:
    options = ("--users", str(users_file), "--trusted-proxy", "127.0.0.1")
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    with Site(settings, tmp_path, *options) as site, site.client(**forwarded) as page:
        cookie = sign_in(page, "viewer-1").headers["set-cookie"]
        assert cookie.startswith("__Host-taskhub=")
        assert "Secure" in cookie
        with site.client(**{"X-Forwarded-For": "203.0.113.9"}) as plain:
            response = sign_in(plain, "viewer-1")
            assert (response.status_code, "without TLS" in response.text) == (409, True)
        with site.client("operator") as reader:
            query = {"filter": "did:session.begin by:viewer-1", "limit": 1}
            (entry,) = reader.get("/api/v1/audit", params=query).json()["items"]
        assert entry["address"] == "203.0.113.9"


def test_without_tls_the_cookie_is_set_where_that_is_allowed(
    settings: dict[str, Any], users_file: Path, tmp_path: Path
) -> None:
    options = ("--users", str(users_file), "--trusted-proxy", "127.0.0.1", "--allow-http")
    forwarded = {"X-Forwarded-Proto": "http", "X-Forwarded-For": "203.0.113.9"}
    with Site(settings, tmp_path, *options) as site, site.client(**forwarded) as page:
        # As a browser does that names no site where there is no TLS.
        del page.headers["Sec-Fetch-Site"]
        page.headers["Origin"] = site.url
        cookie = sign_in(page, "viewer-1").headers["set-cookie"]
        assert cookie.startswith("taskhub=")
        assert "Secure" not in cookie
        assert page.get("/api/v1/overview").status_code == 200
        page.headers["Origin"] = "http://evil.example"
        assert page.delete("/api/v1/session").json()["code"] == "cross_site"


def test_wrong_passwords_are_held_up(site: Site) -> None:
    with site.client() as page:
        left = []
        for _ in range(5):
            response = sign_in(page, "viewer-1", "wrong password")
            assert (response.status_code, response.json()["code"]) == (401, "wrong_password")
            left.append(response.json()["tries_left"])
        assert left == [4, 3, 2, 1, 0]
        response = sign_in(page, "viewer-1")
        assert (response.status_code, response.json()["code"]) == (429, "too_many_tries")
        assert int(response.headers["retry-after"]) > 500
        assert sign_in(page, "admin-1").status_code == 200
        basic = httpx.BasicAuth("viewer-1", PASSWORD)
        assert page.get("/api/v1/overview", auth=basic).status_code == 429
    with site.client("operator") as reader:
        entries = reader.get("/api/v1/audit", params={"filter": "did:session.refused"}).json()[
            "items"
        ]
    assert [entry["subject"]["name"] for entry in entries] == ["viewer-1"] * 6
    assert "wrong password" not in site.log


def test_scripts_use_tokens_and_passwords(site: Site) -> None:
    with Client(base_url=site.url, timeout=30) as script:
        token = {"Authorization": f"Bearer {TOKENS['operator']}"}
        assert script.get("/api/v1/session", headers=token).json()["user"]["source"] == "token"
        body = {"action": "retry", "ids": ["none"]}
        response = script.post("/api/v1/tasks/actions", json=body, headers=token)
        assert response.json()["skipped"] == [{"reason": "unknown_id", "count": 1}]
        auth = httpx.BasicAuth("operator-1", PASSWORD)
        assert script.post("/api/v1/tasks/actions", json=body, auth=auth).status_code == 200
        wrong = script.get("/api/v1/overview", headers={"Authorization": "Bearer taskhub_x"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "not_signed_in")
        for broken in ("Basic", "Basic !", "Basic w6k=", "Digest x"):
            assert (
                script.get("/api/v1/overview", headers={"Authorization": broken}).status_code == 401
            )


def test_a_user_who_is_removed_is_signed_out(
    settings: dict[str, Any], users_file: Path, tmp_path: Path
) -> None:
    own = tmp_path / "users"
    own.write_text(users_file.read_text())
    with Site(settings, tmp_path, "--users", str(own)) as site, site.client() as page:
        assert sign_in(page, "viewer-1").status_code == 200
        kept = [line for line in own.read_text().splitlines() if not line.startswith("viewer-1 ")]
        own.write_text("\n".join(kept) + "\n")
        until(lambda: page.get("/api/v1/overview").status_code == 401, "the session to end")


# ----------------------------------------------------------------------- arguments and viewers


def test_arguments_are_hidden_from_viewers(site: Site, shop: Celery) -> None:
    sent = shop.send_task("shop.add", (4711,), queue="hidden", stamped_headers=["a"], a="b")
    with site.client("viewer") as viewer:
        assert not viewer.get("/api/v1/session").json()["arguments_visible"]
        for path in (
            "tasks?filter=queue:hidden", f"tasks/{sent.id}", f"tasks/{sent.id}/canvas", "queues/hidden",
            "search?q=hidden",
        ):  # fmt: skip
            response = viewer.get(f"/api/v1/{path}")
            assert response.status_code == 200
            assert "4711" not in response.text
        found = viewer.get(f"/api/v1/tasks/{sent.id}").json()
        assert found["arguments"]["hidden"]
        assert viewer.get("/api/v1/tasks", params={"filter": "4711"}).json()["total"] == 0
    with site.client("operator") as operator:
        assert "4711" in operator.get("/api/v1/tasks?filter=queue:hidden").text
    shop.engine.purge("hidden")


# ------------------------------------------------------------------------------------- proxies


def test_a_trusted_proxy_names_the_user(settings: dict[str, Any], tmp_path: Path) -> None:
    options = ("--proxy", "127.0.0.1", "--proxy-roles-header", "X-Groups", "--group", "sre=admin")
    with Site(settings, tmp_path, *options) as site:
        named = {"X-Forwarded-User": "ann", "X-Groups": "dev, sre"}
        with site.client(**named) as page:
            user = page.get("/api/v1/session").json()["user"]
            assert user == {"name": "ann", "roles": ["admin"], "role": "admin", "source": "proxy"}
            assert send(page, "queues.purge").status_code == 404
            del page.headers["Sec-Fetch-Site"]
            assert send(page, "queues.purge").json()["code"] == "cross_site"
        with site.client(**{"X-Forwarded-User": "ann"}) as page:
            assert page.get("/api/v1/session").json()["user"]["role"] == "viewer"
        with site.client() as page:
            assert page.get("/api/v1/overview").status_code == 401
            twice = [("X-Forwarded-User", "admin"), ("X-Forwarded-User", "ann")]
            assert page.get("/api/v1/overview", headers=twice).status_code == 401


def test_the_header_of_somebody_else_is_not_believed(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    with (
        Site(settings, tmp_path, "--proxy", "10.9.9.9") as site,
        site.client(**{"X-Forwarded-User": "admin"}) as page,
    ):
        assert page.get("/api/v1/overview").status_code == 401


# ----------------------------------------------------------------------- without authentication


def test_without_authentication_it_answers_this_host_only(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    with Site(settings, tmp_path) as site:
        assert "this host only, nobody has to sign in" in site.log
        with site.client() as page:
            session = page.get("/api/v1/session").json()
            user = session["user"]
            assert (user["source"], user["role"]) == ("nobody", "admin")
            assert send(page, "queues.purge").status_code == 404, "there is no such queue"
            assert session["login"]["notice"]
            for headers in (
                {"Host": "evil.example"}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"},
            ):  # fmt: skip
                for path in ("/", "/api/v1/overview"):
                    response = page.get(path, headers=headers)
                    assert (response.status_code, response.json()["code"]) == (403, "bad_host")
            del page.headers["Sec-Fetch-Site"]
            assert send(page, "queues.purge").json()["code"] == "cross_site"
