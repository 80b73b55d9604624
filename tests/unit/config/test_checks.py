"""Settings whose values cannot be used are refused where they are set: named, with what to write."""

from __future__ import annotations

import math
from typing import Any

import pytest

from taskhub import Celery
from taskhub.exceptions import ImproperlyConfigured

WRONG: list[tuple[str, Any, str]] = [
    ("task_unknown_grace", -1, "seconds"),
    ("task_unknown_grace", math.nan, "seconds"),
    ("timezone", "No/Where", "Europe/Berlin"),
    ("timezone", 5, "Europe/Berlin"),
    ("accept_content", [5], "json"),
    ("task_annotations", 5, "rate_limit"),
    ("task_annotations", {"shop.add": 5}, "'shop.add'"),
    ("task_annotations", {"shop.add": {"rate_limit": "x/y"}}, "rate_limit of 'shop.add'"),
    ("task_annotations", [{"*": {"rate_limit": "-1/s"}}], "10/s"),
    ("broker_transport_options", {"socket_timeout": 0}, "socket_timeout"),
    ("broker_transport_options", {"global_keyprefix": "a\nb"}, "global_keyprefix"),
    ("broker_transport_options", {"global_keyprefix": 5}, "global_keyprefix"),
    ("broker_transport_options", {"socket_timeout": "x"}, "socket_timeout"),
    ("result_backend_transport_options", {"socket_connect_timeout": -1}, "socket_connect"),
    ("worker_stuck_after", 0.001, "from 1 "),
    ("task_queues", 5, "images"),
    ("task_queues", "mail", "images"),
    ("task_routes", {"x": 5}, "queue"),
    ("task_routes", {"x": "a\nb"}, "'x': queue"),
    ("task_routes", [{"x": {"queue": ""}}], "'x': queue"),
    ("task_default_rate_limit", "x/y", "10/s"),
]


@pytest.mark.parametrize(("name", "value", "remedy"), WRONG)
def test_what_cannot_be_used_is_refused_where_it_is_set(name: str, value: Any, remedy: str) -> None:
    app = Celery("checked", broker="memory://", set_as_current=False)
    # Loaded, so that what is set is looked at at once; before, it is when the first setting is
    # read.
    assert app.conf.task_serializer == "json"
    with pytest.raises(ImproperlyConfigured) as caught:
        app.conf[name] = value
    assert name in str(caught.value)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "Asia/Shanghai"),
        ("accept_content", {"json", "application/x-python-serialize"}),
        ("task_annotations", {"*": {"rate_limit": "1/s"}}),
        ("broker_transport_options", {"socket_timeout": 3, "global_keyprefix": "shop:"}),
        ("task_queues", {"mail": {}}),
        ("task_routes", ({"x": "mail", "y": {"queue": "a"}}, lambda *_: None)),
        ("task_unknown_grace", 0),
    ],
)
def test_what_can_be_used_stays(name: str, value: Any) -> None:
    app = Celery("checked", broker="memory://", set_as_current=False)
    app.conf[name] = value
    assert app.conf[name] == value


def test_one_serializer_may_be_named_by_its_name_alone() -> None:
    app = Celery("checked", broker="memory://", accept_content="json", set_as_current=False)
    assert app.conf.accept_content == ["json"]


def test_before_anything_is_read_it_is_refused_at_the_first_use() -> None:
    app = Celery("checked", broker="memory://", timezone="No/Where", set_as_current=False)
    with pytest.raises(ImproperlyConfigured, match="Setting timezone must be"):
        app.send_task("shop.add")


def test_a_serializer_that_nobody_has_registered_is_named_at_the_first_call() -> None:
    app = Celery("checked", broker="memory://", accept_content=["zz"], set_as_current=False)
    with pytest.raises(ImproperlyConfigured, match=r"Setting accept_content: .*'zz'"):
        app.send_task("shop.add")
