"""The services behind the tasks: one of each per process, made from the environment when used."""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import TYPE_CHECKING

from taskhub.actors.application import app
from taskhub.actors.stores import broker_store, home, notes_store
from taskhub.cache import CacheCleaner, CacheSettings, open_client, protected_prefixes
from taskhub.mail import Mailer, MailSettings, MemorySentMarks, RedisSentMarks, SentMarks
from taskhub.quant import MarketData, QuantSettings

if TYPE_CHECKING:
    from taskhub.system import (
        CleaningSettings,
        KnownMemory,
        Operators,
        Prober,
        ReportSettings,
        StatusSettings,
    )

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


def prober() -> Prober:
    """Return who looks at what may hang.

    Raises:
      SystemConfigurationError: a variable of the environment is wrong.
    """
    with _lock:
        return _prober()


def status_settings() -> StatusSettings:
    """Return what counts as bad, and who is told.

    Raises:
      SystemConfigurationError: a variable of the environment is wrong.
    """
    with _lock:
        return _status_settings()


def operators() -> Operators:
    """Return who tells operators of the system's state.

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
    from taskhub.system import CleaningSettings

    return CleaningSettings.from_environment(os.environ, home=home())


def report_settings() -> ReportSettings:
    """Return what the daily report tells, and whom.

    Raises:
      SystemConfigurationError: a variable of the environment is wrong.
    """
    from taskhub.system import ReportSettings

    return ReportSettings.from_environment(os.environ)


@cache
def _mailer() -> Mailer:
    settings = MailSettings.from_environment(os.environ, home=home())
    return Mailer(settings, marks=_sent_marks(settings.remember_days))


@cache
def _cache_cleaner() -> CacheCleaner:
    namespace = app.conf.taskhub_namespace
    store = None if os.environ.get("TASKHUB_CACHE_URL", "").strip() else broker_store()
    if store is None:
        settings = CacheSettings.from_environment(os.environ, namespace=namespace)
    else:
        settings = CacheSettings(store, protected_prefixes(namespace))
    return CacheCleaner.from_settings(settings)


@cache
def _market_data() -> MarketData:
    return MarketData(QuantSettings.from_environment(os.environ, home=home()))


@cache
def _prober() -> Prober:
    from taskhub.system import Prober

    return Prober(_status_settings().timeout)


@cache
def _operators() -> Operators:
    from taskhub.system import MemoryInProcess, MemoryInRedis, Operators

    store = notes_store()
    memory: KnownMemory = MemoryInProcess()
    if store is not None:
        key = f"{{{app.conf.taskhub_namespace}}}:system:known"
        memory = MemoryInRedis(open_client(store), key)
    return Operators(_mailer(), memory, _status_settings(), app.timezone)


@cache
def _status_settings() -> StatusSettings:
    from taskhub.system import StatusSettings

    return StatusSettings.from_environment(os.environ, home=home())


def _sent_marks(days: float) -> SentMarks:
    """Return the memory of what was sent.

    It is kept where the tasks are: it has to live as long as they do, and a cache may be emptied.
    """
    store = notes_store()
    if store is None:
        return MemorySentMarks(days)
    prefix = f"{{{app.conf.taskhub_namespace}}}:mail:sent:"
    return RedisSentMarks(open_client(store), days, prefix=prefix)
