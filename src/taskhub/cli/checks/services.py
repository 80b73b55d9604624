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
    from taskhub.mail import MailSettings, check_mail

    settings = MailSettings.from_environment(os.environ, home=home_of(app.conf))
    check = check_mail(settings)
    level: Level = "fail" if not check.ok else "ok" if settings.host is not None else "warn"
    yield Finding(level, "e-mail", check.detail, check.advice or "")


def check_cache_server(app: Celery) -> Iterator[Finding]:
    """See whether the cache that `clear_cache` clears can be reached."""
    if not os.environ.get("TASKHUB_CACHE_URL", "").strip():
        yield Finding(
            "ok",
            "cache",
            "TASKHUB_CACHE_URL is not set: clear_cache works in the store of the messages",
        )
        return
    from taskhub.cache import CacheSettings, check_cache

    settings = CacheSettings.from_environment(os.environ, namespace=app.conf.taskhub_namespace)
    check = check_cache(settings)
    yield Finding("ok" if check.ok else "fail", "cache", check.detail, check.advice or "")


def check_market_data_store(app: Celery) -> Iterator[Finding]:
    """See whether the database of market data can be reached, and has its tables."""
    from taskhub.app.stores import home_of
    from taskhub.quant.health import check_market_data
    from taskhub.quant.settings import QuantSettings

    settings = QuantSettings.from_environment(os.environ, home=home_of(app.conf))
    check = check_market_data(settings)
    yield Finding("ok" if check.ok else "fail", "market data", check.detail, check.advice or "")
