"""Opening the database: drivers, connections, and what each kind of server needs."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from taskhub.actors.quant.exceptions import QuantConfigurationError
from taskhub.actors.quant.extra import require
from taskhub.actors.quant.settings import QuantSettings

__all__ = ("WRITES", "open_database")

#: The execution option of connections that will write.
WRITES = "taskhub_writes"

#: Seconds to wait for another program's write to a SQLite file, and for a server.
_PATIENCE = 30


def open_database(settings: QuantSettings) -> Engine:
    """Return SQLAlchemy's engine; it connects when it is used.

    Raises:
        QuantConfigurationError: The URL can't be read, or its driver is not installed.
    """
    try:
        url = make_url(settings.database)
    except (ArgumentError, ValueError) as error:
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_DATABASE_URL can't be read ({error}): percent-encode what is special "
            "in the password"
        ) from None
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(url)
    if backend == "postgresql":
        require("psycopg")
        return sqlalchemy.create_engine(
            url, pool_pre_ping=True, connect_args={"connect_timeout": _PATIENCE}
        )
    require("pymysql")
    if "charset" not in url.query:
        url = url.update_query_dict({"charset": "utf8mb4"})
    # Locks of gaps, which the default level takes, make two writers of one table wait for each
    # other.
    return sqlalchemy.create_engine(
        url,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": _PATIENCE},
    )


def _open_sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise QuantConfigurationError(
            f"{path.parent} can't be made ({error.strerror}): correct TASKHUB_QUANT_DATABASE_URL "
            "or TASKHUB_HOME"
        ) from error
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": _PATIENCE})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver's own transactions begin late and leave out statements that make tables: we begin
    # them.
    connection.isolation_level = None
    cursor = connection.cursor()
    _use_write_ahead_log(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _use_write_ahead_log(cursor: Any) -> None:
    """Readers are not blocked while one writes; a crash of the program loses nothing then."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # While another connection makes the file, this one is refused at once, whatever its
            # timeout is.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: sqlalchemy.Connection) -> None:
    # Who reads first and then writes would find, too late, that another has written meanwhile.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
