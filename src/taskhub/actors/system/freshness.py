"""How fresh market data is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from taskhub.actors.quant.exceptions import QuantNotInstalledError
from taskhub.actors.system.market import opened_market

__all__ = ("Fresh", "market_data_freshness")


class Fresh(NamedTuple):
    """How fresh one kind of data is."""

    name: str
    rows: int
    #: None: it was never synchronised.
    synced_at: datetime | None
    #: Seconds since then.
    age: float | None
    #: The latest day that is there, of what has days.
    latest: date | None
    source: str


def market_data_freshness(home: Path, now: datetime) -> tuple[Fresh, ...]:
    """Return how fresh each kind of market data is; nothing where market data is not used.

    Args:
        home: The project's directory for what taskhub keeps.
        now: The present, with a zone.

    Raises:
        QuantError: The database is out of reach, or not as it should be.
    """
    try:
        with opened_market(home) as store:
            found = [] if store is None else store.freshness()
    except QuantNotInstalledError:
        return ()
    return tuple(
        Fresh(
            one.table,
            one.rows,
            one.synced_at,
            None if one.synced_at is None else (now - _in_utc(one.synced_at)).total_seconds(),
            one.latest,
            one.source,
        )
        for one in found
    )


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
