"""The schema in a database: its version, and how it is created and upgraded.

Tables change by numbered migrations, each applied once. Functions have a revision, and those of an
older one are replaced: workers of the version before go on calling them, so a function whose
arguments or rows change gets a new name. All of it is one transaction, under an advisory lock.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from taskhub.engine.postgres.connection import Call, Connection, server_error
from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.errors import refusal_of
from taskhub.engine.postgres.statements import (
    Migration,
    Statement,
    functions,
    in_schema,
    migrations,
    quoted_schema,
)
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.version import __version__

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

#: The number of the functions' texts, which `FUNCTIONS_DIGEST` is the digest of: who changes one
#: of them raises the one and renews the other.
FUNCTIONS_REVISION: Final = 1
FUNCTIONS_DIGEST: Final = "bdf6dcb52c6ec53c0fdb623fefefc403"
#: The first half of the keys of advisory locks; the second says what is locked.
LOCK_SPACE: Final = 1_952_999_275
_LOCK: Final = f"SELECT pg_advisory_xact_lock({LOCK_SPACE}, hashtext('%s'))"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS taskhub.migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS taskhub.functions (name text PRIMARY KEY, digest text NOT NULL);
"""
_VERSION: Final = "SELECT coalesce(max(version), 0) FROM taskhub.migrations"
# The revision came with 0004.
_FUNCTIONS: Final = """
SELECT name, digest, coalesce((to_jsonb(f) ->> 'revision')::integer, 0) FROM taskhub.functions AS f
"""


class SchemaState(NamedTuple):
    """What a database holds of the schema."""

    #: The version of its tables; 0: there are none.
    version: int
    #: The revision of its functions; 0: they were written before there were revisions.
    revision: int
    #: Files of functions whose text there is another than ours, and not newer.
    outdated: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether `upgrade` would apply nothing."""
        return (
            self.version == newest_version()
            and self.revision >= FUNCTIONS_REVISION
            and not self.outdated
        )


def newest_version() -> int:
    """Return the version of the schema that this version of taskhub works with."""
    return max(step.version for step in migrations())


def functions_digest() -> str:
    """Return the digest of the texts of all functions."""
    return _digest("".join(f"{name}\n{text}" for name, text in sorted(functions().items())))


def read_state(connection: Connection, schema: str) -> SchemaState:
    """Return what a database holds.

    Raises:
        OperationalError: It is out of reach.
    """
    found, tables = connection.request(
        [_unprepared(_is_there(schema))],
        # Refused if there are none.
        [_unprepared(in_schema(each, schema)) for each in (_VERSION, _FUNCTIONS)],
    )
    if isinstance(found, StoreRefused):
        raise found
    if not found[0][0][0]:
        return SchemaState(0, 0, tuple(functions()))
    if isinstance(tables, StoreRefused):
        raise tables
    ((version,),), rows = tables
    return _state(version, [(name, digest, revision) for name, digest, revision in rows])


def _unprepared(text: str) -> Call:
    return Call(Statement("", text.encode()))


def _is_there(schema: str) -> str:
    name = quoted_schema(schema).replace("'", "''")
    return f"SELECT to_regclass('{name}.functions') IS NOT NULL"


def _state(version: int, rows: list[tuple[str, str, int]]) -> SchemaState:
    stored = {name: digest for name, digest, _ in rows}
    revision = max((number for _, _, number in rows), default=0)
    if revision > FUNCTIONS_REVISION:
        return SchemaState(version, revision, ())
    outdated = [name for name, text in functions().items() if stored.get(name) != _digest(text)]
    return SchemaState(version, revision, tuple(outdated))


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
        applied: list[str] = []
        if _run(opened, connector, _is_there(schema)) != [["t"]]:
            # Only then: who may not create schemas can still upgrade one that is there.
            _run(opened, connector, f"CREATE SCHEMA IF NOT EXISTS {quoted_schema(schema)}")
            _run(opened, connector, in_schema(_TABLES, schema))
        ((version,),) = _run(opened, connector, in_schema(_VERSION, schema))
        rows = _run(opened, connector, in_schema(_FUNCTIONS, schema))
        before = _state(int(version), [(row[0], row[1], int(row[2])) for row in rows])
        refuse_newer(before, connector, schema)
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
                "INSERT INTO taskhub.functions (name, digest) "
                f"VALUES ('{name}', '{_digest(texts[name])}') "
                "ON CONFLICT (name) DO UPDATE SET digest = EXCLUDED.digest"
            )
            _run(opened, connector, in_schema(note, schema))
        if before.revision < FUNCTIONS_REVISION:
            note = f"UPDATE taskhub.functions SET revision = {FUNCTIONS_REVISION}"
            _run(opened, connector, in_schema(note, schema))
        applied += _function_steps(before)
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
    with closing(Connection(connector)) as connection:
        state = read_state(connection, schema)
    refuse_newer(state, connector, schema)
    steps = [_title(step) for step in migrations() if step.version > state.version]
    return [*steps, *_function_steps(state)]


def _function_steps(state: SchemaState) -> list[str]:
    steps = [f"function {name}" for name in state.outdated]
    if state.revision < FUNCTIONS_REVISION:
        steps.append(f"revision {FUNCTIONS_REVISION} of the functions")
    return steps


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
    if state.revision < FUNCTIONS_REVISION:
        raise StoreRefused(
            f"{where}: the functions of the schema {schema!r} have revision {state.revision}, and "
            f"taskhub {__version__} needs {FUNCTIONS_REVISION}: upgrade it (`taskhub store "
            "upgrade`)",
            passing=True,
        )


def _run(opened: PGconn, connector: Connector, text: str) -> list[list[str]]:
    """Run statements; return the rows of the last one."""
    from psycopg.pq import ExecStatus

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
