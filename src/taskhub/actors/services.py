"""The services behind the tasks: one of each per process, made from the environment when used."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from functools import cache
from pathlib import Path

from taskhub.actors.application import app
from taskhub.app.stores import home_of
from taskhub.cache import CacheCleaner, CacheSettings, open_client, protected_prefixes
from taskhub.config.urls import StoreURL
from taskhub.mail import Mailer, MailSettings, MemorySentMarks, RedisSentMarks, SentMarks
from taskhub.quant import MarketData, QuantSettings

# Threads that come first at the same time must not get a service each.
_lock = threading.Lock()


def mailer() -> Mailer:
    """Return the mail service.

    Raises:
      MailConfigurationError: a variable of the environment is wrong.
    """
    with _lock:
        return _mailer()


def cache_cleaner() -> CacheCleaner:
    """Return the cache service.

    Raises:
      CacheConfigurationError: `TASKHUB_CACHE_URL` is wrong, or needed and not set.
    """
    with _lock:
        return _cache_cleaner()


def market_data() -> MarketData:
    """Return the service of market data.

    Raises:
      QuantConfigurationError: a variable of the environment is wrong, or the extra `quant` is not installed.
    """
    with _lock:
        return _market_data()


@cache
def _mailer() -> Mailer:
    settings = MailSettings.from_environment(os.environ, home=_home())
    return Mailer(settings, marks=_sent_marks(settings.remember_days))


@cache
def _cache_cleaner() -> CacheCleaner:
    namespace = app.conf.taskhub_namespace
    store = None if os.environ.get("TASKHUB_CACHE_URL", "").strip() else _broker_store()
    if store is None:
        settings = CacheSettings.from_environment(os.environ, namespace=namespace)
    else:
        settings = CacheSettings(store, protected_prefixes(namespace))
    return CacheCleaner.from_settings(settings)


@cache
def _market_data() -> MarketData:
    return MarketData(QuantSettings.from_environment(os.environ, home=_home()))


def _home() -> Path:
    return home_of(app.conf)


def _sent_marks(days: float) -> SentMarks:
    """Return the memory of what was sent.

    It is kept where the tasks are: it has to live as long as they do, and a cache may be emptied.
    """
    # What runs at once, in the caller's process, is never delivered again: it needs no store.
    store = None if app.conf.task_always_eager else _broker_store()
    if store is None:
        return MemorySentMarks(days)
    prefix = f"{{{app.conf.taskhub_namespace}}}:mail:sent:"
    return RedisSentMarks(open_client(store), days, prefix=prefix)


def _broker_store() -> StoreURL | None:
    """Return where tasks are kept; None: in this process."""
    from taskhub.engine.redis.engine import RedisEngine

    engine = app.engine
    if not isinstance(engine, RedisEngine):
        return None
    url = engine.broker_url
    # Celery's place for the name of the sentinels' master.
    master = url.service_name or engine.broker_options.get("master_name")
    return replace(url, service_name=master)
