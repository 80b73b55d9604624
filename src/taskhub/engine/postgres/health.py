"""Whether a database answers, and what it says of itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from taskhub.config.urls import StoreURL
from taskhub.engine.port.server_look import ServerLook
from taskhub.engine.postgres.connection import Call, Connection
from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.statements import statement
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.health import Check

_ADVICE: Final = "start the server, or set TASKHUB_BROKER_URL to another"
#: What the statement `server_facts` returns, in its order.
_NAMES: Final = (
    "version",
    "autovacuum",
    "fsync",
    "synchronous_commit",
    "max_connections",
    "connections",
    "unfrozen_transactions",
    "database_bytes",
)


def look_at_database(
    url: StoreURL, options: Mapping[str, Any], *, client_name: str, timeout: float
) -> ServerLook:
    """Connect anew, and ask the server about itself.

    Args:
        url: The database.
        options: The transport options of the connection.
        client_name: What the connection is called on the server.
        timeout: Seconds that each answer may take.
    """
    started = time.monotonic()
    try:
        connector = Connector(
            url, client_name=client_name, socket_timeout=timeout, transport_options=dict(options)
        )
        with closing(Connection(connector)) as connection:
            # It names no table of ours, so that a server without our schema answers, too.
            (reply,) = connection.request([Call(statement("server_facts", "taskhub"), ())])
    except (OperationalError, ImproperlyConfigured) as error:
        what, _, remedy = str(error).rpartition(": ")
        seconds = time.monotonic() - started
        return ServerLook(Check(False, seconds, what or remedy, remedy if what else _ADVICE), {})
    seconds = time.monotonic() - started
    if isinstance(reply, Exception):
        return ServerLook(Check(False, seconds, str(reply), "look into the server's log"), {})
    fields: dict[str, str] = dict(zip(_NAMES, reply[0][0], strict=True))
    detail = f"PostgreSQL {fields['version']} at {url.masked()}"
    return ServerLook(Check(True, seconds, detail), fields)
