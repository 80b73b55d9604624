"""Tracing and structured logging, unchanged: OpenTelemetry, ddtrace, django-structlog."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.ecosystem.environment import Project, project
from tests.support.workers import until

WORKER = ("celery", "-A", "shop", "worker", "-c", "2")

pytestmark = pytest.mark.timeout(240)


def spans(shop: Project, count: int) -> list[dict[str, Any]]:
    """Return what the programs of a project have told, when it is as much as expected."""
    with redis.Redis.from_url(shop.environment["REDIS_URL"]) as store:
        until(lambda: store.llen("spans") >= count, f"{count} spans", 30.0)
        return [json.loads(span) for span in store.lrange("spans", 0, -1)]


def test_opentelemetry(tmp_path: Path) -> None:
    # 7 published by the client and a task, 1 retry; 8 runs; and the client's own.
    with project("opentelemetry", tmp_path) as shop, shop.running(*WORKER, ready="is ready") as log:
        shop.run("python", "client.py")
        found = spans(shop, 17)
        text = log.read_text("utf-8", "replace")
    assert "TypeError" not in text
    assert len({span["context"]["trace_id"] for span in found}) == 1
    by_id = {span["context"]["span_id"]: span for span in found}
    runs = [span for span in found if span["name"].startswith("run/")]
    for run in runs:
        task = run["name"].removeprefix("run/")
        assert by_id[run["parent_id"]]["name"] == f"apply_async/{task}"
    ended = {
        run["name"].removeprefix("run/shop."): (
            run["status"]["status_code"],
            [event["attributes"]["exception.type"] for event in run["events"]],
            run["attributes"]["celery.state"],
        )
        for run in runs
        if "celery.retry.reason" not in run["attributes"]
    }
    assert ended == {
        "works": ("UNSET", [], "SUCCESS"),
        "fails": ("ERROR", ["LookupError"], "FAILURE"),
        # What a task `throws` is no error.
        "expects": ("UNSET", [], "FAILURE"),
        "tries_again": ("UNSET", [], "SUCCESS"),
        "calls": ("UNSET", [], "SUCCESS"),
        "coroutine": ("ERROR", ["ValueError"], "FAILURE"),
    }
    (retried,) = [run for run in runs if "celery.retry.reason" in run["attributes"]]
    assert retried["name"] == "run/shop.tries_again"
    calling = next(run for run in runs if run["name"] == "run/shop.calls")
    inner = [span for span in found if span["parent_id"] == calling["context"]["span_id"]]
    assert [span["name"] for span in inner] == ["apply_async/shop.works"]


#: Ours beside OpenTelemetry's for Celery, in both orders.
BESIDE = """
import logging, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from taskhub import instrumentation
from taskhub.contrib.opentelemetry import TaskhubInstrumentor
from taskhub.testing import start_worker
import celery
CeleryInstrumentor().instrument(skip_dep_check=True)
TaskhubInstrumentor().instrument()
print(TaskhubInstrumentor().is_instrumented_by_opentelemetry, instrumentation.active)
CeleryInstrumentor().uninstrument()
TaskhubInstrumentor().instrument()
CeleryInstrumentor().instrument(skip_dep_check=True)
with start_worker(celery.Celery("beside", broker="memory://"), loglevel="warning"):
    print("worked")
"""


def test_our_instrumentor_beside_celerys(tmp_path: Path) -> None:
    with project("opentelemetry", tmp_path) as shop:
        told = shop.run("python", "-c", BESIDE).splitlines()
    assert told == [
        (
            "taskhub is not instrumented: CeleryInstrumentor is active, and both would trace each "
            "call: call its uninstrument() first, or set "
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=celery"
        ),
        "False ()",
        (
            "CeleryInstrumentor is active beside TaskhubInstrumentor: each call is traced twice; "
            "set OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=celery"
        ),
        "worked",
    ]


def test_ddtrace(tmp_path: Path) -> None:
    variables = {
        "DD_CELERY_DISTRIBUTED_TRACING": "true",
        "DD_TRACE_STARTUP_LOGS": "false",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    }
    with (
        project("datadog", tmp_path, **variables) as shop,
        shop.running(*WORKER, ready="is ready"),
    ):
        shop.run("python", "client.py")
        found = spans(shop, 9)
    assert len({span["trace"] for span in found}) == 1
    by_id = {span["id"]: span for span in found}
    runs = [span for span in found if span["name"].startswith("celery.run ")]
    for run in runs:
        task = run["name"].removeprefix("celery.run ")
        assert by_id[run["parent"]]["name"] == f"celery.apply {task}"
    ended = sorted((run["name"].split(".")[-1], run["error"], run["retry"] is None) for run in runs)
    assert ended == [
        ("fails", "builtins.LookupError", True),
        ("tries_again", None, False),
        ("tries_again", None, True),
        ("works", None, True),
    ]


def test_django_structlog(tmp_path: Path) -> None:
    with project("structlog", tmp_path) as shop, shop.running(*WORKER, ready="is ready") as log:
        told = [line for line in shop.run("python", "client.py").splitlines() if "event" in line]
        until(lambda: "task_failed" in log.read_text("utf-8", "replace"), "both tasks", 30.0)
        text = log.read_text("utf-8", "replace")
    enqueued = [json.loads(line) for line in told]
    assert [line["child_task_name"] for line in enqueued] == ["shop.works", "shop.fails"]
    lines = [json.loads(line[line.index("{") :]) for line in text.splitlines() if '"event"' in line]
    assert {line["request_id"] for line in lines} == {"the request"}
    assert [(line["event"], line["task_id"]) for line in lines] == [
        ("task_started", enqueued[0]["child_task_id"]),
        ("working", enqueued[0]["child_task_id"]),
        ("task_succeeded", enqueued[0]["child_task_id"]),
        ("task_started", enqueued[1]["child_task_id"]),
        ("task_failed", enqueued[1]["child_task_id"]),
    ]
