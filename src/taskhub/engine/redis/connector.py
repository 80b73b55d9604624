"""Opening connections to the store: one attempt, checked, with errors that say what to do."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from taskhub.config.urls import StoreURL
from taskhub.engine.redis.errors import Problem, explain
from taskhub.engine.redis.sentinels import Sentinels
from taskhub.exceptions import ImproperlyConfigured, OperationalError

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

__all__ = ("Connector", "socket_of")

#: The oldest server whose scripts and commands suffice; every Valkey reports a later one.
OLDEST_VERSION: Final = (6, 2)

_TLS_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


def socket_of(connection: AbstractConnection) -> socket.socket | None:
    """Return the socket of a connection; None: it is closed.

    redis-py has no public way to it; every release from 5.0 on keeps it under this name.
    """
    found: socket.socket | None = vars(connection)["_sock"]
    return found


class Connector:
    """Opens connections to one store. Holds none itself; may be used by several threads.

    Args:
        url: Where the store is.
        client_name: Shown by the server's ``CLIENT LIST``; no spaces.
        socket_timeout: Seconds to wait for a reply; None: forever, for commands that block. A
            number is overridden by ``socket_timeout`` in the URL or the transport options.
        connect_timeout: Seconds to wait for a connection; ``socket_connect_timeout`` likewise.
        protocol: RESP version, 2 or 3.
        transport_options: Celery's ``broker_transport_options``. Honoured are ``socket_timeout``,
            ``socket_connect_timeout``, ``socket_keepalive_options``, ``client_name``, ``ssl``
            (true, or what ``broker_use_ssl`` holds), and for sentinels ``master_name``,
            ``sentinel_kwargs`` and ``min_other_sentinels``.
    """

    def __init__(
        self,
        url: StoreURL,
        *,
        client_name: str,
        socket_timeout: float | None,
        connect_timeout: float = 5.0,
        protocol: int = 2,
        transport_options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.url = url
        self._options = {**url.options, **transport_options}
        self._client_name = self._options.get("client_name") or client_name
        self._connect_timeout = float(
            self._options.get("socket_connect_timeout") or connect_timeout
        )
        if socket_timeout is not None:
            socket_timeout = float(self._options.get("socket_timeout") or socket_timeout)
        self._socket_timeout = socket_timeout
        self._protocol = protocol
        self._version_known = False
        self._sentinels: Sentinels | None = None

    def connect(self) -> AbstractConnection:
        """Open a connection to a server that takes writes, with user, database and name set.

        For ``sentinel`` the sentinels are asked anew each time. The connection is for one thread,
        and for the process that opened it. One attempt: trying again is the caller's.

        Raises:
            OperationalError: There is none to be had; one line says why and what to do.
            ImproperlyConfigured: A TLS file or the name of the sentinels' master is missing.
        """
        if self.url.scheme == "memory":
            raise ImproperlyConfigured(
                "memory:// is kept in this process: there is nothing to connect"
            )
        if self.url.scheme != "sentinel":
            return self._open(self.url.addresses[0] if self.url.addresses else None)
        if self._sentinels is None:
            self._sentinels = Sentinels(
                self.url, self._options, self._connect_timeout, self._tls_arguments()
            )
        troubles: list[str] = []
        refusal: OperationalError | None = None
        for address in self._sentinels.masters(troubles):
            try:
                return self._open(address)
            except OperationalError as error:
                refusal = refusal or error
        raise refusal or OperationalError(self._sentinels.complaint(troubles))

    def _open(self, address: tuple[str, int] | None) -> AbstractConnection:
        import redis.exceptions as errors

        connection = self._connection(address)
        try:
            connection.connect()
        except (errors.RedisError, OSError, Problem) as error:
            connection.disconnect()
            raise OperationalError(
                explain(error, self.url, address=address, timeout=self._connect_timeout)
            ) from error
        except BaseException:
            connection.disconnect()
            raise
        return connection

    def _connection(self, address: tuple[str, int] | None) -> AbstractConnection:
        """Return the connection object, not yet connected."""
        from redis.backoff import NoBackoff
        from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
        from redis.retry import Retry

        common: dict[str, Any] = {
            "username": self.url.username,
            "password": self.url.password,
            "db": self.url.db,
            "protocol": self._protocol,
            "decode_responses": False,
            "health_check_interval": 0,
            "retry": Retry(NoBackoff(), 0),
            "redis_connect_func": self._shake_hands,
            "socket_timeout": self._connect_timeout,
            "socket_connect_timeout": self._connect_timeout,
        }
        if address is None:
            return UnixDomainSocketConnection(  # type: ignore[abstract]  # it has a path, no host
                path=self.url.path or "", **common
            )
        host, port = address
        keepalive: Any = self._options.get("socket_keepalive_options") or {}
        common |= {
            "host": host,
            "port": port,
            "socket_keepalive": True,
            "socket_keepalive_options": {
                **_keepalive_options(),
                **keepalive,
            },
        }
        tls = self._tls_arguments()
        return Connection(**common) if tls is None else SSLConnection(**common, **tls)

    def _shake_hands(self, connection: AbstractConnection) -> None:
        """Log in, and go over from the time that a connect may take to that of a command."""
        # Redis-py's parser notes the time when it begins; the socket keeps its own until we are in.
        connection.socket_timeout = self._socket_timeout
        connection.on_connect()
        self._register_worker(connection)
        opened = socket_of(connection)
        assert opened is not None  # it was just spoken on
        opened.settimeout(self._socket_timeout)

    def _register_worker(self, connection: AbstractConnection) -> None:
        """Send our name, and check that the server is a master and not too old."""
        import redis.exceptions as errors

        commands = [("CLIENT", "SETNAME", self._client_name), ("INFO", "replication")]
        if not self._version_known:
            commands.append(("INFO", "server"))
        connection.send_packed_command(connection.pack_commands(commands))
        replies: list[Any] = []
        for _ in commands:
            try:
                replies.append(connection.read_response())
            except errors.AuthenticationError:
                raise
            except errors.ResponseError:
                # A restricted user, or a proxy that doesn't know the command: it can't be checked.
                replies.append(b"")
        role = _field(replies[1], "role")
        if role not in (None, "master"):
            raise Problem(
                f"is a {'replica' if role == 'slave' else role}, not a master",
                "give the master's address, or sentinel:// to have it found",
            )
        if not self._version_known:
            _check_version(replies[2])
            self._version_known = True

    def _tls_arguments(self) -> dict[str, Any] | None:
        """Return redis-py's arguments for TLS; None: the connection is plain."""
        declared = self._options.get("ssl")
        wanted = declared not in (None, False, "", "false", "False", "0")
        given = dict(declared) if isinstance(declared, Mapping) else {}
        given |= {name: value for name, value in self._options.items() if name.startswith("ssl_")}
        if self.url.scheme != "rediss" and not wanted and not given:
            return None
        # ssl.CERT_REQUIRED is an enumeration, which Celery's settings may hold and redis-py takes.
        verification = given.get("ssl_cert_reqs")
        if isinstance(verification, str):
            given["ssl_cert_reqs"] = verification.lower().removeprefix("cert_")
        if isinstance(given.get("ssl_check_hostname"), str):
            given["ssl_check_hostname"] = given["ssl_check_hostname"].lower() not in (
                "false",
                "0",
                "no",
            )
        for name in _TLS_FILES:
            path = given.get(name)
            if path and not os.access(path, os.R_OK):
                raise ImproperlyConfigured(
                    f"{self.url.masked()}: {name}={path} can't be read: "
                    "give the path of a PEM file that this user may read"
                )
        # redis-py checks the host's name by default from 6.0 on; without a certificate there is
        # none to check.
        unchecked = given.get("ssl_cert_reqs") in ("none", "NONE", ssl.CERT_NONE)
        given.setdefault("ssl_check_hostname", not unchecked)
        return given


def _check_version(reply: Any) -> None:
    version = _field(reply, "redis_version") or ""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST_VERSION:
        raise Problem(
            f"is Redis {version}, which is too old",
            "taskhub needs Redis 6.2 or later, or Valkey 7.2 or later",
        )


def _field(reply: Any, name: str) -> str | None:
    """Return a field of an ``INFO`` reply."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    found = re.search(rf"(?m)^{name}:([^\r\n]*)", text)
    return found[1] if found else None


def _keepalive_options() -> dict[int, int]:
    """Return socket options by which a peer that vanished is noticed within half a minute."""
    options = {}
    for name, value in (
        ("TCP_KEEPIDLE", 15),
        ("TCP_KEEPINTVL", 5),
        ("TCP_KEEPCNT", 3),
        # Keep-alive is silent while sent data waits for its acknowledgement.
        ("TCP_USER_TIMEOUT", 30_000),
    ):
        with contextlib.suppress(AttributeError):
            options[getattr(socket, name)] = value
    return options
