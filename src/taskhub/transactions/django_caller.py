"""Django's transactions as those of callers."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from django.core.exceptions import ImproperlyConfigured as DjangoImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionDoesNotExist
from django.utils import timezone

from taskhub.exceptions import ImproperlyConfigured, TransactionError
from taskhub.transactions.caller import CallerTransaction
from taskhub.transactions.destination import Destination, Question, answer, find_table
from taskhub.transactions.row import COLUMNS, OutboxRow
from taskhub.transactions.table import TableName, missing_table

__all__ = ("connection_of", "recognize", "stored_time")

#: Connection -> where calls are written, by the database that it has been connected to.
_known: WeakKeyDictionary[Any, dict[tuple[Destination, str], TableName]] = WeakKeyDictionary()


def recognize(value: Any, destination: Destination) -> CallerTransaction | None:
    """Return the transaction that an object of Django's stands for; None: it is none."""
    if value is transaction:
        return _InAtomicBlock(connection_of(DEFAULT_DB_ALIAS), destination)
    if isinstance(value, BaseDatabaseWrapper):
        return _InAtomicBlock(value, destination)
    alias = getattr(value, "_alias", None)
    if isinstance(alias, str):
        # `django.db.connection` stands for the default one of the thread.
        return _InAtomicBlock(connection_of(alias), destination)
    return None


def connection_of(alias: str) -> Any:
    """Return this thread's connection to one of Django's databases.

    Raises:
        ImproperlyConfigured: There is no such database.
    """
    try:
        return connections[alias]
    except (ConnectionDoesNotExist, DjangoImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"the outbox in Django's database {alias!r}: {error}") from None


def stored_time(connection: Any, value: Any) -> Any:
    """Return a time as the database's adapter takes it for a column of Django's."""
    if timezone.is_aware(value) and not connection.features.supports_timezones:
        value = timezone.make_naive(value, connection.timezone or timezone.get_default_timezone())
    return connection.ops.adapt_datetimefield_value(value)


class _InAtomicBlock(CallerTransaction):
    """A connection inside of `transaction.atomic()`."""

    def __init__(self, connection: Any, destination: Destination) -> None:
        super().__init__(destination)
        self._connection = connection

    def check(self) -> None:
        self._table()

    def _table(self) -> TableName:
        """Return where calls are written."""
        connection = self._connection
        if not connection.in_atomic_block:
            raise TransactionError(
                f"Django's database {connection.alias!r} is not in a transaction: the call would "
                "be sent whatever becomes of the data; use `with transaction.atomic():`, or call "
                ".delay()"
            )
        if connection.needs_rollback:
            raise TransactionError("the transaction has failed: roll it back before the call")
        known = _known.setdefault(connection, {})
        subject = (self.destination, str(connection.settings_dict["NAME"]))
        if subject not in known:
            known[subject] = self._find_table()
        return known[subject]

    def _find_table(self) -> TableName:
        connection, outbox = self._connection, self.destination.outbox
        with connection.cursor() as cursor:

            def query(question: Question) -> Any:
                cursor.execute(*question)
                return cursor.fetchone()[0]

            if connection.vendor == "postgresql":
                found = answer(find_table(self.destination), query)
                if found is not None:
                    return found
            tables = {one.name for one in connection.introspection.get_table_list(cursor)}
        if outbox.schema is None and outbox.name not in tables:
            where = f"{connection.vendor} database {connection.settings_dict['NAME']}"
            raise missing_table(outbox, where)
        return outbox

    def write(self, row: OutboxRow) -> None:
        table = self._table()
        connection = self._connection
        values = row.values()
        values["created_at"] = stored_time(connection, values["created_at"])
        quote = connection.ops.quote_name
        parts = [part for part in table if part is not None]
        name = ".".join(quote(part) for part in parts)
        columns = ", ".join(quote(column) for column in COLUMNS)
        places = ", ".join(["%s"] * len(COLUMNS))
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {name} ({columns}) VALUES ({places})", [*values.values()])
