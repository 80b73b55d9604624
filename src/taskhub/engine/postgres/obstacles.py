"""Obstacles to the engine in a database: another schema version, missing rights, read-only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from taskhub.engine.port.inspection import Obstacle
from taskhub.engine.postgres import schema as schemas
from taskhub.engine.postgres.statements import quoted_schema
from taskhub.engine.postgres.store import PostgresStore
from taskhub.exceptions import StoreRefused
from taskhub.version import __version__

_UPGRADE = "run `taskhub store upgrade` as the owner of the schema"
#: So many names are shown of what the user lacks rights to.
_SHOWN: Final = 5
_READ_ONLY = "name the primary server, or give several hosts and target_session_attrs=read-write"


def find_format_obstacle(store: PostgresStore) -> Obstacle | None:
    """Return the obstacle that the schema of another version is; None: this one works with it.

    Raises:
        OperationalError: The server is out of reach.
    """
    state = schemas.read_state(store.connector, store.schema)
    newest = schemas.newest_version()
    where = f"{store.connector.url.masked()}: the schema {store.schema!r}"
    if state.version > newest:
        return Obstacle(
            "format",
            f"{where} has version {state.version}: another version of taskhub wrote it, and "
            f"taskhub {__version__} knows versions up to {newest}",
            "run the version that wrote it or a later one, or set another taskhub_namespace",
        )
    if state.version == newest or store.connector.creates_schema:
        return None
    found = "is missing" if state.version == 0 else f"has version {state.version}"
    return Obstacle("format", f"{where} {found}, and version {newest} is needed", _UPGRADE)


def find_obstacles(store: PostgresStore) -> list[Obstacle]:
    """Return what keeps the user of the URL from working with the schema.

    Raises:
        OperationalError: The server is out of reach.
    """
    try:
        of_format = find_format_obstacle(store)
        if of_format is not None:
            return [of_format]
        return list(_missing(store))
    except StoreRefused as refusal:
        if not refusal.rights:
            raise
        what, _, remedy = str(refusal).rpartition(": ")
        return [Obstacle("rights", what or remedy, remedy)]


def _missing(store: PostgresStore) -> Iterator[Obstacle]:
    ((user, is_read_only, tables, functions),) = store.run("obstacles", store.schema)
    where, schema = store.connector.url.masked(), quoted_schema(store.schema)
    role = '"' + user.replace('"', '""') + '"'
    if is_read_only:
        yield Obstacle("rights", f"{where} is read-only", _READ_ONLY)
    if tables:
        yield Obstacle(
            "rights",
            f"{where}: the user {user} lacks rights to {_some(tables)}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}; "
            f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        )
    if functions:
        yield Obstacle(
            "rights",
            f"{where}: the user {user} may not call {_some(functions)}",
            f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
        )


def _some(names: Sequence[str]) -> str:
    """Return the first of many names, and how many there are besides."""
    shown = "; ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
