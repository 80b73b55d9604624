"""Looks at the services behind the tasks, as the environment configures them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from taskhub.cache import CacheSettings, check_cache, protected_prefixes
from taskhub.config.urls import StoreURL
from taskhub.health import Check
from taskhub.mail import MailSettings, check_mail
from taskhub.quant.health import check_market_data
from taskhub.quant.settings import QuantSettings

__all__ = ("probe_cache", "probe_email", "probe_market_data")


def probe_email(environment: Mapping[str, str], home: Path) -> Check:
    """See whether e-mail can be sent; without a server, whether the outbox can be written.

    Raises:
        MailConfigurationError: A variable is wrong.
    """
    return check_mail(MailSettings.from_environment(environment, home=home))


def probe_cache(
    environment: Mapping[str, str], namespace: str, otherwise: StoreURL | None
) -> Check | None:
    """See whether the cache can be reached that `clear_cache` clears; None: there is none.

    Parameters:
        otherwise: The store where it is, if no other is configured.

    Raises:
        CacheConfigurationError: A variable is wrong.
    """
    if environment.get("TASKHUB_CACHE_URL", "").strip():
        return check_cache(CacheSettings.from_environment(environment, namespace=namespace))
    if otherwise is None:
        return None
    return check_cache(CacheSettings(otherwise, protected_prefixes(namespace)))


def probe_market_data(environment: Mapping[str, str], home: Path) -> Check:
    """See whether the database of market data can be reached, and has its tables.

    Raises:
        QuantConfigurationError: A variable is wrong.
    """
    return check_market_data(QuantSettings.from_environment(environment, home=home))
