"""What a relay reads: the committed rows of an outbox, in the order in which they were written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from taskhub.transactions.table import TableName

__all__ = ("DJANGO", "OutboxSource", "SourceError", "StoredRow", "open_source")

#: The scheme of `outbox_url` that names a database of Django's: `django://` or `django://alias`.
DJANGO: Final = "django"


class SourceError(Exception):
    """The database of an outbox is out of reach, or refuses something; it is asked again later."""


class StoredRow(NamedTuple):
    """A committed row."""

    sequence: int
    row_id: str
    payload: str


class Backlog(NamedTuple):
    """What stands in an outbox."""

    #: Rows that wait for a relay.
    waiting: int
    #: How long the oldest of them has waited, seconds; None: none waits.
    oldest: float | None
    #: Rows that the store has refused, or that cannot be read.
    refused: int


class OutboxSource(ABC):
    """The outbox table of a database, for the rows of one namespace.

    Every verb raises `SourceError` when the database is out of reach, and `ImproperlyConfigured`
    when it has no such table.

    Args:
        table: The table.
        namespace: Whose rows.
    """

    def __init__(self, table: TableName, namespace: str) -> None:
        self.table = table
        self.namespace = namespace

    #: The database for people, its password masked.
    address: str

    @property
    def marker(self) -> str:
        """The `row_id` of the row that holds the id of the outbox; it has no messages."""
        return f"outbox:{self.namespace}"[:100]

    @abstractmethod
    def outbox_id(self) -> str:
        """Return the id by which the store knows this outbox; made at the first call ever.

        It stands in the table, so that everybody who reads this table finds the same, by whatever
        address.
        """

    @abstractmethod
    def read(self, limit: int) -> list[StoredRow]:
        """Return the first committed rows."""

    @abstractmethod
    def delete(self, row_ids: Sequence[str]) -> None:
        """Delete rows; those that are gone already are left out."""

    @abstractmethod
    def refuse(self, row_id: str, error: str) -> None:
        """Note why a row cannot be relayed; it is not read again before `error` is NULL."""

    @abstractmethod
    def backlog(self) -> Backlog:
        """Return what stands in the outbox."""

    @abstractmethod
    def create_table(self) -> bool:
        """Create the table; False: it is there."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""


def open_source(
    url: str, table: TableName, namespace: str, options: dict[str, Any] | None = None
) -> OutboxSource:
    """Return the source of a URL; it connects when it is used.

    Args:
        url: A URL of SQLAlchemy's, or `django://` with the alias of a database.
        table: The outbox table.
        namespace: Whose rows.
        options: Of SQLAlchemy's engine.

    Raises:
        ImproperlyConfigured: The library or the driver is missing, or the URL cannot be used.
    """
    if url.startswith(f"{DJANGO}:"):
        alias = urlsplit(url).netloc or "default"
        django = import_module("taskhub.transactions.django_source")
        found: OutboxSource = django.DjangoSource(alias, table, namespace)
        return found
    sql = import_module("taskhub.transactions.sqlalchemy_source")
    opened: OutboxSource = sql.SQLAlchemySource(url, table, namespace, options or {})
    return opened
