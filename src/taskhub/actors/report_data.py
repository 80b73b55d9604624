"""Contents of the daily report, read from the store and the database of market data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from taskhub.actors.application import app
from taskhub.actors.system import Look, Prober, ReportSettings
from taskhub.actors.system.daily import DailyReport, day_of, make_report
from taskhub.actors.system.freshness import market_data_freshness
from taskhub.actors.system.stocks import read_stocks


def daily_report(chosen: date, settings: ReportSettings, prober: Prober) -> DailyReport:
    """Return the report of a day of the app's time zone.

    Args:
        settings: how many tasks have a line of their own, and whose candles it shows.
        prober: looks at the database, which may hang.

    Raises:
        OperationalError: the store of messages is out of reach.
    """
    day, now = day_of(chosen, app.timezone), datetime.now(UTC)
    # What has not come yet need not be asked for.
    minutes = [minute for minute in day.minutes if minute <= int(now.timestamp()) // 60]
    store, place = app.store, app.home
    codes = settings.stocks
    # One after the other: the first that reads brings the tables of the project's own file to this
    # version.
    data = _query(prober, "data", lambda: market_data_freshness(place, now))
    # Looks of one name are shared, and reports of several days may be made at the same time.
    stocks = _query(
        prober,
        f"stocks until {chosen}",
        lambda: read_stocks(place, codes, chosen),
    )
    remarks = {"market data": data.error, f"stocks {', '.join(codes)}": stocks.error}
    return make_report(
        day,
        store.counts(minutes),
        store.failures(minutes),
        rows=settings.rows,
        kept_since=now - _kept(app.conf.statistics_expires),
        fresh=data.value or (),
        stocks=stocks.value or (),
        dead_letters=store.dead_letters(),
        remarks=tuple(f"{subject}: {error}" for subject, error in remarks.items() if error),
    )


def _query(prober: Prober, name: str, probe: Callable[[], Any]) -> Look:
    return prober.run({name: probe})[name]


def _kept(setting: Any) -> timedelta:
    return setting if isinstance(setting, timedelta) else timedelta(seconds=setting or 0)
