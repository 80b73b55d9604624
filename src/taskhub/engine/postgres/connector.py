"""Opening connections to a PostgreSQL server: one attempt, with errors that say what to do."""

from __future__ import annotations

import contextlib
import math
import re
import select
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from taskhub.config.urls import StoreURL
from taskhub.engine.postgres.errors import explain_connect, explain_missing_database
from taskhub.exceptions import ImproperlyConfigured, OperationalError

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

#: The oldest server whose statements suffice.
OLDEST_VERSION: Final = 140000
#: Options of URLs that libpq does not know.
_OWN: Final = frozenset({"create_schema", "prepare", "socket_connect_timeout", "socket_timeout"})


class Connector:
    """Opens connections to one database. Holds none itself; may be used by several threads.

    Args:
        url: Where the database is.
        client_name: Shown by `pg_stat_activity`.
        socket_timeout: Seconds to wait for a reply; overridden by `socket_timeout` in the URL or
            the transport options.
        connect_timeout: Seconds to wait for a connection; `socket_connect_timeout` likewise.
        transport_options: Celery's `broker_transport_options`; options of the URL may stand there,
            too.
    """

    def __init__(
        self,
        url: StoreURL,
        *,
        client_name: str = "taskhub",
        socket_timeout: float = 5.0,
        connect_timeout: float = 5.0,
        transport_options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.url = url
        options = {**url.options, **transport_options}
        self.socket_timeout = float(options.get("socket_timeout") or socket_timeout)
        self._connect_timeout = float(options.get("socket_connect_timeout") or connect_timeout)
        #: Whether statements are prepared once for each connection.
        self.prepares = _is_on(options.get("prepare", True))
        #: Whether the schema is created, and upgraded, by the first that finds it missing or old.
        self.creates_schema = _is_on(options.get("create_schema", False))
        self._parameters = {
            "application_name": options.get("client_name") or client_name,
            "client_encoding": "UTF8",
            # A server that is gone is noticed also while nothing is sent.
            "keepalives_idle": "30",
            "keepalives_interval": "5",
            "keepalives_count": "3",
            **{name: value for name, value in url.options.items() if name not in _OWN},
        }
        # libpq takes lists of hosts and ports.
        self._parameters["host"] = ",".join(host for host, _ in url.addresses)
        self._parameters["port"] = ",".join(str(port) for _, port in url.addresses)
        named = {"user": url.username, "password": url.password, "dbname": url.database}
        self._parameters |= {name: value for name, value in named.items() if value}

    def connect(self) -> PGconn:
        """Open a connection, which does not block and has nothing under way.

        Raises:
            OperationalError: There is none; one line says why, and what to do.
            ImproperlyConfigured: The driver is missing, or the server is too old.
        """
        try:
            from psycopg import pq
        except ImportError as error:
            raise ImproperlyConfigured(
                f"{self.url.masked()} needs psycopg (install 'taskhub-core[postgresql]'): {error}"
            ) from None
        text = " ".join(f"{name}={_quoted(value)}" for name, value in self._parameters.items())
        opened = pq.PGconn.connect_start(text.encode())
        try:
            self._finish(opened, pq)
        except BaseException:
            with contextlib.suppress(Exception):
                opened.finish()
            raise
        return opened

    def _finish(self, opened: PGconn, pq: Any) -> None:
        deadline = time.monotonic() + self._connect_timeout
        status, polling = opened.status, pq.PollingStatus.WRITING
        while status != pq.ConnStatus.BAD and polling != pq.PollingStatus.OK:
            if polling == pq.PollingStatus.FAILED:
                break
            poller = select.poll()
            events = select.POLLIN if polling == pq.PollingStatus.READING else select.POLLOUT
            poller.register(opened.socket, events)
            left = deadline - time.monotonic()
            if left <= 0 or not poller.poll(math.ceil(left * 1000)):
                raise OperationalError(
                    f"{self.url.masked()} did not answer within {self._connect_timeout:g} s: check "
                    "the address, the network and the firewall"
                )
            polling, status = opened.connect_poll(), opened.status
        if polling != pq.PollingStatus.OK:
            said = opened.get_error_message() or "the server closed the connection"
            if re.search(r'database ".*" does not exist', said):
                raise OperationalError(explain_missing_database(self.url))
            raise OperationalError(explain_connect(said, self.url))
        if opened.server_version < OLDEST_VERSION:
            raise ImproperlyConfigured(
                f"{self.url.masked()} is PostgreSQL {opened.server_version // 10000}, and taskhub "
                "needs 14 or later: upgrade the server"
            )
        opened.nonblocking = 1
        opened.notice_handler = None


def _quoted(value: object) -> str:
    """Return a value of a connection string."""
    return "'" + re.sub(r"(['\\])", r"\\\1", str(value)) + "'"


def _is_on(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes", "on")
