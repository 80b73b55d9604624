"""Finding out who asks: token, password, session, proxy, or what a function of the host says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import inspect
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from taskhub.humanize import counted
from taskhub.web.auth.addresses import Networks, is_loopback, is_loopback_host
from taskhub.web.auth.login_limit import LoginLimit
from taskhub.web.auth.methods import Auth, roles_of_proxy
from taskhub.web.auth.sessions import Session, Sessions
from taskhub.web.auth.user import NOBODY, User
from taskhub.web.auth.users_file import Account, UsersFile
from taskhub.web.problem import Problem

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = ("Authenticator", "Identity")

#: A password that was right is not hashed again for so long, seconds.
REMEMBERED: Final = 60.0
MOST_REMEMBERED: Final = 1000
#: Headers by which a request says that it came through a proxy.
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Identity(NamedTuple):
    """Who asks."""

    #: None: nobody is signed in.
    user: User | None
    #: None: not by a session of ours.
    session: Session | None = None
    #: Whether the request itself holds the credentials, which no other site can make a browser
    #: send.
    explicit: bool = False


@dataclass(frozen=True)
class Authenticator:
    """Finds the user of a request.

    Args:
        auth: The ways that are on.
        sessions: Those of signed-in users.
        trusted: Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    """

    auth: Auth
    sessions: Sessions
    trusted: Networks
    limit: LoginLimit
    right: RightPasswords

    async def identify(self, connection: HTTPConnection, cookie: str) -> Identity:
        """Return who asks.

        Args:
            connection: The request.
            cookie: Name of the session's cookie.

        Raises:
            Problem: A token or a password is wrong, or the dashboard is open and the request is
                not from this host.
        """
        if self.auth.is_open:
            self._check_loopback(connection)
            return Identity(NOBODY)
        scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
        if self.auth.users is not None and scheme.lower() == "bearer":
            return self._by_token(self.auth.users, credentials.strip())
        if self.auth.users is not None and scheme.lower() == "basic":
            return await self._by_basic(self.auth.users, connection, credentials.strip())
        session = self.sessions.read(connection.cookies.get(cookie))
        user = None if session is None else self._user_of_session(session)
        if user is not None:
            return Identity(user, session)
        user = self._by_proxy(connection)
        if user is None and self.auth.user_of is not None:
            user = await self._by_callable(connection)
        return Identity(user)

    def sign_in(self, name: str, password: str, address: str) -> Account:
        """Return the account of a name and password; slow by design, so call it in a thread.

        Raises:
            Problem: They are wrong, or there were too many tries.
        """
        users = self.auth.users
        if users is None or not users.has_passwords:
            raise Problem("conflict", "nobody signs in with a password here")
        held, left = self.limit.begin_try(name, address)
        if held:
            raise Problem(
                "too_many_tries",
                f"too many wrong tries: wait {counted(max(1, round(held / 60)), 'minute')}",
                retry_after=round(held, 1),
            )
        account = users.check_password(name, password)
        if account is None:
            raise Problem("wrong_password", "user name or password is wrong", tries_left=left)
        self.limit.succeed(name, address)
        return account

    def _user_of_session(self, session: Session) -> User | None:
        """Return whose session it is; None: the account is gone, or has another password."""
        if session.source == "openid":
            return User(session.name, session.roles, "openid") if self.auth.openid else None
        users = self.auth.users
        account = None if users is None else users.find(session.name)
        if account is None or not hmac.compare_digest(account.fingerprint, session.fingerprint):
            return None
        return User(account.name, account.roles, "password")

    def _by_token(self, users: UsersFile, token: str) -> Identity:
        user = users.check_token(token)
        if user is None:
            raise Problem(
                "not_signed_in", "the token is not known here: make one with `taskhub web token`"
            )
        return Identity(user, explicit=True)

    async def _by_basic(
        self, users: UsersFile, connection: HTTPConnection, credentials: str
    ) -> Identity:
        from anyio import to_thread

        try:
            text = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Problem("not_signed_in", "the credentials are not Basic ones") from None
        name, _, password = text.partition(":")
        account = users.find(name)
        if account is None or not self.right.has(account, password):
            address = self.trusted.client_of(connection)
            account = await to_thread.run_sync(self.sign_in, name, password, address)
            self.right.add(account, password)
        return Identity(User(account.name, account.roles, "password"), explicit=True)

    def _by_proxy(self, connection: HTTPConnection) -> User | None:
        proxy = self.auth.proxy
        peer = connection.client.host if connection.client else ""
        if proxy is None or peer not in proxy.networks():
            return None
        names = connection.headers.getlist(proxy.header)
        if len(names) != 1 or not names[0].strip():
            # Two of them: one came from the client, and it is not known which.
            return None
        roles = connection.headers.get(proxy.roles_header, "") if proxy.roles_header else ""
        return User(names[0].strip(), roles_of_proxy(proxy, roles), "proxy")

    async def _by_callable(self, connection: HTTPConnection) -> User | None:
        assert self.auth.user_of is not None
        found = self.auth.user_of(connection)  # type: ignore[arg-type]
        if inspect.isawaitable(found):
            found = await found
        return None if found is None else replace(found, source="callable")

    def _check_loopback(self, connection: HTTPConnection) -> None:
        peer = connection.client.host if connection.client else ""
        host = connection.headers.get("host", "")
        forwarded = [name for name in _FORWARDED if name in connection.headers]
        if not is_loopback(peer) or forwarded:
            raise Problem(
                "bad_host",
                "the dashboard has no authentication, so it answers this host only: give it auth= "
                "or --users",
            )
        if not is_loopback_host(host):
            raise Problem(
                "bad_host",
                "the dashboard has no authentication, so it answers as localhost only, not as "
                f"{host[:100]!r}",
            )


class RightPasswords:
    """Cache of recently verified passwords: a script's requests need not wait for hashes."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def has(self, account: Account, password: str) -> bool:
        """Whether this password of an account was right."""
        with self._lock:
            return self._until.get(self._digest(account, password), 0.0) > time.monotonic()

    def add(self, account: Account, password: str) -> None:
        """Remember a password that was right."""
        with self._lock:
            self._until[self._digest(account, password)] = time.monotonic() + REMEMBERED
            while len(self._until) > MOST_REMEMBERED:
                self._until.popitem(last=False)

    def _digest(self, account: Account, password: str) -> str:
        text = f"{account.name}\n{account.hash}\n{password}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()
