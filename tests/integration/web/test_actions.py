"""What the API does, and its effect in the store: tasks, queues, workers, schedule, limits, jobs, audit log."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest

from taskhub import Celery
from taskhub.exceptions import TaskRevokedError, Terminated
from tests.integration.web.conftest import Client
from tests.support.workers import SupervisedSet, until

MANY = 10_000


def post(client: Client, path: str, status: int = 200, **body: Any) -> Any:
    response = client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == status, response.text
    return response.json()


def audit(client: Client, text: str) -> list[Any]:
    entries: list[Any] = client.get("/api/v1/audit", params={"filter": text}).json()["items"]
    return entries


def dead(shop: Celery, count: int, text: str) -> list[str]:
    """Have the worker give up some messages; return their ids."""
    ids = [shop.send_task("shop.reject", (text,)).id for _ in range(count)]
    until(lambda: all(shop.engine.dead_letter(each) for each in ids), "the messages to be given up")
    return ids


@pytest.mark.usefixtures("worker")
def test_failed_tasks_are_retried_edited_and_deleted(client: Client, shop: Celery) -> None:
    first, second, third = dead(shop, 3, "actions")
    done = post(client, f"tasks/{first}/actions", action="retry")
    assert done["ids"] == [first]
    until(lambda: shop.engine.dead_letter(first), "it to be given up again")
    found = post(client, "tasks/actions", action="delete", ids=[first, second, "none"])
    assert (found["done"], found["skipped"]) == (2, [{"reason": "unknown_id", "count": 1}])
    assert shop.engine.dead_letter(first) is None
    edited = post(
        client,
        f"tasks/{third}/actions",
        action="retry",
        kwargs={"text": "other"},
        args=[],
        queue="edited",
    )
    (message,) = shop.engine.waiting("edited", 0, 10)
    assert edited["ids"] == [message.task_id]
    assert b'"other"' in message.body
    assert shop.engine.dead_letter(third) is not None, "the failed one stays"
    post(client, f"tasks/{third}/actions", 409, action="revoke")
    post(client, f"tasks/{third}/actions", 409, action="terminate")
    post(client, f"tasks/{third}/actions", action="delete")
    until(lambda: client.get(f"/api/v1/tasks/{third}").status_code == 404, "it to be gone")
    post(client, f"tasks/{third}/actions", 404, action="delete")
    entries = audit(client, f"on:{third}")
    assert [(each["action"], each["who"], each["source"]) for each in entries] == [
        ("tasks.delete", "admin-token", "api"),
        ("tasks.edit", "admin-token", "api"),
    ]
    assert entries[1]["how"] == "with edited arguments: 0, text"
    shop.engine.purge("edited")


@pytest.mark.usefixtures("worker")
def test_waiting_tasks_are_revoked_and_running_ones_terminated(
    client: Client, shop: Celery
) -> None:
    running = shop.send_task("shop.sleep", (50.0,))
    waiting = shop.send_task("shop.add", (1,), queue="nobody")
    delayed = shop.send_task("shop.add", (1,), countdown=600)

    def is_running() -> bool:
        found = client.get("/api/v1/tasks", params={"state": "running"}).json()["items"]
        return running.id in [row["id"] for row in found]

    until(is_running, "the task to run")
    post(client, f"tasks/{running.id}/actions", 409, action="retry")
    post(client, f"tasks/{running.id}/actions", 422, action="terminate", signal="SIGSTOP")
    post(client, f"tasks/{running.id}/actions", action="terminate", signal="SIGTERM")
    assert post(client, "tasks/actions", action="revoke", ids=[waiting.id, delayed.id])["done"] == 2
    for result in (waiting, delayed):
        with pytest.raises(TaskRevokedError):
            result.get(timeout=30)
    with pytest.raises((TaskRevokedError, Terminated)):
        running.get(timeout=30)


def test_all_that_match_are_acted_on_after_a_dry_run(client: Client, shop: Celery) -> None:
    task = shop.signature("shop.add", args=(1,), app=shop).set(queue="bulk")
    from taskhub import group

    group(task.clone(args=(number,)) for number in range(MANY)).apply_async(queue="bulk")
    keep = shop.send_task("shop.add", (1,), queue="other")
    plan = post(client, "tasks/actions", action="revoke", filter="queue:bulk", dry_run=True)
    assert (plan["matched"], plan["acts"]) == (MANY, MANY)
    assert plan["reasons"] == [{"reason": "waiting", "count": MANY}]
    assert shop.engine.queues()["bulk"].ready == MANY, "a dry run changes nothing"
    later = shop.send_task("shop.add", (1,), queue="bulk")
    began = time.monotonic()
    body = {"action": "revoke", "filter": "queue:bulk", "before": plan["at"]}
    response = client.post("/api/v1/tasks/actions", json=body)
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"jobs/{job['id']}"

    def ended() -> Any:
        found = client.get(f"/api/v1/jobs/{job['id']}").json()
        return found if found["ended_at"] else None

    found = until(ended, "the job to end", 110.0)
    assert (found["state"], found["total"], found["done"], found["left"]) == ("done", MANY, MANY, 0)
    assert time.monotonic() - began < 100
    assert [each.task_id for each in shop.engine.waiting("bulk", 0, 10)] == [later.id]
    assert shop.engine.queues()["other"].ready == 1
    (entry,) = audit(client, "did:tasks.revoke on:bulk")
    assert (entry["done"], entry["matched"], entry["how"]) == (MANY, MANY, "all that match")
    shop.control.revoke([later.id, keep.id])


def test_a_job_keeps_its_speed_and_can_be_stopped(client: Client, shop: Celery) -> None:
    for number in range(60):
        shop.send_task("shop.add", (number,), queue="slowly")
    job = post(client, "tasks/actions", 202, action="revoke", filter="queue:slowly", rate=10)
    until(lambda: client.get(f"/api/v1/jobs/{job['id']}").json()["done"] >= 4, "some to be done")
    found = client.get(f"/api/v1/jobs/{job['id']}").json()
    assert found["state"] == "running"
    assert found["eta"] > 0
    assert client.post(f"/api/v1/jobs/{job['id']}/stop").status_code == 200
    found = until(
        lambda: (
            now if (now := client.get(f"/api/v1/jobs/{job['id']}").json())["ended_at"] else None
        ),
        "the job to stop",
    )
    assert found["state"] == "stopped"
    assert 0 < found["done"] < 60
    assert found["done"] + found["left"] == 60
    assert client.post(f"/api/v1/jobs/{job['id']}/stop").status_code == 409
    assert client.get("/api/v1/jobs").json()["items"][0]["id"] == job["id"]
    shop.engine.purge("slowly")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"action": "retry"}, "either ids or a filter"),
        ({"action": "retry", "ids": ["a"], "filter": "x"}, "either ids or a filter"),
        ({"action": "retry", "filter": " "}, "it is empty"),
        ({"action": "retry", "ids": ["a"], "dry_run": True}, "only a filter is counted"),
        ({"action": "retry", "filter": "x", "before": "soon"}, "take the `at` of the dry run"),
        ({"action": "terminate", "filter": "x", "signal": "SIGSTOP"}, "'SIGSTOP' is none of"),
    ],
)
def test_what_cannot_be_done_to_tasks_is_refused(client: Client, body: Any, words: str) -> None:
    response = client.post("/api/v1/tasks/actions", json=body)
    assert response.status_code == 422
    assert words in response.json()["detail"]


def test_a_queue_is_paused_and_resumed(client: Client, shop: Celery, worker: SupervisedSet) -> None:
    shop.send_task("shop.add", (1,), queue="mail").get(timeout=30)
    post(client, "queues/mail/actions", action="pause", reason="the provider is down")
    sent = shop.send_task("shop.add", (2,), queue="mail")
    queue = client.get("/api/v1/queues/mail").json()["queue"]
    assert (queue["state"], queue["paused"]["by"], queue["paused"]["reason"]) == (
        "paused", "admin-token", "the provider is down",
    )  # fmt: skip
    wait = client.get(f"/api/v1/tasks/{sent.id}").json()["wait"]
    assert wait["verdict"]["id"] == "paused"
    assert wait["more_workers_help"] is False
    post(client, "queues/mail/actions", 409, action="pause")
    health = client.get("/api/v1/overview").json()["health"]
    assert "mail" in [
        item["values"].get("queue") for item in health if item["id"] == "paused_queue"
    ]
    post(client, "queues/mail/actions", action="resume")
    assert sent.get(timeout=30) == 2
    post(client, "queues/mail/actions", 409, action="resume")
    assert [entry["how"] for entry in audit(client, "did:queues.pause on:mail")] == [
        "the provider is down"
    ]


@pytest.mark.usefixtures("worker")
def test_a_task_that_failed_for_good_runs_again(client: Client, shop: Celery) -> None:
    sent = shop.send_task("shop.fail", ("replayed",))
    with pytest.raises(ValueError, match="replayed"):
        sent.get(timeout=30)
    until(
        lambda: client.get(f"/api/v1/tasks/{sent.id}").json().get("row", {}).get("replayable"),
        "its message to be kept",
    )
    plan = post(client, "tasks/actions", action="retry", filter="args.text:replayed", dry_run=True)
    assert (plan["acts"], plan["queues"][0]["queue"]) == (1, "celery")
    before = client.get(f"/api/v1/tasks/{sent.id}").json()["row"]["ended_at"]
    post(client, f"tasks/{sent.id}/actions", action="retry")
    until(
        lambda: (
            client.get(f"/api/v1/tasks/{sent.id}").json().get("row", {}).get("ended_at")
            not in (None, before)
        ),
        "it to fail again",
    )
    post(client, f"tasks/{sent.id}/actions", action="delete")
    until(lambda: client.get(f"/api/v1/tasks/{sent.id}").status_code == 404, "it to be gone")


def test_a_queue_is_purged_when_its_name_is_typed(client: Client, shop: Celery) -> None:
    name = "to be/purged"
    path = f"queues/{quote(name, safe='')}/actions"
    for number in range(3):
        shop.send_task("shop.add", (number,), queue=name)
    post(client, path, 422, action="purge")
    post(client, path, 422, action="purge", confirm="purged")
    assert shop.engine.queues()[name].ready == 3
    assert post(client, path, action="purge", confirm=name)["done"] == 3
    assert shop.engine.queues()[name].ready == 0
    (entry,) = audit(client, "did:queues.purge")
    assert (entry["subject"]["name"], entry["done"], entry["how"]) == (name, 3, "name typed")


def test_an_empty_queue_that_nobody_serves_is_forgotten(
    client: Client, shop: Celery, worker: SupervisedSet
) -> None:
    name = "of last/year"
    path = f"queues/{quote(name, safe='')}/actions"
    post(client, path, 404, action="forget")
    shop.send_task("shop.add", (1,), queue=name, countdown=1000)
    problem = post(client, path, 409, action="forget")
    assert problem["detail"].startswith(f"{name} is kept: it holds delayed messages")
    shop.engine.purge(name)
    post(client, path, action="pause")
    post(client, path, action="forget")
    post(client, path, 404, action="forget")
    names = [queue["name"] for queue in client.get("/api/v1/queues").json()["items"]]
    assert name not in names
    assert not shop.engine.paused_queues()
    (entry,) = audit(client, "did:queues.forget")
    assert (entry["subject"]["name"], entry["done"]) == (name, None)

    shop.send_task("shop.add", (1,)).get(timeout=30)
    detail = post(client, "queues/celery/actions", 409, action="forget")["detail"]
    assert detail.startswith("celery is kept: a live worker serves it")


def test_a_worker_is_drained_and_resumed_grown_and_shrunk(
    client: Client, shop: Celery, worker: SupervisedSet
) -> None:
    path = f"workers/{quote('w1@test')}/actions"

    def node() -> Any:
        (found,) = client.get("/api/v1/workers").json()["items"]
        return found

    post(client, path, action="drain", reason="to move it")
    until(lambda: node()["state"] == "draining", "the worker to be drained")
    assert "resume" in node()["actions"]
    sent = shop.send_task("shop.add", (1,))
    post(client, path, 409, action="drain")
    assert shop.engine.queues()["celery"].ready == 1
    post(client, path, action="resume")
    assert sent.get(timeout=30) == 1
    until(lambda: node()["state"] == "running", "the worker to be resumed")
    post(client, path, action="add_queue", queue="more")
    until(lambda: "more" in node()["queues"], "the queue to be served")
    post(client, path, action="cancel_queue", queue="more")
    until(lambda: "more" not in node()["queues"], "the queue to be left")
    post(client, path, action="grow", count=1)
    until(lambda: len(node()["processes"]) == 3, "a third process")
    post(client, path, action="shrink", count=1)
    until(lambda: len(node()["processes"]) == 2, "the third process to go")
    post(client, path, 422, action="add_queue")
    post(client, path, 409, action="replace")
    post(client, "workers/nobody/actions", 404, action="drain")
    actions = [entry["action"] for entry in audit(client, "on:w1@test")]
    assert actions == [
        f"workers.{action}"
        for action in ("shrink", "grow", "cancel_queue", "add_queue", "resume", "drain")
    ]
    (drained,) = audit(client, "did:drain")
    assert drained["how"] == "to move it"


@pytest.mark.usefixtures("worker")
def test_rates_are_changed(client: Client, shop: Celery) -> None:
    response = client.put("/api/v1/limits/rates/shop.limited", json={"rate": "5/s"})
    assert response.status_code == 200
    (limit,) = client.get("/api/v1/limits").json()["rates"]
    assert (limit["rate"], limit["declared"], limit["changed"], limit["per_second"]) == (
        "5/s",
        "1/h",
        True,
        5.0,
    )
    assert (
        client.put("/api/v1/limits/rates/shop.limited", json={"rate": "often"}).status_code == 422
    )
    assert client.put("/api/v1/limits/rates/none", json={"rate": "1/s"}).status_code == 404
    (entry,) = audit(client, "did:limits.change")
    assert entry["how"] == "1/h to 5/s"
    client.put("/api/v1/limits/rates/shop.limited", json={"rate": "1/h"})


@pytest.mark.usefixtures("worker")
def test_a_periodic_job_is_added_edited_run_paused_and_deleted(
    client: Client, shop: Celery
) -> None:
    form = {
        "task": "shop.add",
        "schedule": {"kind": "crontab", "expression": "0 3 * * *"},
        "args": [20],
        "kwargs": {"b": 3},
        "if_running": "skip",
        "if_missed": "skip",
        "at_most_late": 300,
        "queue": "celery",
    }
    entry = client.put("/api/v1/schedule/night%2Fly", json=form).json()
    assert (entry["words"], entry["if_running"], entry["at_most_late"]) == (
        "Every day at 03:00",
        "skip",
        300.0,
    )
    form["schedule"] = {"kind": "every", "seconds": 3600}
    changed = client.put("/api/v1/schedule/night%2Fly", json={**form, "priority": 9}).json()
    assert (changed["words"], changed["priority"]) == ("Every hour", 9)
    ran = post(client, "schedule/night%2Fly/actions", action="run")
    assert shop.AsyncResult(ran["ids"][0]).get(timeout=30) == 23
    found = until(
        lambda: (
            now
            if (now := client.get("/api/v1/schedule/night%2Fly").json())["last"]
            and now["last"]["outcome"] == "succeeded"
            else None
        ),
        "the run to be shown",
    )
    assert found["last"]["task_id"] == ran["ids"][0]
    post(client, "schedule/night%2Fly/actions", action="pause")
    paused = client.get("/api/v1/schedule/night%2Fly").json()
    assert (paused["enabled"], paused["paused"]["by"], paused["next_at"]) == (
        False,
        "admin-token",
        None,
    )
    post(client, "schedule/night%2Fly/actions", action="resume")
    post(client, "schedule/night%2Fly/actions", action="delete")
    post(client, "schedule/night%2Fly/actions", 404, action="delete")
    for wrong in (
        {**form, "schedule": {"kind": "crontab", "expression": "x"}},
        {**form, "schedule": {"kind": "every"}},
        {**form, "args": [1, 2, 3, 4]},
    ):
        assert client.put("/api/v1/schedule/wrong", json=wrong).status_code == 422
    assert [entry["action"] for entry in audit(client, "on:night/ly")] == [
        f"schedule.{action}" for action in ("delete", "resume", "pause", "run", "edit", "edit")
    ]


def test_the_audit_log_is_exported(client: Client, shop: Celery) -> None:
    shop.send_task("shop.add", (1,), queue="=cmd()")
    post(client, f"queues/{quote('=cmd()')}/actions", action="purge", confirm="=cmd()")
    response = client.get("/api/v1/audit/export", params={"filter": "did:purge"})
    assert response.headers["content-type"].startswith("text/csv")
    assert "attachment" in response.headers["content-disposition"]
    lines = response.text.splitlines()
    assert lines[0].startswith("at,who,role,action")
    assert "'=cmd()" in lines[1], "no spreadsheet takes it for a formula"
    response = client.get("/api/v1/audit/export", params={"format": "ndjson"})
    assert response.headers["content-type"].startswith("application/x-ndjson")
