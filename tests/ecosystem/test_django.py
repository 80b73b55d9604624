"""A Django project with an admin, schedules and results in its database, and "celery" among its apps."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.ecosystem.environment import project

WORKER = ("celery", "-A", "shop", "worker", "-P", "threads", "-c", "2", "-l", "info")


@pytest.mark.timeout(240)
def test_the_admin_of_django_celery_beat_and_the_tables_of_django_celery_results(
    tmp_path: Path,
) -> None:
    with project("django_shop", tmp_path, SHOP_RESULTS="django-db") as shop:
        shop.run("python", "manage.py", "check")
        shop.run("python", "manage.py", "migrate", "-v0")
        with shop.running(*WORKER, ready="is ready") as log:
            assert "OK" in shop.run("celery", "-A", "shop", "status")
            told = json.loads(shop.run("python", "admin_pages.py").splitlines()[-1])
            assert told == {
                "pages": {
                    f"{model}/{page}": 200
                    for model in (
                        "periodictask",
                        "crontabschedule",
                        "intervalschedule",
                        "clockedschedule",
                        "solarschedule",
                    )
                    for page in ("", "add/")
                },
                "offers": True,
                "added": [302, 1],
                "change": 200,
                "changed": [302, "[5]"],
                "disable_tasks": 200,
                "enable_tasks": 200,
                "toggle_tasks": 200,
                "run": [200, ["1 task was successfully run"]],
                "live": [
                    "EagerResult",
                    "other",
                    "AsyncResult",
                    "celery",
                    "EagerResult",
                    "AsyncResult",
                ],
                "modules": ["AppLoader", []],
                "rows": [["orders.tasks.fails", "FAILURE"], ["orders.tasks.total", "SUCCESS"]],
                "row": [True, "(3,)", "{'second': 4}", "celery", "application/json"],
                "group": [True, 0],
                "unwritten": [0, 1, 2, 50],
            }, log.read_text()
            # Of each of the three tasks its start and its end.
            assert log.read_text().count("was not written to django-celery-results") == 1
            assert "written to django-celery-results again; it lacks 6" in log.read_text()
            # The supervisor, which imports nothing of the app, logs in its time zone, too.
            times = re.findall(r"(?m)^\[(.{19}),\d+: INFO/(supervisor|worker-1)\]", log.read_text())
            moments = [datetime.fromisoformat(text) for text, _ in times]
            assert {who for _, who in times} == {"supervisor", "worker-1"}
            assert max(moments) - min(moments) < timedelta(minutes=30)


@pytest.mark.timeout(240)
def test_beat_sends_what_is_in_the_database(tmp_path: Path) -> None:
    with project("django_shop", tmp_path) as shop:
        shop.run("python", "manage.py", "migrate", "-v0")
        shop.run("python", "add_schedule.py")
        with (
            shop.running(*WORKER, ready="is ready"),
            shop.running("celery", "-A", "shop", "beat", "-l", "info", ready="Sending due task"),
        ):
            assert json.loads(shop.run("python", "wait_for_run.py")) > 0
