"""Poolers between here and the server: whether one gives each transaction another session.

The engine needs sessions: notifications come to one, and an advisory lock of one shows that its
process lives.
"""

from __future__ import annotations

from contextlib import closing
from typing import Final

from taskhub.engine.postgres.connection import Call, Connection, Reply
from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.statements import Statement
from taskhub.exceptions import ImproperlyConfigured, StoreRefused

# Not prepared: these have to be read through every pooler.
_BACKEND: Final = Call(Statement("", b"SELECT pg_backend_pid()"))
_BEGIN: Final = Call(Statement("", b"BEGIN"))


def refuse_transaction_mode(connection: Connection, connector: Connector) -> None:
    """Refuse a pooler that keeps no sessions.

    Without a pooler this is one short query. With one a second connection holds a transaction: if
    sessions are kept, the backend that the first had just now is still its own.

    Args:
        connection: One to look at.
        connector: Opens others to the same place.

    Raises:
        ImproperlyConfigured: There is one.
        OperationalError: The server is out of reach.
    """
    (reply,) = connection.request([_BACKEND])
    backend = _backend(reply)
    if backend == connection.said_backend:
        return
    with closing(Connection(connector)) as other:
        other.request([_BEGIN])
        (holding,) = other.request([_BACKEND])
        (now,) = connection.request([_BACKEND])
    if _backend(holding) == backend or _backend(now) != backend:
        raise ImproperlyConfigured(
            f"{connector.url.masked()} is a pooler in transaction mode, which keeps neither locks "
            "nor notifications of a session: set pool_mode = session for this database there, or "
            "name the server itself"
        )


def _backend(reply: Reply) -> int:
    if isinstance(reply, StoreRefused):
        raise reply
    return int(reply[0][0][0])
