"""What the shipped tasks use: e-mail, the cache, and market data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from taskhub.cli.checks.finding import Finding, Level

if TYPE_CHECKING:
    from taskhub.app.app import Celery


def check_email(app: Celery) -> Iterator[Finding]:
    """See whether e-mail can be sent."""
    from taskhub.app.stores import home_of
    from taskhub.system.probes import probe_email

    check = probe_email(os.environ, home_of(app.conf))
    # Without a server there is advice, too.
    level: Level = "fail" if not check.ok else "warn" if check.advice else "ok"
    yield Finding(level, "e-mail", check.detail, check.advice or "")


def check_cache_server(app: Celery) -> Iterator[Finding]:
    """See whether the cache that `clear_cache` clears can be reached."""
    from taskhub.system.probes import probe_cache

    check = probe_cache(os.environ, app.conf.taskhub_namespace, None)
    if check is None:
        yield Finding(
            "ok",
            "cache",
            "TASKHUB_CACHE_URL is not set: clear_cache works in the store of the messages",
        )
        return
    yield Finding("ok" if check.ok else "fail", "cache", check.detail, check.advice or "")


def check_operators(app: Celery) -> Iterator[Finding]:
    """See whether somebody is told of the system's state, and whether the periodic tasks can do what is configured."""
    from taskhub.app.stores import home_of
    from taskhub.mail import MailSettings
    from taskhub.system import (
        CleaningSettings,
        ReportSettings,
        StatusSettings,
        SystemConfigurationError,
    )

    home = home_of(app.conf)
    try:
        status = StatusSettings.from_environment(os.environ, home=home)
        report = ReportSettings.from_environment(os.environ)
        folders = CleaningSettings.from_environment(os.environ, home=home).folders
    except SystemConfigurationError as error:
        what, _, mend = str(error).rpartition(": ")
        yield Finding("fail", "operators", what, mend)
        return
    cleaned = f"{', '.join(str(folder.path) for folder in folders)} cleaned of old files"
    if status.recipients and report.recipients:
        people = dict.fromkeys((*status.recipients, *report.recipients))
        yield Finding("ok", "operators", f"{', '.join(people)} told of troubles; {cleaned}")
    elif MailSettings.from_environment(os.environ, home=home).host is None:
        yield Finding("ok", "operators", f"told of troubles in the outbox; {cleaned}")
    else:
        yield Finding(
            "warn",
            "operators",
            f"nobody is told of troubles, or gets the daily report; {cleaned}",
            "set TASKHUB_OPERATORS, for example ops@example.com",
        )


def check_market_data_store(app: Celery) -> Iterator[Finding]:
    """See whether the database of market data can be reached, and has its tables."""
    from taskhub.app.stores import home_of
    from taskhub.system.probes import probe_market_data

    check = probe_market_data(os.environ, home_of(app.conf))
    yield Finding("ok" if check.ok else "fail", "market data", check.detail, check.advice or "")
