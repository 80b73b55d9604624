"""Programs in the shape of large public ones: Flask's factory with Celery, and a Django shop with tasks of classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ecosystem.environment import project
from tests.support.workers import until


@pytest.mark.timeout(240)
def test_a_factory_configures_the_app_and_wraps_tasks_in_its_context(tmp_path: Path) -> None:
    command = ("celery", "--app=worker_app:app")
    with (
        project("reports", tmp_path) as reports,
        reports.running(
            *command, "worker", "-O", "fair", "--concurrency=2", "-l", "INFO", ready="is ready"
        ) as log,
        reports.running(*command, "beat", "-l", "INFO", ready="leads, with 1 entry"),
    ):
        told = json.loads(reports.run("python", "client.py").splitlines()[-1])
        assert told == [
            {"context": "web", "rows": 3, "id": True},
            {"context": "web", "error": "took too long"},
            "web",
            "100/s",
            [{"ok": "pong"}],
            "web",
        ]
        until(lambda: log.read_text().count("teardown of dict") == 2, "teardown", 20.0)
        assert log.read_text().count("pool disposed") == 2


@pytest.mark.timeout(240)
def test_a_django_shop_with_priorities_of_redis_and_tasks_of_classes(tmp_path: Path) -> None:
    worker = ("celery", "-A", "tickets.celery", "worker", "-l", "info", "-c", "1")
    with project("tickets", tmp_path, DJANGO_SETTINGS_MODULE="tickets.settings") as tickets:
        tickets.run("python", "-m", "django", "migrate", "--run-syncdb", "-v0")
        assert json.loads(tickets.run("python", "queued.py")) == {"default": 0, "background": 6}
        with tickets.running(*worker, ready="is ready") as log:
            told = json.loads(tickets.run("python", "client.py").splitlines()[-1])
            assert told == {
                "order": [
                    f"{name} {number}" for name in ("HIGH", "MIDDLE", "LOW") for number in (0, 1)
                ],
                "sold": [["Concert", 2], ["Concert", 1]],
                "refused": "only ten are left",
                "returned": None,
                "before commit": 0,
                "notes": [
                    "announced Concert",
                    "failed, expected: True",
                    *(f"sold {count} for Concert, trace of 3 from client" for count in (1, 2)),
                ],
            }, log.read_text()
            # Each line once for people, and once more by the handler of the program's own.
            line = "received with trace client"
            lines = [one for one in log.read_text().splitlines() if line in one]
            assert len([one for one in lines if one.startswith("{")]) * 2 == len(lines) > 0
            assert "raised expected: SoldOut" in log.read_text()
            assert "Traceback" not in log.read_text()
