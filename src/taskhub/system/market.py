"""Opening the database of market data to look, which must not make it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from taskhub.quant.extra import require
from taskhub.quant.settings import QuantSettings

if TYPE_CHECKING:
    from taskhub.quant.storage.store import MarketStore

__all__ = ("opened_market",)


@contextmanager
def opened_market(environment: Mapping[str, str], home: Path) -> Generator[MarketStore | None]:
    """Open the database of market data for as long as the context lasts; None: market data is not used here.

    Parameters:
        environment: The variables, as ``os.environ``.
        home: The project's directory for what taskhub keeps.

    Raises:
        QuantNotInstalledError: There is one, but not the extra.
        QuantError: The settings are wrong, or the database is out of reach.
    """
    settings = QuantSettings.from_environment(environment, home=home)
    if settings.owned and not (home / "quant.sqlite3").exists():
        yield None
        return
    require("sqlalchemy", "alembic")
    from taskhub.quant.storage.faults import explained
    from taskhub.quant.storage.migrating import schema_state
    from taskhub.quant.storage.store import MarketStore

    store = MarketStore(settings)
    try:
        with explained(settings.place):
            # Reading would make the tables of the project's own file.
            is_unused = settings.owned and schema_state(store.engine).state == "empty"
        yield None if is_unused else store
    finally:
        store.close()
