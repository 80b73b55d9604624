"""Sentinels: who the master is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from taskhub.config.urls import StoreURL
from taskhub.engine.redis.errors import explain
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

__all__ = ("Sentinels",)

#: Seconds given to one sentinel: a dead one must not hold up the others.
ANSWER_TIMEOUT: Final = 1.0


class Sentinels:
    """Asks sentinels, the one that answered last first.

    Args:
        url: Their addresses, and the name of the service.
        options: The URL's and the transport options together: ``master_name`` (when the URL has no
            service name), ``min_other_sentinels`` (how many others a sentinel must know to be
            believed; default 0) and, for the sentinels' own users, ``sentinel_username``,
            ``sentinel_password``, ``sentinel_ssl`` or Celery's ``sentinel_kwargs`` with
            ``username``, ``password``, ``ssl``.
        connect_timeout: Seconds; the upper bound for one sentinel.
        tls: redis-py's arguments for TLS, used when the sentinels are to be spoken to by TLS. As in
            Celery that is said for them apart.
    """

    def __init__(
        self,
        url: StoreURL,
        options: Mapping[str, Any],
        connect_timeout: float,
        tls: Mapping[str, Any] | None,
    ) -> None:
        service = url.service_name or options.get("master_name") or options.get("service_name")
        if not service:
            raise ImproperlyConfigured(
                f"{url.masked()}: the name of the master is missing: add ?service_name=mymaster to "
                "the URL, or master_name to broker_transport_options "
                "(result_backend_transport_options for results)"
            )
        self._url = url
        self._service = str(service)
        self._timeout = min(connect_timeout, ANSWER_TIMEOUT)
        own: Mapping[str, Any] = options.get("sentinel_kwargs") or {}
        self._username = own.get("username") or options.get("sentinel_username")
        self._password = own.get("password") or options.get("sentinel_password")
        encrypted = str(own.get("ssl") or options.get("sentinel_ssl") or "false").lower()
        self._tls = None if encrypted in ("false", "0", "no") else dict(tls or {})
        self._least_others = int(options.get("min_other_sentinels") or 0)
        self._addresses = list(url.addresses)

    def masters(self, troubles: list[str]) -> Iterator[tuple[str, int]]:
        """Yield each address that a sentinel names as the master's, once.

        What keeps a sentinel from naming one is added to ``troubles``, in words.
        """
        import redis.exceptions as errors

        named = set()
        for sentinel in tuple(self._addresses):
            try:
                master = self._query(sentinel)
            except (errors.RedisError, OSError) as error:
                troubles.append(self._log(sentinel, error))
                continue
            if master is None:
                troubles.append(
                    f"sentinel {sentinel[0]}:{sentinel[1]} knows no master {self._service!r}"
                )
            elif master not in named:
                named.add(master)
                self._prefer(sentinel)
                yield master

    def complaint(self, troubles: Sequence[str]) -> str:
        """Return one line that says why no sentinel named a master."""
        return (
            f"{self._url.masked()} has no master to offer ({'; '.join(troubles)}): "
            "check the sentinels' addresses, password and the name of the service"
        )

    def _query(self, sentinel: tuple[str, int]) -> tuple[str, int] | None:
        connection = self._connection(sentinel)
        try:
            connection.connect()
            if self._least_others and self._others(connection) < self._least_others:
                return None
            connection.send_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
            reply = connection.read_response()
        finally:
            connection.disconnect()
        if not reply:
            return None
        host, port = reply
        return host.decode(), int(port)

    def _others(self, connection: AbstractConnection) -> int:
        """Return how many other sentinels this one knows to watch the master."""
        connection.send_command("SENTINEL", "SENTINELS", self._service)
        reply: list[Any] = connection.read_response()
        return len(reply)

    def _connection(self, sentinel: tuple[str, int]) -> AbstractConnection:
        from redis.backoff import NoBackoff
        from redis.connection import Connection, SSLConnection
        from redis.retry import Retry

        host, port = sentinel
        arguments: dict[str, Any] = {
            "host": host,
            "port": port,
            "username": self._username,
            "password": self._password,
            "protocol": 2,
            "retry": Retry(NoBackoff(), 0),
            "socket_timeout": self._timeout,
            "socket_connect_timeout": self._timeout,
        }
        if self._tls is None:
            return Connection(**arguments)
        return SSLConnection(**arguments, **self._tls)

    def _prefer(self, sentinel: tuple[str, int]) -> None:
        others = [address for address in self._addresses if address != sentinel]
        self._addresses = [sentinel, *others]

    def _log(self, sentinel: tuple[str, int], error: Exception) -> str:
        host, port = sentinel
        queried = StoreURL("redis", addresses=((host, port),), username=self._username)
        text = explain(error, queried, address=sentinel, timeout=self._timeout)
        return f"sentinel {text.removeprefix('redis://').replace('/0 ', ' ', 1)}"
