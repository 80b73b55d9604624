"""The schema in a database: its version, and how it is created and upgraded.

Tables change by numbered migrations, each applied once. Functions are replaced whenever their text
has changed: workers of the version before go on calling them meanwhile, so a function whose
arguments or rows change gets a new name. All of it is one transaction, under an advisory lock.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.errors import refusal_of
from taskhub.engine.postgres.statements import (
    Migration,
    functions,
    in_schema,
    migrations,
    quoted_schema,
)
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.version import __version__

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

#: The first half of the keys of advisory locks; the second says what is locked.
LOCK_SPACE: Final = 1_952_999_275
_LOCK: Final = f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, hashtext('%s'))"
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS taskhub.migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS taskhub.functions (name text PRIMARY KEY, digest text NOT NULL);
"""


class SchemaState(NamedTuple):
    """What a database holds of the schema."""

    #: The version of its tables; 0: there are none.
    version: int
    #: Files of functions whose text there is another than ours.
    outdated: tuple[str, ...]


def newest_version() -> int:
    """Return the version of the schema that this version of taskhub works with."""
    return max(step.version for step in migrations())


def read_state(connector: Connector, schema: str) -> SchemaState:
    """Return what a database holds.

    Raises:
        OperationalError: It is out of reach.
    """
    opened = connector.connect()
    try:
        return _read_state(opened, connector, schema)
    finally:
        opened.finish()


def upgrade(connector: Connector, schema: str) -> list[str]:
    """Create the schema, or bring it to the version of this taskhub; return what was applied.

    Raises:
        StoreRefused: The server does not let this user do it, or a newer version wrote the schema.
        OperationalError: The server is out of reach.
    """
    opened = connector.connect()
    try:
        _run(opened, connector, "BEGIN")
        _run(opened, connector, _LOCK % schema.replace("'", "''"))
        before = _read_state(opened, connector, schema)
        refuse_newer(before, connector, schema)
        applied: list[str] = []
        if before.version == 0:
            # Only then: who may not create schemas can still upgrade one that is there.
            _run(opened, connector, f"CREATE SCHEMA IF NOT EXISTS {quoted_schema(schema)}")
            _run(opened, connector, in_schema(_TABLE, schema))
        for step in migrations():
            if step.version > before.version:
                _run(opened, connector, in_schema(step.text, schema))
                note = f"INSERT INTO taskhub.migrations VALUES ({step.version}, '{step.name}')"
                _run(opened, connector, in_schema(note, schema))
                applied.append(_title(step))
        texts = functions()
        for name in before.outdated:
            _run(opened, connector, in_schema(texts[name], schema))
            note = (
                f"INSERT INTO taskhub.functions VALUES ('{name}', '{_digest(texts[name])}') "
                "ON CONFLICT (name) DO UPDATE SET digest = EXCLUDED.digest"
            )
            _run(opened, connector, in_schema(note, schema))
            applied.append(f"function {name}")
        _run(opened, connector, "COMMIT")
        return applied
    finally:
        opened.finish()


def pending(connector: Connector, schema: str) -> list[str]:
    """Return what `upgrade` would apply.

    Raises:
        StoreRefused: A newer version of taskhub wrote the schema.
        OperationalError: The server is out of reach.
    """
    state = read_state(connector, schema)
    refuse_newer(state, connector, schema)
    steps = [_title(step) for step in migrations() if step.version > state.version]
    return [*steps, *(f"function {name}" for name in state.outdated)]


def _title(step: Migration) -> str:
    return f"{step.version:04} {step.name}"


def refuse_newer(state: SchemaState, connector: Connector, schema: str) -> None:
    """Refuse a schema that a newer version of taskhub has written.

    Raises:
        StoreRefused: It is one.
    """
    if state.version > newest_version():
        raise StoreRefused(
            f"{connector.url.masked()}: the schema {schema!r} has version {state.version}, and "
            f"taskhub {__version__} knows versions up to {newest_version()}: run the version that "
            "wrote it or a later one, or set another taskhub_namespace"
        )


def refuse_missing(state: SchemaState, connector: Connector, schema: str) -> None:
    """Refuse a schema that is not there, or that an older version of taskhub has written.

    Raises:
        StoreRefused: It is one.
    """
    where = connector.url.masked()
    if state.version == 0:
        raise StoreRefused(
            f"{where} has no schema {schema!r} of taskhub's: create it (`taskhub store upgrade`)",
            passing=True,
        )
    if state.version < newest_version():
        raise StoreRefused(
            f"{where}: the schema {schema!r} has version {state.version}, and taskhub "
            f"{__version__} needs {newest_version()}: upgrade it (`taskhub store upgrade`)",
            passing=True,
        )


def _read_state(opened: PGconn, connector: Connector, schema: str) -> SchemaState:
    texts = functions()
    name = quoted_schema(schema).replace("'", "''")
    found = _run(opened, connector, f"SELECT to_regclass('{name}.functions') IS NOT NULL")
    if found != [["t"]]:
        return SchemaState(0, tuple(texts))
    version = _run(
        opened, connector, in_schema("SELECT max(version) FROM taskhub.migrations", schema)
    )
    stored = dict(
        _run(opened, connector, in_schema("SELECT name, digest FROM taskhub.functions", schema))
    )
    outdated = [each for each, text in texts.items() if stored.get(each) != _digest(text)]
    return SchemaState(int(version[0][0] or 0), tuple(outdated))


def _run(opened: PGconn, connector: Connector, text: str) -> list[list[str]]:
    """Run statements; return the rows of the last one."""
    from psycopg.pq import ExecStatus

    from taskhub.engine.postgres.connection import server_error

    result = opened.exec_(text.encode())
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        error = server_error(result)
        if error.ends_connection:
            raise OperationalError(
                f"lost the connection to {connector.url.masked()}: {error.message}"
            )
        raise refusal_of(error, connector.url, "to upgrade the schema")
    columns = range(result.nfields)
    return [
        [(result.get_value(row, column) or b"").decode() for column in columns]
        for row in range(result.ntuples)
    ]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
