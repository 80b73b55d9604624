"""Hash tags: all keys of an application on a cluster are in one slot."""

from __future__ import annotations

import pytest
from redis.crc import key_slot

from taskhub.app.stores import engine_rules
from taskhub.config.configuration import Configuration
from taskhub.config.hash_tags import hash_tag, results_prefix
from taskhub.exceptions import ImproperlyConfigured


@pytest.mark.parametrize(
    ("key", "tag"),
    [
        ("{shop}:queue", "shop"),
        ("a{b}c{d}", "b"),
        ("{{shop}}", "{shop"),
        ("plain", "plain"),
        ("{}{shop}", "{}{shop}"),
        ("open{shop", "open{shop"),
    ],
)
def test_the_tag_is_what_a_cluster_hashes(key: str, tag: str) -> None:
    assert hash_tag(key) == tag
    assert key_slot(key.encode()) == key_slot(tag.encode())


def configured(
    url: str, *, messages: str = "", results: str = "", namespace: str = "taskhub"
) -> Configuration:
    """Return settings with prefixes of keys."""
    return Configuration(
        {
            "broker_url": url,
            "taskhub_namespace": namespace,
            "broker_transport_options": {"global_keyprefix": messages},
            "result_backend_transport_options": {"global_keyprefix": results},
        }
    )


@pytest.mark.parametrize(
    ("messages", "results", "namespace", "expected"),
    [
        ("", "", "taskhub", "{taskhub}_"),
        ("shop:", "", "taskhub", "{taskhub}_"),
        ("{shop}:", "", "taskhub", "{shop}_"),
        ("", "shop:{taskhub}:", "taskhub", "shop:{taskhub}:"),
        ("", "{taskhub}", "taskhub", "{taskhub}_"),
        ("", "", "a}b", "{a}_"),
    ],
)
def test_results_are_in_the_slot_of_the_messages(
    messages: str, results: str, namespace: str, expected: str
) -> None:
    conf = configured("redis+cluster://h/", messages=messages, results=results, namespace=namespace)
    rules = engine_rules(conf)
    assert rules.results_prefix == results_prefix(conf) == expected
    assert rules.on_cluster() == rules
    keys = (f"{rules.keys}:queue:q", rules.keys, f"{expected}celery-task-meta-a{{b}}")
    assert len({key_slot(key.encode()) for key in keys}) == 1


def test_a_server_needs_no_tag_in_the_keys_of_results() -> None:
    assert results_prefix(configured("redis://h/", results="shop:")) == "shop:"
    assert results_prefix(configured("redis://h/")) == ""


@pytest.mark.parametrize(
    ("messages", "results", "told"),
    [
        ("", "shop:", r"another hash slot.*as in 'shop:\{taskhub\}'"),
        ("", "{shop}", "another hash slot"),
        ("{}", "", "remove the empty braces from global_keyprefix"),
    ],
)
def test_prefixes_that_spread_the_keys_are_refused(messages: str, results: str, told: str) -> None:
    conf = configured("rediss+cluster://h/", messages=messages, results=results)
    with pytest.raises(ImproperlyConfigured, match=told):
        engine_rules(conf)
