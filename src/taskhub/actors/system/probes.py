"""Looks at the services behind the tasks, as the environment configures them."""

from __future__ import annotations

from pathlib import Path

from taskhub.actors import cache, mail, quant
from taskhub.health import Check
from taskhub.stores import StoreURL

__all__ = ("probe_cache", "probe_email", "probe_market_data")


def probe_email(home: Path) -> Check:
    """See whether e-mail can be sent; without a server, whether the outbox can be written.

    Raises:
        MailConfigurationError: A variable is wrong.
    """
    return mail.check_mail(mail.MailSettings(home=home))


def probe_cache(messages: StoreURL | None) -> Check | None:
    """See whether the cache can be reached that `clear_cache` clears; None: there is none.

    Args:
        messages: The store where it is, if no other is configured.

    Raises:
        CacheConfigurationError: A variable is wrong.
    """
    url = cache.CacheSettings().url or messages
    return None if url is None else cache.check_cache(url)


def probe_market_data(home: Path) -> Check:
    """See whether the database of market data can be reached, and has its tables.

    Raises:
        QuantConfigurationError: A variable is wrong.
    """
    return quant.check_market_data(quant.QuantSettings(home=home))
