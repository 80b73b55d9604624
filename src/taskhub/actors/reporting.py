"""What the daily report tells, read from the store and the database of market data."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

from taskhub.actors.application import app
from taskhub.actors.stores import home
from taskhub.system import Prober
from taskhub.system.daily import DailyReport, day_of, make_report
from taskhub.system.freshness import market_data_freshness


def daily_report(chosen: date, rows: int, prober: Prober) -> DailyReport:
    """Return the report of a day of the app's time zone.

    Parameters:
      rows: so many tasks have a line of their own.
      prober: looks at the database, which may hang.

    Raises:
      OperationalError: the store of messages is out of reach.
    """
    day, now = day_of(chosen, app.timezone), datetime.now(UTC)
    # What has not come yet need not be asked for.
    minutes = [minute for minute in day.minutes if minute <= int(now.timestamp()) // 60]
    engine, place = app.engine, home()
    look = prober.look({"data": lambda: market_data_freshness(os.environ, place, now)})["data"]
    return make_report(
        day,
        engine.counts(minutes),
        engine.failures(minutes),
        rows=rows,
        kept_since=now - _kept(app.conf.statistics_expires),
        fresh=look.value or (),
        dead_letters=engine.dead_count(),
        remarks=(f"market data: {look.error}",) if look.error else (),
    )


def _kept(setting: Any) -> timedelta:
    return setting if isinstance(setting, timedelta) else timedelta(seconds=setting or 0)
