"""Transactions of callers: objects of database libraries, recognized without importing these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Final

from taskhub.transactions.destination import Destination
from taskhub.transactions.row import OutboxRow

__all__ = ("ACCEPTED", "CallerTransaction", "find_transaction", "recognize")

#: What stands for a transaction.
ACCEPTED: Final = (
    "a Session, AsyncSession, Connection or AsyncConnection of SQLAlchemy's, a Connection or "
    "AsyncConnection of psycopg's, or django.db.transaction, django.db.connection or one of "
    "django.db.connections"
)

#: Package -> the module that knows its objects.
_LIBRARIES: Final = {
    "sqlalchemy": "taskhub.transactions.sqlalchemy_caller",
    "psycopg": "taskhub.transactions.psycopg_caller",
    "django": "taskhub.transactions.django_caller",
}
#: Drivers whose connections and cursors are taken through one of these only.
_DRIVERS: Final = frozenset(
    ("psycopg2", "asyncpg", "sqlite3", "aiosqlite", "MySQLdb", "pymysql", "oracledb")
)


class CallerTransaction(ABC):
    """The open transaction of a caller.

    Args:
        destination: Where its calls may be written.
    """

    #: Whether writing must be awaited; what is written at once is written when the call is made.
    is_awaited: bool = False

    def __init__(self, destination: Destination) -> None:
        self.destination = destination

    @abstractmethod
    def write(self, row: OutboxRow) -> None:
        """Write a row.

        Raises:
            TransactionError: There is no transaction that can be committed.
            ImproperlyConfigured: The database has no outbox table.
        """

    def check(self) -> None:  # noqa: B027 - what cannot be known without waiting is found then
        """Raise what `write` would raise, as far as that can be known without waiting."""

    async def awrite(self, rows: Sequence[OutboxRow]) -> None:
        """Write rows without blocking the event loop."""
        for row in rows:
            self.write(row)

    async def acheck(self) -> None:
        """Raise what `awrite` would raise."""
        self.check()


def find_transaction(
    value: Any, destination: Destination, what: str = "connection="
) -> CallerTransaction | None:
    """Return the transaction that an object of a database library stands for; None: it is none.

    Args:
        value: Anything.
        destination: Where its calls may be written.
        what: What it was given for.

    Raises:
        TypeError: It is another object of such a library, as an engine or a cursor.
    """
    foreign = False
    for package in _packages(value):
        module = _LIBRARIES.get(package)
        if module is not None:
            found: CallerTransaction | None = import_module(module).recognize(value, destination)
            if found is not None:
                return found
        foreign = foreign or module is not None or package in _DRIVERS
    if foreign:
        raise _unfit(what, value)
    return None


def recognize(what: str, value: Any, destination: Destination) -> CallerTransaction:
    """Return the transaction that an object stands for.

    Raises:
        TypeError: It stands for none.
    """
    found = find_transaction(value, destination, what)
    if found is None:
        raise _unfit(what, value)
    return found


def _unfit(what: str, value: Any) -> TypeError:
    kind = type(value)
    return TypeError(
        f"{what} takes {ACCEPTED}, not an object of type {kind.__module__}.{kind.__qualname__}"
    )


def _packages(value: Any) -> Iterator[str]:
    """Yield the packages that an object, or one of its classes, comes from."""
    name = getattr(value, "__name__", None)
    if isinstance(name, str):
        yield name.partition(".")[0]
    for kind in type(value).__mro__:
        yield kind.__module__.partition(".")[0]
