"""Leads akshare's requests to a `MarketSite`, and lets it not pause between pages.

Below akshare: its own functions run, and `requests` really sends, gets errors and reads answers.
Imported by a worker process, it reads the site's address from the environment.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

__all__ = ("ADDRESS", "redirect")

#: Where the site is; not set: requests fail, as without a network.
ADDRESS: Final = "MARKET_SITE_ADDRESS"

#: Seconds.
PATIENCE: Final = 150

_HOSTS: Final = ("eastmoney.com", "sina.com.cn")
_send = HTTPAdapter.send


def _to_the_site(self: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
    parts = urlsplit(request.url)
    if parts.hostname is not None and parts.hostname.endswith(_HOSTS):
        _hurry()
        address = os.environ.get(ADDRESS)
        if not address:
            raise requests.ConnectionError(f"no route to {parts.hostname}")
        request.headers["Host"] = parts.hostname
        request.url = f"{address}{parts.path}?{parts.query}"
        # A site that holds an answer back while a test looks is not out of reach.
        kwargs["timeout"] = PATIENCE
    return _send(self, request, *args, **kwargs)


class _Hurry:
    """Stands for the module `time` in akshare: its pauses spare a public site, not this one."""

    @staticmethod
    def sleep(seconds: float) -> None:
        """Go on at once."""


def redirect() -> None:
    """Lead requests from now on; harmless when called again."""
    HTTPAdapter.send = _to_the_site  # type: ignore[method-assign]


def _hurry() -> None:
    # Once it asks, akshare is there: importing it takes long.
    for name in ("akshare.utils.func", "akshare.utils.request"):
        if name in sys.modules:
            sys.modules[name].time = _Hurry  # type: ignore[attr-defined]


if ADDRESS in os.environ:
    redirect()
