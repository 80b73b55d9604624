"""What the options of connections mean, and which mean nothing."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub.config import transport_options
from taskhub.config.configuration import Configuration
from taskhub.exceptions import ConfigurationWarning, ImproperlyConfigured
from taskhub.message import PriorityOrder

BROKER = "broker_transport_options"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"socket_timeout": 3, "socket_connect_timeout": 3, "socket_keepalive": True},
        {"health_check_interval": 25, "retry_on_timeout": True, "client_name": "shop"},
        {"visibility_timeout": 43200, "global_keyprefix": "shop:"},
        {"master_name": "main", "sentinel_kwargs": {}, "min_other_sentinels": 1},
        {"queue_order_strategy": "priority", "priority_steps": [0, 9]},
        {"ssl_cert_reqs": "none"},
    ],
)
def test_what_has_an_effect_is_not_warned_of(options: dict[str, Any]) -> None:
    assert transport_options.without_effect(BROKER, options) == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sep": ":"}, "priorities have no queues of their own"),
        ({"priority_steps": [0, 9]}, "set queue_order_strategy to 'priority'"),
        ({"queue_order_strategy": "sorted"}, "only 'priority' has an effect"),
        ({"max_connections": 20}, "connections are kept"),
        ({"max_retries": 3}, "set task_publish_retry_policy"),
        ({"region": "eu"}, "there is no SQS"),
        ({"misspelt": 1}, "no option of a connection"),
    ],
)
def test_what_has_none_says_why(options: dict[str, Any], words: str) -> None:
    (name,) = options
    assert words in transport_options.without_effect(BROKER, options)[name]


def test_one_warning_names_them_all() -> None:
    settings = {
        BROKER: {"sep": ":", "visibility_timeout": 3},
        "result_backend_transport_options": {"retry_policy": {}, "priority_steps": [1]},
    }
    with pytest.warns(ConfigurationWarning) as told:
        assert Configuration(settings).enable_utc
    (warning,) = told
    named = ("broker_transport_options: sep (", "result_backend_transport_options: retry_policy (")
    assert all(name in str(warning.message) for name in named)
    assert "visibility_timeout" not in str(warning.message)


@pytest.mark.parametrize(
    ("prefix", "keys", "results"),
    [
        (None, "", ""),
        ("", "", ""),
        ("shop", "shop", "shop_"),
        ("shop:", "shop:", "shop:"),
        ("a-", "a-", "a-"),
    ],
)
def test_prefixes(prefix: str | None, keys: str, results: str) -> None:
    options = {"global_keyprefix": prefix}
    assert transport_options.prefix_of_keys(options) == keys
    assert transport_options.prefix_of_results(options) == results


@pytest.mark.parametrize("steps", ["many", [0, 12], [-1, 3], 5])
def test_steps_that_are_none_are_refused(steps: Any) -> None:
    options = {"queue_order_strategy": "priority", "priority_steps": steps}
    with pytest.raises(ImproperlyConfigured, match="priority_steps must be numbers from 0 to 9"):
        transport_options.priority_steps(options)


def test_bands() -> None:
    highest_first, lowest_first = PriorityOrder(), PriorityOrder((0, 3, 6, 9))
    assert [highest_first.band(one) for one in (None, 0, 9, 12)] == [5, 0, 9, 9]
    assert [lowest_first.band(one) for one in (None, 0, 2, 3, 8, 9, 12)] == [9, 9, 9, 6, 3, 0, 0]
    assert [lowest_first.number(one) for one in (9, 6, 0)] == [0, 3, 9]
    assert PriorityOrder((4, 7)).band(2) == 5
