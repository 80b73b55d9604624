"""A project with tasks and a periodic job."""

from __future__ import annotations

import os
from datetime import timedelta

import requests

from taskhub import Celery

# The store is named by TASKHUB_BROKER_URL.
app = Celery("shop")
app.conf.update(
    # A container that starts with the store waits for it.
    broker_connection_retry_on_startup=True,
    beat_schedule={
        "check-prices": {"task": "shop.check_prices", "schedule": timedelta(minutes=5)},
    },
)


@app.task(name="shop.add")
def add(x: int, y: int) -> int:
    """Return the sum."""
    return x + y


@app.task(
    name="shop.check_prices",
    autoretry_for=(requests.ConnectionError, requests.Timeout),
    retry_backoff=True,
    max_retries=3,
)
def check_prices() -> int:
    """Return the status with which the supplier's API answers; without one nothing is asked."""
    url = os.environ.get("SHOP_PRICES_URL")
    return requests.get(url, timeout=10).status_code if url else 0
