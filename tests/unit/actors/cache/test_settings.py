"""Where the cache is."""

from __future__ import annotations

import pytest

from taskhub.actors.cache import CacheConfigurationError, CacheSettings
from taskhub.config.urls import StoreURL, parse_store_url
from taskhub.exceptions import ImproperlyConfigured
from tests.support.environment import read


def store(url: str) -> StoreURL:
    return parse_store_url(url)


def test_its_own_address_comes_first() -> None:
    settings = read(CacheSettings, {"TASKHUB_CACHE_URL": "redis://cache:6380/2"})
    place = settings.place(lambda: store("redis://broker"))
    assert place.addresses == (("cache", 6380),)
    assert place.db == 2


def test_otherwise_it_is_the_broker_s_store() -> None:
    place = read(CacheSettings, {}).place(lambda: store("unix:///s.sock"))
    assert place.path == "/s.sock"


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
        read(CacheSettings, {"TASKHUB_CACHE_URL": url}).place(lambda: None)
    assert "hunter2" not in str(caught.value)
    assert isinstance(caught.value, ImproperlyConfigured)
