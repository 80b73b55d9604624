"""The services behind the tasks: one of each per process, made from the environment when used."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from taskhub.actors import cache, mail, quant
from taskhub.actors.application import app
from taskhub.actors.cache import protected_prefixes
from taskhub.stores import StoreURL, open_client

if TYPE_CHECKING:
    from taskhub.actors.system import (
        CleaningSettings,
        KnownMemory,
        Operators,
        Prober,
        ReportSettings,
        StatusSettings,
    )

# Threads that come first at the same time must not get a service each.
_lock = threading.Lock()


def mailer() -> mail.Mailer:
    """Return the mail service.

    Raises:
        MailConfigurationError: a variable of the environment is wrong.
    """
    with _lock:
        return _mailer()


def cache_cleaner() -> cache.CacheCleaner:
    """Return the cache service.

    Raises:
        CacheConfigurationError: `TASKHUB_CACHE_URL` is wrong, or needed and not set.
    """
    with _lock:
        return _cache_cleaner()


def market_data() -> quant.MarketData:
    """Return the service of market data.

    Raises:
        QuantConfigurationError: a variable of the environment is wrong, or the extra `quant` is not
            installed.
    """
    with _lock:
        return _market_data()


def prober() -> Prober:
    """Return who looks at what may hang.

    Raises:
        SystemConfigurationError: a variable of the environment is wrong.
    """
    with _lock:
        return _prober()


def status_settings() -> StatusSettings:
    """Return what counts as bad, and who is notified.

    Raises:
        SystemConfigurationError: a variable of the environment is wrong.
    """
    with _lock:
        return _status_settings()


def operators() -> Operators:
    """Return what notifies operators of the system's state.

    Raises:
        MailConfigurationError, SystemConfigurationError: a variable of the environment is wrong.
    """
    with _lock:
        return _operators()


def cleaning_settings() -> CleaningSettings:
    """Return which folders are cleaned.

    Raises:
        SystemConfigurationError: a variable of the environment is wrong.
    """
    from taskhub.actors.system import CleaningSettings

    return CleaningSettings(home=app.home)


def report_settings() -> ReportSettings:
    """Return contents and recipients of the daily report.

    Raises:
        SystemConfigurationError: a variable of the environment is wrong.
    """
    from taskhub.actors.system import ReportSettings

    return ReportSettings()


@lru_cache
def _mailer() -> mail.Mailer:
    settings = mail.MailSettings(home=app.home)
    return mail.Mailer(settings, marks=_sent_marks(settings.remember_days))


@lru_cache
def _cache_cleaner() -> cache.CacheCleaner:
    url = cache.CacheSettings().place(lambda: app.store.url)
    return cache.CacheCleaner.connect(url, protected_prefixes(app.store.key_prefixes))


@lru_cache
def _market_data() -> quant.MarketData:
    return quant.MarketData(quant.QuantSettings(home=app.home))


@lru_cache
def _prober() -> Prober:
    from taskhub.actors.system import Prober

    return Prober(_status_settings().timeout)


@lru_cache
def _operators() -> Operators:
    from taskhub.actors.system import MemoryInProcess, MemoryInRedis, Operators

    store = _marks_store()
    memory: KnownMemory = MemoryInProcess()
    if store is not None:
        key = f"{app.store.key_prefix}:system:known"
        memory = MemoryInRedis(open_client(store), key)
    return Operators(_mailer(), memory, _status_settings(), app.timezone)


@lru_cache
def _status_settings() -> StatusSettings:
    from taskhub.actors.system import StatusSettings

    return StatusSettings(home=app.home)


def _marks_store() -> StoreURL | None:
    """Return where to note what was done; None: in this process.

    What runs at once, in the caller's process, is never delivered again: it needs no store.
    """
    return None if app.conf.task_always_eager else app.store.url


def _sent_marks(days: float) -> mail.SentMarks:
    """Return the memory of what was sent.

    It is kept where the tasks are: it has to live as long as they do, and a cache may be emptied.
    """
    store = _marks_store()
    if store is None:
        return mail.MemorySentMarks(days)
    prefix = f"{app.store.key_prefix}:mail:sent:"
    return mail.RedisSentMarks(open_client(store), days, prefix=prefix)
