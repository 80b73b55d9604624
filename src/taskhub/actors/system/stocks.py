"""The K-lines of single stocks that the daily report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from taskhub.actors.quant.charts import AVERAGED
from taskhub.actors.quant.exceptions import DatabaseNotReadyError
from taskhub.actors.quant.extra import require
from taskhub.actors.quant.records import Bar
from taskhub.actors.system.market import opened_market

__all__ = ("DAYS", "StockBars", "read_stocks")

#: So many trading days are drawn.
DAYS: Final = 60


@dataclass(frozen=True)
class StockBars:
    """The K-lines of one stock.

    Args:
        code: Which.
        name: Its name; None: it is not known.
        bars: In order of their days; those before the last `DAYS` have a part in averages.
            Empty: there are none.
    """

    code: str
    name: str | None = None
    bars: tuple[Bar, ...] = ()

    @property
    def picture(self) -> str:
        """The name of its picture in the mail."""
        return f"stock-{self.code}"

    @property
    def last(self) -> Bar | None:
        """The latest K-line."""
        return self.bars[-1] if self.bars else None

    @property
    def change_percent(self) -> float | None:
        """How far the last close is from the one before; None: there is none before."""
        if len(self.bars) < 2 or not self.bars[-2].close:
            return None
        return 100 * (self.bars[-1].close / self.bars[-2].close - 1)


def read_stocks(home: Path, codes: Sequence[str], until: date) -> tuple[StockBars, ...]:
    """Return the latest bars of stocks in the order of the given codes; unknown ones have none.

    Args:
        home: The project's directory for what taskhub keeps.
        codes: Which stocks, as ``600000.SH``; none: the database is left alone.
        until: The last day.

    Raises:
        QuantError: There is no market data, the extra is missing, or the database is out of reach
            or not as it should be.
    """
    if not codes:
        return ()
    with opened_market(home) as store:
        if store is None:
            require("sqlalchemy", "alembic")
            raise DatabaseNotReadyError(
                "there is no market data yet: call Modules.quant.tasks.sync_daily_data"
            )
        return tuple(
            StockBars(
                code,
                (store.stock(code) or {}).get("name"),
                tuple(store.bars(code, limit=DAYS + AVERAGED, until=until)),
            )
            for code in codes
        )
