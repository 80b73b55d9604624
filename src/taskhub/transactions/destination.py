"""Where the calls of a transaction are written: into an outbox, or into the store itself.

When the store is the caller's own database, a row in its table of calls stores the messages: they
are part of the transaction, and neither outbox nor relay is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

from taskhub.config.urls import StoreURL
from taskhub.transactions.table import TableName

__all__ = ("Destination", "Question", "StoreTable", "answer", "find_table")

T = TypeVar("T")

#: Asked before anything fails: an error would end the caller's transaction. A user without rights
#: to the schema writes into the outbox.
_HAS_STORE: Final = """
SELECT count(*) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = %s AND p.proname = 'store_id' AND has_schema_privilege(n.oid, 'USAGE')
"""


class Question(NamedTuple):
    """A statement that returns one value."""

    statement: str
    parameters: tuple[Any, ...] = ()


class StoreTable:
    """The table of calls of a store on PostgreSQL.

    Args:
        table: Its name.
        url: The store.
        read_id: Returns the id of the store.
    """

    def __init__(self, table: TableName, url: StoreURL, read_id: Callable[[], str]) -> None:
        self.table = table
        self._url = url
        self._read_id = read_id

    @cached_property
    def store_id(self) -> str:
        """The id of the store.

        Raises:
            OperationalError: It is out of reach.
        """
        return self._read_id()

    def is_named_by(self, host: str | None, port: int | None, database: str | None) -> bool:
        """Return whether an address is that of the store, as far as can be known by the address."""
        address = (host or "localhost", port or 5432)
        return address in self._url.addresses and database == self._url.database


class Destination(NamedTuple):
    """Where calls may be written."""

    #: The outbox table in the caller's database.
    outbox: TableName
    #: The table of the store, if it has one.
    store: StoreTable | None = None


def find_table(destination: Destination) -> Generator[Question, Any, TableName | None]:
    """Find out, by questions to a caller's PostgreSQL, where its calls are written.

    Yields:
        Questions; the answers are sent in.

    Returns:
        The table of the store, if this database is the store; None: it is another one.
    """
    store = destination.store
    if store is None:
        return None
    if not (yield Question(_HAS_STORE, (store.table.schema,))):
        return None
    schema = TableName(None, str(store.table.schema)).quoted()
    found = yield Question(f"SELECT {schema}.store_id()")
    return store.table if found == store.store_id else None


def answer(questions: Generator[Question, Any, T], query: Callable[[Question], Any]) -> T:
    """Answer questions about a database, and return what they were asked for.

    Args:
        questions: They are sent the answers.
        query: Returns the value of a statement.
    """
    value = None
    while True:
        try:
            question = questions.send(value)
        except StopIteration as end:
            found: T = end.value
            return found
        value = query(question)
