"""An outbox in one of Django's databases."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.db.utils import Error, IntegrityError, OperationalError, ProgrammingError
from django.utils import timezone

from taskhub.exceptions import ImproperlyConfigured
from taskhub.transactions.django_caller import connection_of
from taskhub.transactions.source import Backlog, OutboxSource, SourceError, StoredRow
from taskhub.transactions.table import TableName, missing_table

__all__ = ("DjangoSource",)


class DjangoSource(OutboxSource):
    """The outbox table of one of Django's databases, by the model of `taskhub.contrib.django`.

    Args:
        alias: The database.
        table: The table.
        namespace: Whose rows.
    """

    def __init__(self, alias: str, table: TableName, namespace: str) -> None:
        super().__init__(table, namespace)
        self._alias = alias
        self.address = f"Django's database {alias!r}"

    @property
    def _rows(self) -> Any:
        from django.apps import apps

        try:
            model = apps.get_model("taskhub", "OutboxRow")
        except LookupError:
            raise ImproperlyConfigured(
                f"the outbox in {self.address} needs the model of taskhub.contrib.django: add that "
                "to INSTALLED_APPS"
            ) from None
        if model._meta.db_table != str(self.table):
            raise ImproperlyConfigured(
                f"the outbox in {self.address} is the table {model._meta.db_table}, not "
                f"{self.table}: leave the setting outbox_table out"
            )
        return model._default_manager.using(self._alias)

    @property
    def _waiting(self) -> Any:
        return self._rows.filter(namespace=self.namespace, messages__gt=0, error__isnull=True)

    def outbox_id(self) -> str:
        with self._translated():
            found = self._rows.filter(row_id=self.marker).first()
            if found is not None:
                return str(found.payload)
            # Another relay may make it at the same time.
            with suppress(IntegrityError):
                self._rows.create(
                    row_id=self.marker,
                    namespace=self.namespace,
                    task_id="",
                    task="",
                    messages=0,
                    payload=uuid.uuid4().hex,
                    created_at=timezone.now(),
                )
            return str(self._rows.get(row_id=self.marker).payload)

    def read(self, limit: int) -> list[StoredRow]:
        with self._translated():
            rows = self._waiting.order_by("sequence")
            return [
                StoredRow(*row) for row in rows.values_list("sequence", "row_id", "payload")[:limit]
            ]

    def delete(self, row_ids: Sequence[str]) -> None:
        with self._translated():
            self._rows.filter(row_id__in=row_ids).delete()

    def refuse(self, row_id: str, error: str) -> None:
        with self._translated():
            self._rows.filter(row_id=row_id).update(error=error)

    def backlog(self) -> Backlog:
        with self._translated():
            oldest = self._waiting.order_by("created_at").first()
            age = None
            if oldest is not None:
                age = max(0.0, (timezone.now() - oldest.created_at).total_seconds())
            refused = self._rows.filter(namespace=self.namespace, messages__gt=0)
            return Backlog(self._waiting.count(), age, refused.filter(error__isnull=False).count())

    def create_table(self) -> bool:
        raise ImproperlyConfigured(
            f"the table {self.table} of {self.address} is created by `manage.py migrate`"
        )

    def close(self) -> None:
        connection_of(self._alias).close()

    @contextmanager
    def _translated(self) -> Generator[None]:
        connection = connection_of(self._alias)
        # One that the server has closed meanwhile is replaced; others stay open, whatever
        # CONN_MAX_AGE says: it is for requests.
        if connection.connection is not None and not connection.is_usable():
            connection.close()
        try:
            yield
        except Error as error:
            if isinstance(error, ProgrammingError | OperationalError):
                self._refuse_missing_table(error)
            if not connection.is_usable():
                connection.close()
            line = str(error).strip().partition("\n")[0]
            raise SourceError(f"{self.address}: {line}") from error

    def _refuse_missing_table(self, error: Exception) -> None:
        connection = connection_of(self._alias)
        try:
            tables = connection.introspection.table_names()
        except Error:
            # Out of reach.
            return
        if self.table.name not in tables:
            raise missing_table(self.table, self.address) from error
