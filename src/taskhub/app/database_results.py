"""A mirror of results in the tables of Celery's database backend (`db+postgresql://...`)."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from taskhub import signals, states
from taskhub.app.result_mirror import follow_outcomes
from taskhub.config.database_url import with_driver
from taskhub.config.result_backend import database_url
from taskhub.config.urls import mask_url
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: Rows whose time is over are deleted by each worker process at its start, and then this often;
#: seconds.
CLEAN_EVERY: Final = 3600.0
#: How often a row is tried to be written.
TRIES: Final = 3
#: By app; a worker that is started again in a process goes on with the one that is there.
_mirrors: WeakKeyDictionary[Celery, DatabaseResults] = WeakKeyDictionary()


def mirror_results(app: Celery) -> None:
    """Mirror results of an app in a database, if the setting `result_backend` names one.

    Args:
        app: The app; its worker is about to begin.

    Raises:
        ImproperlyConfigured: SQLAlchemy, the driver, or the URL is missing, or cannot be used.
    """
    url = database_url(app.conf)
    if url == "":
        raise ImproperlyConfigured(
            f"result_backend: {app.conf.result_backend!r} needs database_url: "
            "set it to a URL of SQLAlchemy's"
        )
    if url is None:
        return
    mirror = _mirrors.get(app)
    if mirror is None:
        mirror = _mirrors[app] = DatabaseResults(app, url)
        follow_outcomes(app, mirror.write, "the database of results")
        signals.worker_process_shutdown.connect(mirror.close)
    mirror.clean()


class DatabaseResults:
    """Writes rows as Celery's database backend does.

    Args:
        app: Whose results.
        url: SQLAlchemy's URL.

    Raises:
        ImproperlyConfigured: SQLAlchemy, the driver, or the URL is missing, or cannot be used.
    """

    def __init__(self, app: Celery, url: str) -> None:
        self._app = app
        self._url = url
        self._cleaned_at = 0.0
        self._sql = self._import()
        self._engine = self._connecting()

    def write(self, task: Any, request: Any, state: str, value: Any, traceback: str | None) -> None:
        """Write the state and result of a task, unless it had succeeded before."""
        row = self._row(request, state, value, traceback)
        for left in reversed(range(TRIES)):
            try:
                self._put(request.id, row)
                break
            except self._sql.exc.DBAPIError:
                # A deadlock, a lost connection, or another process that writes the same row.
                if not left:
                    raise
        if time.monotonic() - self._cleaned_at > CLEAN_EVERY:
            self.clean()

    def close(self, **_: Any) -> None:
        """Close the connections; they are opened again when they are needed."""
        self._engine.dispose()

    def clean(self) -> None:
        """Delete the rows that are older than results are kept; what goes wrong is logged."""
        self._cleaned_at = time.monotonic()
        try:
            table, expires = self._table, self._app.backend.expires
            if expires:
                oldest = _now() - timedelta(seconds=expires)
                with self._engine.begin() as connection:
                    connection.execute(table.delete().where(table.c.date_done < oldest))
        except self._sql.exc.SQLAlchemyError as error:
            logger.error("%s: results cannot be written there: %s", mask_url(self._url), error)

    def _put(self, task_id: str, row: dict[str, Any]) -> None:
        table, sql = self._table, self._sql
        with self._engine.begin() as connection:
            # Looked for first: in MySQL to change a row that is not there locks its neighbours.
            where = table.c.task_id == task_id
            found = connection.execute(sql.select(table.c.id).where(where)).first()
            if found is None:
                connection.execute(table.insert().values(task_id=task_id, **row))
            else:
                # As in Celery, nothing is written over a SUCCESS.
                change = table.update().where(table.c.id == found.id)
                connection.execute(change.where(table.c.status != states.SUCCESS).values(row))

    def _row(self, request: Any, state: str, value: Any, traceback: str | None) -> dict[str, Any]:
        backend = self._app.backend
        children = [child.as_tuple() for child in request.children]
        row = {
            "status": state,
            "result": self._encoded(backend.encode_result(value, state)),
            "traceback": traceback,
            "date_done": _now() if state in states.READY_STATES else None,
            "children": self._encoded(children) if children else None,
        }
        if self._app.conf.result_extended:
            delivery = request.delivery_info or {}
            row |= {
                "name": request.task,
                "args": self._encoded_or_shown(request.args, request.get("argsrepr")),
                "kwargs": self._encoded_or_shown(request.kwargs, request.get("kwargsrepr")),
                "worker": request.hostname,
                "retries": request.retries,
                "queue": delivery.get("routing_key"),
            }
        # A table that Celery has made may have fewer columns.
        return {name: found for name, found in row.items() if name in self._columns}

    def _encoded(self, value: Any) -> bytes:
        body = self._app.backend.encode(value)
        return body.encode() if isinstance(body, str) else body

    def _encoded_or_shown(self, value: Any, shown: Any) -> bytes:
        try:
            return self._encoded(value)
        except Exception:
            # What was sent by pickle may not fit into JSON.
            return self._encoded(shown or repr(value))

    def _import(self) -> Any:
        try:
            return import_module("sqlalchemy")
        except ImportError:
            raise ImproperlyConfigured(
                f"result_backend: {mask_url(self._url)} needs SQLAlchemy: install it, or leave "
                "result_backend out to have results beside the messages only"
            ) from None

    def _connecting(self) -> Any:
        options = self._app.conf.database_engine_options or {}
        try:
            engine = self._sql.create_engine(with_driver(self._url), **options)
        except (self._sql.exc.ArgumentError, ImportError) as error:
            raise ImproperlyConfigured(
                f"result_backend: db+{mask_url(self._url)} cannot be used: {error}"
            ) from error
        callback = self._app.conf.database_engine_callback
        if isinstance(callback, str):
            module, _, name = callback.replace(":", ".").rpartition(".")
            callback = getattr(import_module(module), name)
        if callback is not None:
            callback(engine)
        return engine

    @cached_property
    def _table(self) -> Any:
        """The table; made, unless the settings say that it is there."""
        sql, conf = self._sql, self._app.conf
        text, binary = sql.String(155), sql.LargeBinary
        table = sql.Table(
            (conf.database_table_names or {}).get("task") or "celery_taskmeta",
            sql.MetaData(schema=(conf.database_table_schemas or {}).get("task")),
            sql.Column("id", sql.Integer, sql.Sequence("task_id_sequence"), primary_key=True),
            sql.Column("task_id", text, unique=True),
            sql.Column("status", sql.String(50)),
            sql.Column("result", binary),
            sql.Column("date_done", sql.DateTime, index=True),
            sql.Column("traceback", sql.Text),
            sql.Column("children", binary),
            sql.Column("name", text),
            sql.Column("args", binary),
            sql.Column("kwargs", binary),
            sql.Column("worker", text),
            sql.Column("retries", sql.Integer),
            sql.Column("queue", text),
            sql.Column("stamps", binary),
            sqlite_autoincrement=True,
        )
        if conf.database_create_tables_at_setup:
            try:
                table.metadata.create_all(self._engine)
            except sql.exc.DatabaseError:
                # Another process may have made it at the same time.
                table.metadata.create_all(self._engine)
        return table

    @cached_property
    def _columns(self) -> frozenset[str]:
        """The columns that the table has in the database."""
        table = self._table
        found = self._sql.inspect(self._engine).get_columns(table.name, schema=table.schema)
        return frozenset(column["name"] for column in found)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
