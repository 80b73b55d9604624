"""Writes that the guard lets pass: by the site that a browser names, its origin, or a token."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import PlainTextResponse

from taskhub.web import Passwords, User
from taskhub.web.auth.addresses import is_same_origin, read_networks
from taskhub.web.auth.authenticator import Authenticator, RightPasswords
from taskhub.web.auth.login_limit import LoginLimit
from taskhub.web.auth.methods import read_auth
from taskhub.web.auth.sessions import Sessions
from taskhub.web.auth.users_file import token_hash
from taskhub.web.http.guard import Guard

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

TOKEN = "taskhub_token_of_the_tests"
PROXY = "10.0.0.1"
OWN = "http://dash.test:5555"
SITES = ("same-origin", "same-site", "cross-site", "none", None)
#: With those that differ in the scheme, the port or the name only.
OTHERS = (
    "null", "https://dash.test:5555", "http://dash.test", "http://dash.test:5556", "http://evil.test:5555",
    "http://dash.test:5555.evil.test", "http://dash.test:5555/", f"{OWN}, {OWN}",
)  # fmt: skip
ORIGINS = (OWN, *OTHERS, None)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("written")(scope, receive, send)


def ann(request: Request) -> User:
    return User("ann", ("admin",))


def write(headers: list[tuple[str, str]], *, peer: str = "192.0.2.7") -> httpx.Response:
    """Return the answer to a write at `OWN` that comes from an address."""
    users = Passwords([f"script admin {token_hash(TOKEN)}"])
    authenticator = Authenticator(
        read_auth([users, ann]),
        Sessions(b"secret"),
        read_networks((PROXY,), "trusted_proxies"),
        LoginLimit(),
        RightPasswords(),
    )
    guard = Guard(answer, authenticator, allow_http=True)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(guard, client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
            return await client.post("/", headers=headers)

    return asyncio.run(send())


def is_allowed(site: str | None, origin: str | None, by_token: bool) -> bool:
    headers = [("Sec-Fetch-Site", site)] if site else []
    headers += [("Origin", origin)] if origin else []
    headers += [("Authorization", f"Bearer {TOKEN}")] if by_token else []
    response = write(headers)
    if response.status_code == 200:
        return True
    assert (response.status_code, response.json()["code"]) == (403, "cross_site")
    return False


def test_of_all_combinations_those_of_own_pages_and_of_scripts_are_allowed() -> None:
    allowed = {each for each in product(SITES, ORIGINS, (True, False)) if is_allowed(*each)}
    assert allowed == {
        *product(["same-origin"], ORIGINS, (True, False)),
        (None, OWN, True),
        (None, OWN, False),
        (None, None, True),
    }


def test_two_origins_are_none() -> None:
    assert write([("Origin", OWN), ("Origin", OWN)]).status_code == 403


@pytest.mark.parametrize(
    ("peer", "scheme", "status"),
    [(PROXY, "https", 200), (PROXY, "http", 403), ("192.0.2.7", "https", 403)],
)
def test_the_scheme_is_believed_of_a_trusted_proxy_only(
    peer: str, scheme: str, status: int
) -> None:
    headers = [("Origin", "https://dash.test:5555"), ("X-Forwarded-Proto", scheme)]
    assert write(headers, peer=peer).status_code == status


@pytest.mark.parametrize("peer", [PROXY, "192.0.2.7"])
def test_no_other_header_names_the_host(peer: str) -> None:
    headers = [
        ("Origin", "http://evil.test"),
        ("X-Forwarded-Host", "evil.test"),
        ("Forwarded", "host=evil.test"),
    ]
    response = write(headers, peer=peer)
    assert response.status_code == 403
    assert "at 'http://dash.test:5555', not from 'http://evil.test'" in response.json()["detail"]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("http://dash", "http://dash:80", True),
        ("https://dash", "https://dash:443", True),
        ("https://dash", "https://dash:80", False),
        ("http://DASH:5555", "http://dash:5555", True),
        ("http://[::1]:5555", "http://[::1]:5555", True),
        ("http://[::1]:5555", "http://[::2]:5555", False),
        ("http://", "http://", False),
        ("null", "null", False),
        ("", "", False),
        ("http://ann@dash", "http://ann@dash", False),
        ("ftp://dash", "ftp://dash", False),
    ],
)
def test_origins_are_compared_by_scheme_host_and_port(
    left: str, right: str, expected: bool
) -> None:
    assert is_same_origin(left, right) is expected
