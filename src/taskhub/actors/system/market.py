"""Opening the database of market data to look, which must not make it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from taskhub.actors import quant
from taskhub.actors.quant.extra import require

if TYPE_CHECKING:
    from taskhub.actors.quant.storage.store import MarketStore

__all__ = ("opened_market",)


@contextmanager
def opened_market(home: Path) -> Generator[MarketStore | None]:
    """Open the database of market data for the context; None: market data is not used here.

    Args:
        home: The project's directory for what taskhub keeps.

    Raises:
        QuantNotInstalledError: There is one, but not the extra.
        QuantError: The settings are wrong, or the database is out of reach.
    """
    settings = quant.QuantSettings(home=home)
    if settings.owned and not (home / "quant.sqlite3").exists():
        yield None
        return
    require("sqlalchemy", "alembic")
    from taskhub.actors.quant.storage.errors import explained
    from taskhub.actors.quant.storage.schema import schema_state
    from taskhub.actors.quant.storage.store import MarketStore

    store = MarketStore(settings)
    try:
        with explained(settings.place):
            # Reading would make the tables of the project's own file.
            is_unused = settings.owned and schema_state(store.engine).state == "empty"
        yield None if is_unused else store
    finally:
        store.close()
