"""What an error of the database means: may it pass, and what to do."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from taskhub.actors.quant.exceptions import (
    DatabaseNotReadyError,
    DatabaseUnavailableError,
    QuantConfigurationError,
    QuantError,
)
from taskhub.command_hint import command_hint
from taskhub.stores import mask_url

__all__ = ("database_error", "explained")

_LONGEST_DETAIL: Final = 200
#: How the servers say that a table or a column is missing.
_MISSING: Final = (
    "no such table",
    "no such column",
    "has no column",
    "does not exist",
    "doesn't exist",
    "Unknown column",
)
#: How they say that they do not let us in, or have no such database; PostgreSQL's "role" is a user.
_REFUSED: Final = (
    "authentication failed",
    "Access denied",
    "Unknown database",
    "no password",
    'role "',
    "unable to open database file",
    "file is not a database",
)
#: How they say that we may not do this.
_FORBIDDEN: Final = ("permission denied", "command denied", "readonly database")


def database_error(error: exc.SQLAlchemyError, place: str) -> QuantError:
    """Return the error to raise for one of SQLAlchemy's, in one line without secrets.

    Args:
        error: What was raised.
        place: The database, without credentials.
    """
    cause = getattr(error, "orig", None) or error
    detail = " ".join(mask_url(str(cause)).split())[:_LONGEST_DETAIL].rstrip(".")
    if any(text in detail for text in _REFUSED) or (
        "database " in detail and "does not exist" in detail
    ):
        return QuantConfigurationError(
            f"{place} does not let us in ({detail}): correct TASKHUB_QUANT_DATABASE_URL, or make "
            "the database"
        )
    if any(text in detail for text in _FORBIDDEN):
        return QuantConfigurationError(
            f"{place} does not let us do this ({detail}): give its user the right to, or correct "
            "TASKHUB_QUANT_DATABASE_URL"
        )
    if any(text in detail for text in _MISSING):
        return DatabaseNotReadyError(
            f"{place} does not have the tables of this version ({detail}): run "
            f"{command_hint('db', 'upgrade')}"
        )
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
        advice = (
            "see what else writes to it, and whether the disk is full"
            if place.startswith("sqlite")
            else "start the server, or correct TASKHUB_QUANT_DATABASE_URL"
        )
        return DatabaseUnavailableError(f"{place} can't be used now ({detail}): {advice}")
    return QuantError(f"{place} refused ({detail}): report it to taskhub")


@contextmanager
def explained(place: str) -> Generator[None]:
    """Turn errors of SQLAlchemy in this block into ours."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise database_error(error, place) from error
