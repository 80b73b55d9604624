"""Where the cache is."""

from __future__ import annotations

import pytest

from taskhub.cache import CacheConfigurationError, CacheSettings
from taskhub.exceptions import ImproperlyConfigured


def test_its_own_address_comes_first() -> None:
    environment = {"TASKHUB_CACHE_URL": "redis://cache:6380/2"}
    settings = CacheSettings.from_environment(environment, broker_url="redis://broker")
    assert settings.url.addresses == (("cache", 6380),)
    assert settings.url.db == 2


def test_otherwise_it_is_the_broker_s_store() -> None:
    settings = CacheSettings.from_environment({}, broker_url="unix:///s.sock", namespace="shop")
    assert settings.url.path == "/s.sock"
    assert "{shop}" in settings.protected
    assert "celery-task-meta-" in settings.protected


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "TASKHUB_CACHE_URL is not set"),
        ("http://x", "TASKHUB_CACHE_URL: "),
        ("redis://:hunter2@x:port", "TASKHUB_CACHE_URL: "),
        ("memory://", "holds no cache"),
        ("sentinel://:hunter2@x", "service_name"),
    ],
)
def test_wrong_addresses(url: str, complaint: str) -> None:
    with pytest.raises(CacheConfigurationError, match=complaint) as caught:
        CacheSettings.from_environment({"TASKHUB_CACHE_URL": url})
    assert "hunter2" not in str(caught.value)
    assert isinstance(caught.value, ImproperlyConfigured)
