"""Bringing the tables to this version, by Alembic."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from importlib import resources
from typing import Literal, NamedTuple

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from taskhub.actors.quant.storage.database import WRITES

__all__ = ("VERSION_TABLE", "SchemaState", "schema_state", "upgrade")

#: Beside others of the same database, ours has a name of its own.
VERSION_TABLE = "quant_version"

#: What those who change the tables wait for each other by; the number is an arbitrary one. Seconds.
_LOCK_NUMBER, _LOCK_NAME, _PATIENCE = 7_402_118_306, "taskhub_quant_upgrade", 60


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of Alembic's reports a change: that it looks, it says at every check."""
    return not str(record.msg).startswith(("Context impl", "Will assume"))


logging.getLogger("alembic.runtime.migration").addFilter(_is_news)


class SchemaState(NamedTuple):
    """How the tables of a database compare to this program.

    Args:
        state: ``current``; ``behind``: `upgrade` brings it on; ``empty``: there are none;
            ``ahead``: made by a newer program.
        present: The revision of the database, None: there is none.
        wanted: That of this program.
    """

    state: Literal["current", "behind", "empty", "ahead"]
    present: str | None
    wanted: str


def schema_state(engine: Engine) -> SchemaState:
    """Look at the version of the tables."""
    with engine.connect() as connection:
        return _state(connection)


def upgrade(engine: Engine) -> SchemaState:
    """Upgrade the tables to this version under a lock; return the version they had before."""
    with (
        _alone(engine),
        engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        before = _state(connection)
        if before.state in ("empty", "behind"):
            command.upgrade(_configuration(connection), "head")
    return before


def _state(connection: Connection) -> SchemaState:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    present = context.get_current_revision()
    scripts = ScriptDirectory.from_config(_configuration(connection))
    wanted = scripts.get_current_head()
    assert wanted is not None
    if present is None:
        return SchemaState("empty", None, wanted)
    if present == wanted:
        return SchemaState("current", present, wanted)
    known = {script.revision for script in scripts.walk_revisions()}
    return SchemaState("behind" if present in known else "ahead", present, wanted)


def _configuration(connection: Connection) -> Config:
    configuration = Config()
    folder = resources.files("taskhub.actors.quant.storage") / "migrations"
    # Alembic reads options as format strings.
    configuration.set_main_option("script_location", str(folder).replace("%", "%%"))
    configuration.attributes["connection"] = connection
    return configuration


#: By dialect: how to take the lock, and how to give it back.
_LOCKING = {
    "postgresql": (
        ("SELECT pg_advisory_lock(%s)", (_LOCK_NUMBER,)),
        ("SELECT pg_advisory_unlock(%s)", (_LOCK_NUMBER,)),
    ),
    "mysql": (
        ("SELECT GET_LOCK(%s, %s)", (_LOCK_NAME, _PATIENCE)),
        ("SELECT RELEASE_LOCK(%s)", (_LOCK_NAME,)),
    ),
}
_LOCKING["mariadb"] = _LOCKING["mysql"]


@contextmanager
def _alone(engine: Engine) -> Generator[None]:
    """Hold the database's migration lock; SQLite's transactions need none."""
    if engine.dialect.name not in _LOCKING:
        yield
        return
    take, give_back = _LOCKING[engine.dialect.name]
    # On a connection of its own: the next process must see what this one has committed.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
        owner.exec_driver_sql(*take)
        try:
            yield
        finally:
            owner.exec_driver_sql(*give_back)
