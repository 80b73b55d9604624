"""Databases of their own for tests: a SQLite file always, PostgreSQL and MariaDB or MySQL where they are reachable."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
import pymysql

__all__ = ("available_databases", "fresh_database")

#: Where servers are looked for, if the environment does not say: on this machine, as their
#: installers leave them.
_POSTGRESQL: Final = os.environ.get(
    "TEST_POSTGRESQL", "host=127.0.0.1 user=postgres dbname=postgres connect_timeout=2"
)
_MYSQL: Final = {
    "host": os.environ.get("TEST_MYSQL_HOST", "127.0.0.1"),
    "port": int(os.environ.get("TEST_MYSQL_PORT", "3306")),
    "user": os.environ.get("TEST_MYSQL_USER", "root"),
    "password": os.environ.get("TEST_MYSQL_PASSWORD", ""),
}


@cache
def available_databases() -> tuple[str, ...]:
    """Return ``sqlite``, and ``postgresql`` and ``mysql`` if they answer."""
    found = ["sqlite"]
    for name, connect in (("postgresql", _postgresql), ("mysql", _mysql)):
        try:
            connect().close()
        except (psycopg.Error, pymysql.Error):
            continue
        found.append(name)
    return tuple(found)


@contextmanager
def fresh_database(kind: str, directory: Path) -> Generator[str]:
    """Yield the URL of an empty database of one of `available_databases()`; it is gone afterwards."""
    name = f"taskhub_test_{uuid.uuid4().hex[:12]}"
    if kind == "sqlite":
        yield f"sqlite:///{directory / name}.sqlite3"
    elif kind == "postgresql":
        with _postgresql() as server:
            about = server.info
            server.execute(f"CREATE DATABASE {name}")
            secret = f":{about.password}" if about.password else ""
            try:
                yield f"postgresql://{about.user}{secret}@{about.host}:{about.port}/{name}"
            finally:
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    else:
        server = _mysql()
        with server, server.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            user = ":".join(filter(None, (_MYSQL["user"], _MYSQL["password"])))  # type: ignore[arg-type]
            try:
                yield f"mysql://{user}@{_MYSQL['host']}:{_MYSQL['port']}/{name}"
            finally:
                cursor.execute(f"DROP DATABASE {name}")


def _postgresql() -> psycopg.Connection[Any]:
    return psycopg.connect(_POSTGRESQL, autocommit=True)


def _mysql() -> Any:
    return pymysql.connect(**_MYSQL, autocommit=True, connect_timeout=2)
