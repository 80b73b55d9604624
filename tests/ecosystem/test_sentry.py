"""Sentry's integration for Celery, unchanged: errors, traces and monitors of periodic jobs arrive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.ecosystem.environment import project
from tests.support.sentry import sink
from tests.support.workers import until


@pytest.mark.timeout(240)
def test_errors_traces_and_monitors_arrive(tmp_path: Path) -> None:
    with sink() as (dsn, items), project("sentry", tmp_path, SENTRY_DSN=dsn) as shop:
        worker = ("celery", "-A", "shop", "worker", "-P", "threads", "-c", "2")
        with shop.running(*worker, ready="is ready"):
            shop.run("python", "client.py")
            until(lambda: _monitors(items) == ["in_progress", "ok"], "monitors", 30.0)
    events = [item for item in items if item["kind"] == "event"]
    assert Counter((e["transaction"], e["exception"]["values"][-1]["value"]) for e in events) == {
        ("shop.fails", "a plain task"): 1,
        ("shop.fails_in_call", "a task whose base class defines __call__"): 1,
        ("shop.fails_in_coroutine", "a coroutine"): 1,
    }
    assert all(event["tags"]["celery_task_id"] for event in events)
    transactions = [item for item in items if item["kind"] == "transaction"]
    (client,) = [one for one in transactions if one["transaction"] == "client"]
    trace = client["contexts"]["trace"]["trace_id"]
    submitted = [span for span in client["spans"] if span["op"] == "queue.submit.celery"]
    assert len(submitted) == 7
    ran = [one for one in transactions if one["contexts"]["trace"]["trace_id"] == trace]
    assert Counter(
        (one["transaction"], one["contexts"]["trace"]["status"]) for one in ran if one is not client
    ) == {
        ("shop.works", "ok"): 3,
        ("shop.fails", "internal_error"): 1,
        ("shop.fails_in_call", "internal_error"): 1,
        ("shop.fails_in_coroutine", "internal_error"): 1,
        ("shop.tries_again", "aborted"): 1,
        ("shop.tries_again", "ok"): 1,
    }
    parents = {one["contexts"]["trace"]["parent_span_id"] for one in ran if one is not client}
    assert {span["span_id"] for span in submitted} <= parents


def _monitors(items: list[dict[str, Any]]) -> list[str]:
    checks = [item for item in items if item["kind"] == "check_in"]
    assert all(check["monitor_slug"] == "nightly" for check in checks)
    return [check["status"] for check in checks]
