"""The configuration has Celery's settings and finds values where Celery does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taskhub.config.tables import taskhub as own

Run = Callable[..., Any]

OURS_ALONE = {setting.name for setting in own.SETTINGS}

CASES: list[dict[str, Any]] = [
    {"ask": ["task_serializer", "broker_url", "result_backend", "task_default_exchange"]},
    {"arguments": {"broker": "redis://a", "backend": "redis://b"}, "ask": ["broker_url"]},
    {"source": {"task_serializer": "yaml"}, "ask": ["task_serializer"]},
    {"source": {"task_serializer": "yaml"}, "object": True, "ask": ["task_serializer"]},
    {"source": {"CELERY_TASK_SERIALIZER": "yaml"}, "ask": ["task_serializer"]},
    {
        "source": {"CELERYD_CONCURRENCY": 7, "BROKER_URL": "redis://a"},
        "ask": ["worker_concurrency"],
    },
    {"source": {"CELERY_BROKER_URL": "redis://a"}, "ask": ["broker_url"]},
    {
        "source": {"CELERY_BROKER_URL": "redis://a", "CELERY_TASK_ALWAYS_EAGER": True, "DEBUG": 1},
        "namespace": "CELERY",
        "object": True,
        "ask": ["broker_url", "task_always_eager", "DEBUG", "CELERY_BROKER_URL"],
    },
    {
        "source": {"app_broker_url": "redis://a", "task_serializer": "yaml"},
        "namespace": "app_",
        "ask": ["broker_url", "task_serializer"],
    },
    {
        "source": {
            "CELERY_TASK_SERIALIZER": "yaml",
            "CELERY_ALWAYS_EAGER": True,
            "TIME_ZONE": "X/Y",
        },
        "namespace": "CELERY",
        "ask": ["task_serializer", "task_always_eager", "timezone"],
    },
    {"source": {"TIME_ZONE": "Asia/Shanghai"}, "ask": ["timezone"]},
    {"source": {"task_serializer": "yaml", "CELERY_RESULT_SERIALIZER": "yaml"}, "ask": []},
    {"source": {"CELERY_ALWAYS_EAGER": 1, "BROKER_URL": "", "task_serializer": "yaml"}, "ask": []},
    {
        "source": {"task_always_eager": True, "CELERY_ALWAYS_EAGER": False},
        "ask": ["task_always_eager"],
    },
    {"changes": {"task_serializer": "yaml", "CELERY_RESULT_SERIALIZER": "yaml"}, "ask": []},
    {
        "changes": {"CELERY_TASK_SERIALIZER": "yaml", "CELERY_RESULT_SERIALIZER": "yaml"},
        "arguments": {"broker": "redis://a"},
        "ask": ["task_serializer", "result_serializer", "broker_url"],
    },
    {
        "before": {"task_serializer": "pickle"},
        "source": {"task_serializer": "yaml"},
        "ask": ["task_serializer"],
    },
    {
        "after": {"task_serializer": "pickle"},
        "source": {"task_serializer": "yaml"},
        "ask": ["task_serializer"],
    },
    {
        "after": {"CELERY_TASK_SERIALIZER": "pickle", "mine": 3},
        "ask": ["mine", "CELERY_TASK_SERIALIZER"],
    },
    {
        "source": {"task_serializer": "yaml", "result_serializer": "yaml"},
        "defaults": {"task_serializer": "msgpack"},
        "ask": ["task_serializer", "result_serializer"],
    },
    {
        "environment": {"CELERY_BROKER_URL": "redis://e", "CELERY_RESULT_BACKEND": "redis://f"},
        "arguments": {"broker": "redis://a", "backend": "redis://b"},
        "ask": ["broker_url", "result_backend", "broker_read_url", "broker_write_url"],
    },
    {
        "environment": {"CELERY_BROKER_READ_URL": "redis://r", "CELERY_BROKER_WRITE_URL": ""},
        "source": {"broker_url": "redis://a", "broker_write_url": "redis://w"},
        "ask": ["broker_url", "broker_read_url", "broker_write_url"],
    },
    {"source": {"task_default_queue": "q"}, "ask": ["task_default_routing_key"]},
    {"source": {"task_serializer": None}, "ask": ["task_serializer"]},
    {"source": "no_such_module", "ask": ["task_serializer"]},
    {"source": "json:no_such_attribute", "ask": ["task_serializer"]},
    {"ask": ["no_such_setting"]},
]


def test_every_setting_has_its_default_and_its_old_name(ours: Run, celerys: Run) -> None:
    us, them = (run("settings.py", [])["table"] for run in (ours, celerys))

    assert {name: item for name, item in us.items() if name not in OURS_ALONE} == them


def test_values_are_found_where_celery_finds_them(ours: Run, celerys: Run) -> None:
    us, them = (run("settings.py", CASES)["outcomes"] for run in (ours, celerys))

    for case, mine, theirs in zip(CASES, us, them, strict=True):
        if theirs == "ModuleNotFoundError":  # Celery also turns a missing attribute into this.
            assert mine in ("ModuleNotFoundError", "ImportError"), case
        else:
            assert mine == theirs, case
