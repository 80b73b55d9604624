"""Roles, users, tokens, sessions, the limit of wrong passwords, and addresses."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from taskhub.exceptions import ImproperlyConfigured
from taskhub.web.auth.addresses import is_loopback_host, read_networks
from taskhub.web.auth.login_limit import HOLD, TRIES, TRIES_OF_ADDRESS, TRIES_OF_NAME, LoginLimit
from taskhub.web.auth.methods import OpenID, Passwords, TrustedProxy, read_auth
from taskhub.web.auth.roles import ACTIONS, allows, highest_role, needed_roles
from taskhub.web.auth.sessions import IDLE, LIFETIME, RENEW_AFTER, Sessions
from taskhub.web.auth.user import User
from taskhub.web.auth.users_file import (
    UsersFile,
    hash_password,
    new_token,
    put_line,
    read_accounts,
    token_hash,
)

# ---------------------------------------------------------------------------------------- roles


def test_each_role_may_what_those_before_it_may() -> None:
    assert allows("admin", "operator")
    assert allows("operator", "operator")
    assert not allows("viewer", "operator")
    assert not allows(None, "viewer")
    assert highest_role(["viewer", "admin", "what"]) == "admin"
    assert User("a", ("what",)).role is None


def test_roles_of_actions_can_be_changed() -> None:
    needed = needed_roles({"queues.purge": "operator"})
    assert needed["queues.purge"] == "operator"
    assert needed["tasks.retry"] == ACTIONS["tasks.retry"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"queues.burn": "admin"}, "no action 'queues.burn'"),
        ({"queues.purge": "boss"}, "no role 'boss'"),
    ],
)
def test_unknown_roles_and_actions_are_refused(changes: dict[str, str], words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        needed_roles(changes)


# ---------------------------------------------------------------------------------------- users


def test_a_file_of_users_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "users"
    put_line(file, "joe", f"joe operator {hash_password('correct horse')}")
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    users = UsersFile(file)
    account = users.check_password("joe", "correct horse")
    assert account is not None
    assert account.roles == ("operator",)
    assert users.check_password("joe", "wrong") is None
    assert users.check_password("ann", "correct horse") is None
    put_line(file, "joe", f"joe viewer,admin {hash_password('battery staple')}")
    changed = users.find("joe")
    assert changed is not None
    assert changed.roles == ("viewer", "admin")
    assert changed.fingerprint != account.fingerprint
    assert len(file.read_text().splitlines()) == 1


def test_a_file_that_is_broken_lets_nobody_new_in(tmp_path: Path) -> None:
    file = tmp_path / "users"
    put_line(file, "joe", f"joe operator {hash_password('correct horse')}")
    users = UsersFile(file)
    file.write_text("joe operator\n")
    os.utime(file, (1, 1))
    assert users.find("joe") is not None


def test_a_token_is_kept_as_a_hash_and_is_no_password(tmp_path: Path) -> None:
    token = new_token()
    users = UsersFile(read_accounts([f"ci operator {token_hash(token)}"], "x"))
    found = users.check_token(token)
    assert found == User("ci", ("operator",), "token")
    assert users.check_token(token + "x") is None
    assert users.find("ci") is None
    assert not users.has_passwords


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["joe operator"], "x, line 1: it must be a name, roles and a hash"),
        (["joe operator plaintext"], "line 1"),
        (["# note", "", "joe boss $argon2id$x"], "x, line 3: there is no role 'boss'"),
        (["joe admin $argon2id$x", "joe admin $argon2id$y"], "stands in an earlier line"),
    ],
)
def test_wrong_lines_are_named_without_their_hashes(lines: list[str], words: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read_accounts(lines, "x")
    assert words in str(caught.value)
    assert "argon2id" not in str(caught.value)
    assert "plaintext" not in str(caught.value)


def test_ways_of_signing_in_are_checked_where_they_are_given(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        read_auth(Passwords(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="needs its addresses"):
        TrustedProxy(())
    with pytest.raises(ImproperlyConfigured, match="neither an address nor a network"):
        read_auth(TrustedProxy("proxy.example"))
    with pytest.raises(ImproperlyConfigured, match="must be a URL"):
        OpenID("login.example", "id")
    with pytest.raises(ImproperlyConfigured, match="twice"):
        read_auth([TrustedProxy("10.0.0.1"), TrustedProxy("10.0.0.2")])
    with pytest.raises(ImproperlyConfigured, match="auth cannot be 'admin:admin'"):
        read_auth("admin:admin")
    assert read_auth(None).is_open
    assert "secret" not in repr(OpenID("https://a.example", "id", "secret"))


def test_groups_become_roles() -> None:
    openid = OpenID("https://a.example", "id", groups={"sre": "admin", "dev": "viewer"})
    assert openid.roles_of({"groups": ["dev", "sre"]}) == ("viewer", "admin")
    assert openid.roles_of({"groups": ["admin"]}) == ()
    assert OpenID("https://a.example", "id").roles_of({"groups": ["operator"]}) == ("operator",)
    assert OpenID("https://a.example", "id", role="viewer").roles_of({}) == ("viewer",)


# ------------------------------------------------------------------------------------- sessions


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_session_ends_without_use_and_after_its_lifetime() -> None:
    clock = Clock()
    sessions = Sessions(b"s" * 32, clock)
    session = sessions.begin("joe", "password", (), "print")
    value = sessions.write(session)
    assert sessions.read(value) == session
    clock.now += IDLE + 1
    assert sessions.read(value) is None
    clock.now -= 2
    renewed = sessions.renew(session)
    assert renewed is not None
    while clock.now < session.began + LIFETIME - 60:
        clock.now += RENEW_AFTER * 10
        again = sessions.renew(renewed)
        assert again is not None
        renewed = again
    assert sessions.read(sessions.write(renewed)) == renewed
    clock.now = session.began + LIFETIME + 1
    assert sessions.read(sessions.write(renewed)) is None


def test_a_session_is_not_renewed_with_every_request() -> None:
    clock = Clock()
    sessions = Sessions(b"s" * 32, clock)
    assert sessions.renew(sessions.begin("joe", "password")) is None


def test_a_session_that_was_ended_or_changed_counts_no_longer() -> None:
    sessions = Sessions(b"s" * 32)
    session = sessions.begin("joe", "password")
    value = sessions.write(session)
    version, body, signature = value.split(".")
    fields = json.loads(base64.urlsafe_b64decode(body))
    forged = base64.urlsafe_b64encode(json.dumps({**fields, "name": "ann"}).encode()).decode()
    for wrong in (
        f"{version}.{forged}.{signature}",
        f"{version}.{body}.",
        "",
        "a.b.c",
        "1.é.x",
        None,
    ):
        assert sessions.read(wrong) is None
    assert Sessions(b"t" * 32).read(value) is None
    sessions.end(session)
    assert sessions.read(value) is None


# ------------------------------------------------------------------------------- wrong passwords


def test_wrong_passwords_are_limited_by_name_and_address() -> None:
    clock = Clock()
    limit = LoginLimit(clock)
    left = [limit.begin_try("joe", "10.0.0.1")[1] for _ in range(TRIES)]
    assert left == [*range(TRIES - 1, -1, -1)]
    held, _ = limit.begin_try("joe", "10.0.0.1")
    assert held == HOLD
    assert limit.begin_try("joe", "10.0.0.2")[0] == 0, "another address locks nobody out"
    assert limit.begin_try("ann", "10.0.0.1")[0] == 0
    clock.now += HOLD + 1
    assert limit.begin_try("joe", "10.0.0.1")[0] == 0


def test_many_names_from_one_address_and_many_addresses_for_one_name_are_limited() -> None:
    limit = LoginLimit(Clock())
    for number in range(TRIES_OF_ADDRESS):
        assert limit.begin_try(f"name-{number}", "10.0.0.1")[0] == 0
    assert limit.begin_try("fresh", "10.0.0.1")[0] > 0
    for number in range(TRIES_OF_NAME):
        assert limit.begin_try("joe", f"10.1.0.{number}")[0] == 0
    assert limit.begin_try("joe", "10.2.0.1")[0] > 0


def test_signing_in_forgets_the_tries_before() -> None:
    limit = LoginLimit(Clock())
    for _ in range(20):
        assert limit.begin_try("joe", "10.0.0.1")[0] == 0
        limit.succeed("joe", "10.0.0.1")


# ------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("localhost:5555", True),
        ("127.0.0.1:80", True),
        ("[::1]:80", True),
        ("[::1]", True),
        ("app.localhost", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("10.0.0.1:80", False),
        ("", False),
    ],
)
def test_names_of_this_host_are_known(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


def test_networks_hold_addresses() -> None:
    networks = read_networks(["10.0.0.0/8", "::1"], "x")
    assert "10.2.3.4" in networks
    assert "::1" in networks
    assert "11.0.0.1" not in networks
    assert "not an address" not in networks
