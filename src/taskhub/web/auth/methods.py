"""Ways of knowing who asks: what `dashboard(auth=...)` takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

from taskhub.exceptions import ImproperlyConfigured
from taskhub.web.auth.addresses import Networks, read_networks
from taskhub.web.auth.roles import check_role
from taskhub.web.auth.user import User
from taskhub.web.auth.users_file import Account, UsersFile, read_accounts

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ("Auth", "OpenID", "Passwords", "TrustedProxy", "UserCallable", "read_auth")

#: Called with Starlette's request; returns who asks, or None if nobody does.
UserCallable = Callable[["Request"], "User | Awaitable[User | None] | None"]


@dataclass(frozen=True)
class Passwords:
    """Users with passwords, and API clients with tokens.

    Args:
        users: The file that `taskhub web password` and `taskhub web token` write; or its lines.
    """

    users: str | PathLike[str] | Sequence[str]

    def open(self) -> UsersFile:
        """Return the users.

        Raises:
            ImproperlyConfigured: The file cannot be read, or is not as it should be.
        """
        if isinstance(self.users, str | PathLike):
            return UsersFile(Path(self.users))
        accounts: Mapping[str, Account] = read_accounts(self.users, "auth")
        if not accounts:
            raise ImproperlyConfigured(
                "auth: it names no user: add a line of `taskhub web password`"
            )
        return UsersFile(accounts)


@dataclass(frozen=True)
class TrustedProxy:
    """A proxy in front that signs users in and names them in a header.

    Args:
        addresses: Of the proxy: nobody else's header is believed. It must overwrite the header
            of its clients.
        header: Names the user.
        roles_header: Names roles or groups, separated by commas; "": all have `role`.
        role: Role of those for whom no other is named.
        groups: Roles of groups: `{"sre": "admin"}`; without it the header names roles.
    """

    addresses: Sequence[str] | str
    header: str = "X-Forwarded-User"
    roles_header: str = ""
    role: str = "viewer"
    groups: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ImproperlyConfigured(
                "auth: a trusted proxy needs its addresses: anybody could send its header otherwise"
            )
        check_role(self.role, "auth: role")
        for group, role in self.groups.items():
            check_role(role, f"auth: group {group}")

    def networks(self) -> Networks:
        """Return the proxy's addresses.

        Raises:
            ImproperlyConfigured: One is none.
        """
        return read_networks(self.addresses, "auth: addresses")


@dataclass(frozen=True)
class OpenID:
    """Signing in by OpenID Connect.

    Args:
        issuer: URL of the provider; `/.well-known/openid-configuration` below it says the rest.
        client_id: As the provider knows the dashboard; its redirect URI is
            `<dashboard>/auth/openid/callback`.
        client_secret: "": none, the provider takes a public client.
        roles_claim: The claim that holds groups or roles.
        groups: Roles of groups: `{"sre": "admin", "dev": "viewer"}`; without it the claim names
            roles.
        role: Role of those for whom no other is named; None: they may not sign in.
        name_claim: The claim that names the user.
        scope: What is asked for.
        label: Text for the button.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    roles_claim: str = "groups"
    groups: Mapping[str, str] = field(default_factory=dict)
    role: str | None = None
    name_claim: str = "preferred_username"
    scope: str = "openid profile email"
    label: str = "OpenID Connect"

    def __post_init__(self) -> None:
        if not self.issuer.startswith(("https://", "http://")):
            raise ImproperlyConfigured(
                f"auth: the issuer {self.issuer!r} must be a URL with https://"
            )
        if not self.client_id:
            raise ImproperlyConfigured("auth: OpenID needs a client_id")
        if self.role is not None:
            check_role(self.role, "auth: role")
        for group, role in self.groups.items():
            check_role(role, f"auth: group {group}")

    def roles_of(self, claims: Mapping[str, object]) -> tuple[str, ...]:
        """Return the roles that a user's claims give."""
        return _roles_of_groups(_as_list(claims.get(self.roles_claim)), self.groups, self.role)


@dataclass(frozen=True)
class Auth:
    """Authentication methods that are on; with none the dashboard answers on loopback only."""

    users: UsersFile | None = None
    proxy: TrustedProxy | None = None
    openid: OpenID | None = None
    user_of: UserCallable | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has to sign in."""
        return self == NO_AUTH


NO_AUTH: Final = Auth()


def read_auth(given: object) -> Auth:
    """Return what `auth=` says: None, one way of signing in, or several.

    Raises:
        ImproperlyConfigured: It is something else, or names one way twice.
    """
    if given is None:
        return NO_AUTH
    ways = given if isinstance(given, list | tuple) else [given]
    found: dict[str, object] = {}
    for way in ways:
        name, value = _read_way(way)
        if name in found:
            raise ImproperlyConfigured(f"auth names {type(way).__name__} twice: once is enough")
        found[name] = value
    return Auth(**found)  # type: ignore[arg-type]


def roles_of_proxy(proxy: TrustedProxy, text: str) -> tuple[str, ...]:
    """Return the roles that a proxy's header names."""
    return _roles_of_groups(_as_list(text), proxy.groups, proxy.role)


def _read_way(way: object) -> tuple[str, object]:
    if isinstance(way, Passwords):
        return "users", way.open()
    if isinstance(way, UsersFile):
        return "users", way
    if isinstance(way, TrustedProxy):
        way.networks()
        return "proxy", way
    if isinstance(way, OpenID):
        return "openid", way
    if callable(way):
        return "user_of", way
    raise ImproperlyConfigured(
        f"auth cannot be {way!r}: it must be Passwords, TrustedProxy, OpenID, a function of the "
        "request, or a list of some of them"
    )


def _roles_of_groups(
    named: Sequence[str], groups: Mapping[str, str], default: str | None
) -> tuple[str, ...]:
    roles = [groups[each] for each in named if each in groups] if groups else list(named)
    known = tuple(role for role in roles if role in ("viewer", "operator", "admin"))
    return known or ((default,) if default else ())


def _as_list(value: object) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.replace(",", " ").split() if part.strip()]
    return [str(each) for each in value] if isinstance(value, list | tuple) else []
