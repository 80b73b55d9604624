"""Whether market data can be kept and read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from taskhub.actors.quant.exceptions import QuantError, QuantNotInstalledError
from taskhub.actors.quant.extra import require
from taskhub.command_hint import command_hint
from taskhub.health import Check

if TYPE_CHECKING:
    from taskhub.actors.quant.settings import QuantSettings

__all__ = ("check_market_data",)


def check_market_data(settings: QuantSettings) -> Check:
    """Connect to the database, and compare its tables to this program's.

    Args:
        settings: Where it is.
    """
    started = time.monotonic()
    try:
        require("sqlalchemy", "alembic")
        from taskhub.actors.quant.storage.database import open_database
        from taskhub.actors.quant.storage.errors import explained
        from taskhub.actors.quant.storage.schema import schema_state

        # Imports, which take a second, say nothing of the database.
        started = time.monotonic()
        engine = open_database(settings)
        with explained(settings.place):
            found = schema_state(engine)
        engine.dispose()
    except QuantNotInstalledError as error:
        return Check(True, 0.0, "not used", str(error))
    except QuantError as error:
        what, _, remedy = str(error).rpartition(": ")
        return Check(False, time.monotonic() - started, what or remedy, remedy if what else "")
    seconds = time.monotonic() - started
    if found.state == "current":
        return Check(True, seconds, f"{settings.place} has the tables of revision {found.present}")
    if found.state == "empty" and settings.owned:
        return Check(True, seconds, f"{settings.place} is made when it is first used")
    if found.state == "ahead":
        return Check(
            False,
            seconds,
            f"{settings.place} was made by a newer taskhub (revision {found.present})",
            "update taskhub here",
        )
    lack = (
        f"has none of the tables of revision {found.wanted} yet"
        if found.present is None
        else f"has tables of revision {found.present}, not {found.wanted}"
    )
    return Check(
        settings.owned, seconds, f"{settings.place} {lack}", f"run {command_hint('db', 'upgrade')}"
    )
