"""Addresses of stores, as Celery's users write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn
from urllib.parse import parse_qsl, quote, unquote

from taskhub.config.url_options import Scheme, find_option_problem, with_verification
from taskhub.exceptions import ImproperlyConfigured

__all__ = ("MASK", "Scheme", "StoreURL", "mask_url", "parse_store_url", "same_server")

#: What stands for a secret, as in Celery's own output.
MASK: Final = "**"

#: What stands for user and password in the URLs of remedies: these are shown as they are.
PLACEHOLDERS: Final = frozenset({"<password>", "<user>"})

SUPPORTED: Final = "redis://, rediss://, unix://, sentinel://, postgresql:// or memory://"

_SCHEMES: Final[Mapping[str, Scheme]] = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
    "unix": "unix",
    "socket": "unix",
    "redis+socket": "unix",
    "sentinel": "sentinel",
    "memory": "memory",
    "cache+memory": "memory",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
_DEFAULT_PORT: Final[Mapping[Scheme, int]] = {
    "redis": 6379,
    "rediss": 6379,
    "sentinel": 26379,
    "postgresql": 5432,
}

# Up to the last "@" before the next URL: a password that was not quoted may contain anything.
# The length of a scheme is bounded, so that a long word takes no time that grows with its square.
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}://)(?P<secret>(?:(?!://)\S)*)@")
_ADDRESS = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<host>[^:\[\]]*))(?::(?P<port>.*))?")
_SECRET_IN_QUERY = re.compile(
    r"(?i)(?P<name>[?&;]\w*(?:password|passwd|pwd|secret|token)=)[^&;\s'\"]+"
)


@dataclass(frozen=True)
class StoreURL:
    """Where a store is, and who we are there. Shown with its secrets masked.

    Args:
        scheme: How it is reached.
        addresses: Host and port; for ``sentinel`` those of all sentinels, for ``postgresql`` those
            of all servers to try. Empty for ``unix`` and ``memory``.
        path: The socket, for ``unix``.
        username: The ACL user; None: the server's default user.
        password: Its password, decoded.
        db: The number of the database.
        service_name: For ``sentinel``: the name under which the sentinels know the master; None: it
            comes from the transport options (``master_name``, as in Celery).
        options: What else was written after the ``?``, by name.
        database: For ``postgresql``: the name of the database; None: that of the user.
    """

    scheme: Scheme
    addresses: tuple[tuple[str, int], ...] = ()
    path: str | None = None
    username: str | None = None
    password: str | None = None
    db: int = 0
    service_name: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    database: str | None = None

    def masked(self) -> str:
        """Return the URL for people: without secrets and without options."""
        credentials = ""
        if self.username or self.password:
            password = f":{MASK}" if self.password else ""
            credentials = f"{quote(self.username or '', safe='')}{password}@"
        if self.scheme == "memory":
            return "memory://"
        if self.scheme == "unix":
            return f"unix://{credentials}{quote(self.path or '')}?db={self.db}"
        if self.scheme == "postgresql":
            hosts = ",".join(
                f"{quote(host, safe='') if host.startswith('/') else _bracketed(host)}:{port}"
                for host, port in self.addresses
            )
            return f"postgresql://{credentials}{hosts}/{quote(self.database or '', safe='')}"
        places = [
            f"{self.scheme}://{credentials if index == 0 else ''}{_bracketed(host)}:{port}"
            for index, (host, port) in enumerate(self.addresses)
        ]
        service = f"?service_name={quote(self.service_name)}" if self.service_name else ""
        return f"{';'.join(places)}/{self.db}{service}"

    def with_db(self, db: int) -> StoreURL:
        """Return the same place with another database."""
        return replace(self, db=db)

    def __str__(self) -> str:
        return self.masked()

    def __repr__(self) -> str:
        return f"StoreURL({self.masked()!r})"


def parse_store_url(url: str, *, setting: str = "broker_url") -> StoreURL:
    """Read the address of a store.

    Forms, as in Celery and kombu: ``redis://user:password@host:6379/0``,
    ``rediss://host?ssl_cert_reqs=required&ssl_ca_certs=ca.pem``, ``unix:///path/store.sock?db=1``,
    ``redis+socket:///path/store.sock?virtual_host=1``,
    ``sentinel://:password@one:26379;sentinel://two:26379/0`` (any number, the service's name in
    ``?service_name=`` or ``?master_name=``), ``postgresql://user:password@host:5432/database``
    (also several hosts, with commas between them, and libpq's options) and ``memory://``.

    Args:
        url: The text; what is special in a user name or password is percent-encoded.
        setting: The name of the setting it comes from, for the error.

    Raises:
        ImproperlyConfigured: The text is none of these forms; one line says what is wrong and what
            to write.
    """
    return _Reader(url, setting).read()


def mask_url(text: str) -> str:
    """Return a text with the credentials of all URLs in it masked."""
    return _SECRET_IN_QUERY.sub(rf"\g<name>{MASK}", _CREDENTIALS.sub(_without_secret, text))


def same_server(a: StoreURL, b: StoreURL) -> bool:
    """Return whether one connection serves both: same server, same user, whatever the databases."""
    return (
        a.scheme == b.scheme
        and _folded(a) == _folded(b)
        and a.path == b.path
        and (a.username, a.password) == (b.username, b.password)
        and a.service_name == b.service_name
    )


class _Reader:
    """Reads one URL; knows what to call it when something is wrong."""

    def __init__(self, url: object, setting: str) -> None:
        self._setting = setting
        self._shown = type(url).__name__
        if not isinstance(url, str):
            self._refuse("is not a text", f"write one URL: {SUPPORTED}")
        self._url = url.strip()
        self._shown = mask_url(self._url)

    def read(self) -> StoreURL:
        name, separator, location = self._url.partition("://")
        if not separator:
            # Credentials are recognized by the scheme before them, which is what is missing.
            self._shown = self._shown.rpartition("@")[2]
            self._refuse("has no scheme", "write for example redis://localhost:6379/0")
        scheme = _SCHEMES.get(name.lower())
        if scheme is None:
            self._refuse(
                f"asks for the transport {name!r}, which taskhub does not have", f"use {SUPPORTED}"
            )
        if scheme == "memory":
            return StoreURL("memory")
        if scheme == "unix":
            return self._socket(location)
        if scheme == "postgresql":
            return self._database(location)
        return self._servers(scheme, location)

    def _database(self, location: str) -> StoreURL:
        before_query, _, query = location.partition("?")
        place, _, path = before_query.partition("/")
        credentials, _, hosts = place.rpartition("@")
        options = self._options("postgresql", query)
        named = options.pop("user", None), options.pop("password", None)
        if "/" in path.strip("/"):
            self._refuse("has a path of several parts", "end it with the name of the database")
        # A directory of sockets is no host: libpq takes it as an option, or percent-encoded.
        written = options.pop("host", "") or hosts
        addresses = tuple(
            (unquote(host), _DEFAULT_PORT["postgresql"])
            if unquote(host).startswith("/")
            else self._address("postgresql", host)
            for host in written.split(",")
        )
        username, _, password = credentials.partition(":")
        return StoreURL(
            "postgresql",
            addresses=addresses,
            username=unquote(username) or named[0],
            password=unquote(password) or named[1],
            options=options,
            database=unquote(path.strip("/")) or None,
        )

    def _socket(self, location: str) -> StoreURL:
        place, _, query = location.partition("?")
        credentials, path = "", place
        if not place.startswith("/"):
            credentials, _, path = place.rpartition("@")
        if not path.startswith("/") or len(path) == 1:
            self._refuse(
                "names no socket",
                "write its absolute path after three slashes: unix:///run/store.sock",
            )
        options = self._options("unix", query)
        username, password = self._who(credentials, options)
        return StoreURL(
            "unix",
            path=unquote(path),
            username=username,
            password=password,
            db=self._db([], options),
            options=options,
        )

    def _servers(self, scheme: Scheme, location: str) -> StoreURL:
        chunks = [chunk for chunk in location.split(";") if chunk]
        if len(chunks) > 1 and scheme != "sentinel":
            self._refuse(
                "names several servers",
                "name one, or use sentinel:// (a ';' in a password is written %3B)",
            )
        addresses: list[tuple[str, int]] = []
        dbs: list[str] = []
        options: dict[str, str] = {}
        users: set[tuple[str | None, str | None]] = set()
        for chunk in chunks or [""]:
            head, separator, tail = chunk.partition("://")
            if separator and _SCHEMES.get(head.lower()) != scheme:
                self._refuse(f"mixes {scheme}:// and {head}://", f"write {scheme}:// throughout")
            before_query, _, query = (tail if separator else chunk).partition("?")
            place, _, path = before_query.partition("/")
            credentials, _, address = place.rpartition("@")
            found = self._options(scheme, query)
            user = self._who(credentials, found)
            if user != (None, None):
                users.add(user)
            addresses.append(self._address(scheme, address))
            dbs.append(path.strip("/"))
            options.update(found)
        if len(users) > 1:
            self._refuse("has different credentials", "they are the master's: write them once")
        username, password = next(iter(users), (None, None))
        service_names = (options.pop("service_name", None), options.pop("master_name", None))
        return StoreURL(
            scheme,
            addresses=tuple(addresses),
            username=username,
            password=password,
            db=self._db(dbs, options),
            service_name=next(filter(None, service_names), None),
            options=options,
        )

    def _address(self, scheme: Scheme, text: str) -> tuple[str, int]:
        match = _ADDRESS.fullmatch(text)
        host = unquote((match["six"] or match["host"]) if match else "")
        if match is None or re.search(r"[\s,#?/\\@\"']", host):
            self._refuse(
                "has no readable host",
                "write host:port, and percent-encode what is special in the password "
                "(@ is %40, / is %2F, : is %3A, # is %23)",
            )
        port = match["port"]
        if not port:
            return host or "localhost", _DEFAULT_PORT[scheme]
        if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
            self._refuse(
                "has a port that is not a number from 1 to 65535",
                "write host:port; a '/' in the password is written %2F",
            )
        return host or "localhost", int(port)

    def _who(self, credentials: str, options: dict[str, str]) -> tuple[str | None, str | None]:
        username, _, password = credentials.partition(":")
        named = options.pop("username", None), options.pop("password", None)
        return unquote(username) or named[0], unquote(password) or named[1]

    def _db(self, written: list[str], options: dict[str, str]) -> int:
        named = options.pop("db", ""), options.pop("virtual_host", "").strip("/")
        different = {text for text in (*written, *named) if text}
        if any(not re.fullmatch(r"[0-9]+", text) for text in different):
            self._refuse("has a database that is not a number", "end it with /0, or another number")
        numbers = {int(text) for text in different}
        if len(numbers) > 1:
            self._refuse("names several databases", "write the number once")
        return next(iter(numbers), 0)

    def _options(self, scheme: Scheme, query: str) -> dict[str, str]:
        options = dict(parse_qsl(query, keep_blank_values=True))
        problem = find_option_problem(scheme, options)
        if problem is not None:
            self._refuse(*problem)
        return with_verification(options)

    def _refuse(self, what: str, remedy: str) -> NoReturn:
        raise ImproperlyConfigured(f"{self._setting}: {self._shown} {what}: {remedy}")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _folded(url: StoreURL) -> frozenset[tuple[str, int]]:
    return frozenset((host.lower(), port) for host, port in url.addresses)


def _without_secret(match: re.Match[str]) -> str:
    username, colon, password = match["secret"].partition(":")
    if (password or username) in PLACEHOLDERS:
        return match[0]
    # A lone name may be a password whose colon was forgotten.
    shown = f"{username}:{MASK}" if colon else MASK
    return f"{match['scheme']}{shown}@"
