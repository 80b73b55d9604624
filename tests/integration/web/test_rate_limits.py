"""Messages that a rate limit holds back: counted, listed and explained as what they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskhub import Celery
from taskhub.web.queries.limits import rate_limits
from taskhub.web.queries.store_view import StoreView
from tests.integration.web.conftest import Site
from tests.support.workers import until


@pytest.mark.usefixtures("worker")
def test_rate_limited_tasks_are_counted_listed_explained_and_revoked(
    site: Site, shop: Celery, run: Any
) -> None:
    sent = [shop.send_task("shop.limited", (number,)) for number in range(3)]
    until(lambda: shop.engine.queues()["celery"].rate_limited == 2, "two to be held back")
    held = [each.envelope.task_id for each in shop.engine.rate_limited(0, 9)]
    (begun,) = (each for each in sent if each.id not in held)
    begun.get(timeout=30)
    with site.client("admin") as client:
        queue = client.get("/api/v1/queues/celery").json()["queue"]
        assert (queue["ready"], queue["delayed"], queue["rate_limited"]) == (0, 0, 2)
        figures = client.get("/api/v1/overview").json()["counts"]
        assert (figures["waiting"]["count"], figures["delayed"]["count"]) == (2, 0)
        for filter_ in (
            "state:waiting",
            "state:waiting queue:celery",
            "task:shop.limited args.0:*",
        ):
            page = client.get("/api/v1/tasks", params={"filter": filter_}).json()
            rows = [row for row in page["items"] if row["state"] == "waiting"]
            assert [row["id"] for row in rows] == held
            assert page["counts"]["waiting"] == 2
            assert page["counts"]["delayed"] == 0
        first, second = (row["rate_limited_until"] for row in rows)
        assert first < second
        (limit,) = client.get("/api/v1/limits").json()["rates"]
        assert (limit["waiting"], limit["tokens"]) == (2, 0)
        assert limit["next_at"][:16] == first[:16]
        detail = client.get(f"/api/v1/tasks/{held[1]}").json()
        verdict = detail["wait"]["verdict"]
        assert verdict["id"] == "rate_limit"
        assert verdict["text"].startswith("The rate limit of its task holds it back. 1/h: 2 wait, ")
        assert verdict["values"]["until"][:16] == second[:16]
        assert 3600 < detail["wait"]["estimate"]["seconds"] <= 7200

        out, _ = run("queues", "celery", "--rate-limited", "--json")
        listed = [json.loads(line) for line in out.splitlines()]
        assert [each["task_id"] for each in listed] == held
        assert listed[1]["rate_limited_until"] - listed[0]["rate_limited_until"] == 3600
        assert "may start in" in run("queues", "celery", "--rate-limited", "--limit", "1")[0]
        assert json.loads(run("queues", "--json")[0])["celery"]["rate_limited"] == 2
        assert "rate limited" in run("status")[0]
        assert "--rate-limited" in run("queues", "--rate-limited", code=2)[1]

        body = {"action": "revoke", "filter": "task:shop.limited state:waiting"}
        job = client.post("/api/v1/tasks/actions", json=body).json()
        until(
            lambda: client.get(f"/api/v1/jobs/{job['id']}").json()["state"] == "done",
            "both to be revoked",
        )
    assert shop.engine.queues()["celery"].total == 0
    assert {each.state for each in sent if each is not begun} == {"REVOKED"}


@pytest.mark.usefixtures("worker")
def test_a_task_of_another_app_has_the_rate_that_its_workers_use(
    shop: Celery, settings: dict[str, Any]
) -> None:
    sent = [shop.send_task("shop.limited", (number,)) for number in range(2)]
    until(lambda: shop.engine.queues()["celery"].rate_limited, "one to be held back")
    with Celery("other", **settings, set_as_current=False) as other:
        found = rate_limits(StoreView(other))
    (limit,) = (limit for limit in found if limit["task"] == "shop.limited")
    assert (limit["task"], limit["rate"], limit["declared"]) == ("shop.limited", "1/h", "1/h")
    shop.control.revoke([each.id for each in sent])
