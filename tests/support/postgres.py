"""A database of PostgreSQL for the tests of this process, gone when they are.

The server is one that runs already: that of `TASKHUB_TEST_POSTGRES`, or the local one.
"""

from __future__ import annotations

import contextlib
import functools
import os
from typing import Final, Self

import psycopg
import pytest

from taskhub.config.urls import StoreURL, parse_store_url

#: Names the server: the URL of a database in which its user may create others.
VARIABLE: Final = "TASKHUB_TEST_POSTGRES"
LOCAL: Final = "postgresql://postgres@127.0.0.1:5432/postgres"
HOW_TO_START: Final = (
    "no PostgreSQL server: start one (docker run -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust "
    f"postgres:16), or name one in {VARIABLE}, as in {LOCAL}"
)


@functools.cache
def server_url() -> str | None:
    """Return the URL of a server that answers; None: there is none."""
    url = os.environ.get(VARIABLE) or LOCAL
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=3).close()
        return url
    if os.environ.get(VARIABLE):
        pytest.fail(f"{VARIABLE} names a server that does not answer")
    return None


class Database:
    """A database of its own.

    Args:
        name: What it is called, and the number of this process.
        is_durable: Whether commits wait for the disk: slower, and of use only to tests that end the
            server.
    """

    def __init__(self, name: str = "taskhub_test", *, is_durable: bool = False) -> None:
        server = server_url()
        if server is None:
            pytest.skip(HOW_TO_START)
        self.name = f"{name}_{os.getpid()}"
        self._admin = psycopg.connect(server, autocommit=True)
        self._admin.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self._admin.execute(f'CREATE DATABASE "{self.name}"')
        if not is_durable:
            self._admin.execute(f'ALTER DATABASE "{self.name}" SET synchronous_commit TO off')
        info = self._admin.info
        credentials = info.user + (f":{info.password}" if info.password else "")
        #: Its URL; the first engine creates the schema.
        self.text = (
            f"postgresql://{credentials}@{info.host}:{info.port}/{self.name}?create_schema=true"
        )
        self._connection: psycopg.Connection | None = None

    @property
    def url(self) -> StoreURL:
        """Where it is."""
        return parse_store_url(self.text)

    def connection(self) -> psycopg.Connection:
        """Return a connection to it, in autocommit mode."""
        if self._connection is None or self._connection.closed:
            plain = self.text.partition("?")[0]
            self._connection = psycopg.connect(plain, autocommit=True)
        return self._connection

    def flush(self) -> None:
        """Delete what is stored in all tables, and begin all sequences anew.

        That is faster than to truncate them.
        """
        self.connection().execute(_FLUSH)

    def drop(self) -> None:
        """Delete it, also while others are connected."""
        if self._connection is not None:
            self._connection.close()
        self._admin.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self._admin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.drop()


_FLUSH: Final = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT n.nspname, c.relname, c.relkind
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^(pg_|information_schema)'
            AND c.relname NOT IN ('migrations', 'functions', 'identity')
    LOOP
        IF found.relkind = 'S' THEN
            PERFORM setval(format('%I.%I', found.nspname, found.relname), 1, false);
        ELSE
            EXECUTE format('DELETE FROM %I.%I', found.nspname, found.relname);
        END IF;
    END LOOP;
END
$$
"""
