"""What the API answers about real tasks, queues and workers; every answer is held to the OpenAPI document."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from taskhub import Celery
from tests.integration.web.conftest import Client, Site, ask
from tests.support.workers import SupervisedSet, until

SHOP = ("shop.add", "shop.fail", "shop.reject", "shop.sleep", "shop.again")


def send(shop: Celery, name: str, *args: Any, **options: Any) -> Any:
    return shop.send_task(name, args, **options)


def rows(client: Client, text: str, **query: Any) -> list[Any]:
    found: list[Any] = ask(client, "tasks", filter=text, **query)["items"]
    return found


@pytest.mark.usefixtures("worker")
def test_tasks_are_found_wherever_they_are(client: Client, shop: Celery) -> None:
    running = send(shop, "shop.sleep", 30.0, "found", stamped_headers=["tenant"], tenant="acme")
    delayed = send(shop, "shop.add", 17, kwargs={"password": "hunter2"}, countdown=600)
    dead = send(shop, "shop.reject", "given up")
    again = send(shop, "shop.again")
    waiting = send(shop, "shop.add", 18, queue="nobody", priority=9)
    states = {
        running.id: "running",
        delayed.id: "delayed",
        dead.id: "dead",
        again.id: "retrying",
        waiting.id: "waiting",
    }
    until(
        lambda: (
            {row["id"]: row["state"] for row in rows(client, "", limit=500)}.items()
            >= states.items()
        ),
        "all to be where they belong",
    )
    assert [row["id"] for row in rows(client, "state:delayed args.a:17")] == [delayed.id]
    assert "hunter2" not in client.get("/api/v1/tasks").text
    assert rows(client, "args.password:hunter2") == []
    assert [row["id"] for row in rows(client, "queue:nobody")] == [waiting.id]
    assert [row["id"] for row in rows(client, "error:reject")] == [dead.id]
    assert [row["id"] for row in rows(client, "worker:w1@test task:shop.sleep")] == [running.id]
    (row,) = rows(client, f"id:{running.id[:8]}")
    assert row["worker"] == "w1@test"
    assert row["ran"] >= 0
    assert row["actions"] == ["terminate"]
    page = ask(client, "tasks", filter="queue:nobody error:no")
    assert page["total"] == 0
    assert page["hint"]["without"] in ("queue:nobody", "error:no")

    detail = ask(client, f"tasks/{delayed.id}")
    arguments = {each["name"]: each for each in detail["arguments"]["items"]}
    assert arguments["password"]["redacted"]
    assert detail["arguments"]["editable"] is None
    assert detail["wait"]["verdict"]["id"] == "due"
    assert 500 < detail["wait"]["estimate"]["seconds"] <= 600

    detail = ask(client, f"tasks/{waiting.id[:8]}")
    assert detail["row"]["id"] == waiting.id
    assert detail["wait"]["verdict"]["id"] == "no_worker"
    assert detail["wait"]["place"]["place"] == 1

    detail = ask(client, f"tasks/{dead.id}")
    assert detail["error"]["kind"] == "Reject"
    assert detail["row"]["replayable"]

    detail = ask(client, f"tasks/{running.id}")
    assert detail["limits"] == {"soft": 45.0, "hard": 60.0}
    assert [event["kind"] for event in detail["timeline"]["events"]] == ["sent", "started"]

    found = ask(client, "search", q=waiting.id[:10])["items"]
    assert found[0]["link"] == f"/tasks/{waiting.id}"
    shop.control.terminate(running.id, reply=True, timeout=5)
    shop.control.revoke([delayed.id, again.id, waiting.id])


@pytest.mark.usefixtures("worker")
def test_results_and_errors_are_shown(client: Client, shop: Celery) -> None:
    good, bad = send(shop, "shop.add", 1, 2), send(shop, "shop.fail", "<b>no</b>")
    assert good.get(timeout=30) == 3
    with pytest.raises(ValueError, match="no"):
        bad.get(timeout=30)
    detail = ask(client, f"tasks/{good.id}")
    assert detail["row"]["state"] == "succeeded"
    assert detail["result"]["text"] == "3"
    (row,) = rows(client, f"state:failed id:{bad.id}")
    assert (row["state"], row["replayable"], row["actions"]) == (
        "failed",
        True,
        ["retry", "delete"],
    )
    assert row["worker"] == "w1@test"
    assert ask(client, "tasks", filter=f"state:succeeded id:{good.id}")["total"] == 1
    assert ask(client, "tasks", filter="task:shop.fail state:failed")["counts"]["failed"] >= 1
    (group,) = ask(client, "tasks/groups", filter="task:shop.fail")["items"]
    assert (group["task"], group["error"]) == ("shop.fail", "ValueError")
    assert ask(client, "tasks", group=group["key"])["total"] == group["count"]
    detail = ask(client, f"tasks/{bad.id}")
    assert [event["kind"] for event in detail["timeline"]["events"]] == [
        "sent",
        "started",
        "failed",
    ]
    assert detail["arguments"]["editable"] == {"args": ["<b>no</b>"], "kwargs": {}}
    assert (detail["error"]["kind"], detail["error"]["message"]) == ("ValueError", "<b>no</b>")
    assert detail["error"]["frames"][0]["own"]
    assert detail["error"]["frames"][0]["function"] == "fail"

    def counted() -> Any:
        found = ask(client, "overview")
        errors = [each["error"] for each in found["failing"]["items"]]
        return found if "ValueError" in errors else None

    overview = until(counted, "the failure to be counted")
    failing = overview["failing"]["items"]
    assert all(each["first_at"] <= each["last_at"] for each in failing)
    newest = rows(client, "state:failed", limit=1)[0]
    assert overview["counts"]["failed"]["last_at"] == newest["ended_at"]
    assert overview["counts"]["ended"]["count"] >= 2
    assert sum(overview["series"]["outcomes"]["failed"]) >= 1
    assert overview["workers"]["threads"] == 4
    assert {item["id"] for item in overview["health"]} >= {"append_only_file", "late_leases"}
    for span in ("24h", "72h"):
        # The dashboard reads the counts of the past a few at a time.
        bins = until(
            lambda span=span: (
                (found := ask(client, "overview", span=span))["complete"]
                and found["series"]["outcomes"]["failed"]
            ),
            "all counts to be read",
        )
        assert sum(bins) >= 1


@pytest.mark.usefixtures("worker")
def test_progress_is_shown(client: Client, shop: Celery) -> None:
    sent = send(shop, "shop.report", 20.0)
    progress = until(lambda: ask(client, f"tasks/{sent.id}")["progress"], "its progress")
    assert progress == {"current": 3.0, "total": 4.0, "fraction": 0.75, "text": None}
    shop.control.terminate(sent.id, reply=True, timeout=5)


@pytest.mark.usefixtures("worker")
def test_ended_tasks_are_paged_without_a_gap(client: Client, shop: Celery) -> None:
    sent = [send(shop, "shop.add", number, 7) for number in range(25)]
    for result in sent:
        result.get(timeout=30)
    seen: list[str] = []
    cursor = None
    while True:
        query = {"filter": "args.b:7 state:succeeded", "limit": 10}
        page = ask(client, "tasks", **query, **({"cursor": cursor} if cursor else {}))
        assert page["first"] == len(seen) + 1
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(result.id for result in sent)
    ended = [row["ended_at"] for row in rows(client, "args.b:7", limit=50)]
    assert ended == sorted(ended, reverse=True)


@pytest.mark.usefixtures("worker")
def test_queues_and_workers_are_shown(client: Client, shop: Celery) -> None:
    for priority in (1, 5, 5, 9):
        send(shop, "shop.add", 1, queue="prioritized", priority=priority)
    send(shop, "shop.add", 1, queue="a/b c", countdown=500)

    def settled() -> Any:
        (found,) = ask(client, "queues", name="prio")["items"] or [None]
        return found if found and found["ready"] == 4 else None

    queue = until(settled, "the queue to be seen")
    assert (queue["state"], queue["ready"], queue["served_by"]) == ("unserved", 4, [])
    detail = ask(client, "queues/prioritized")
    assert [(each["priority"], each["ready"]) for each in detail["priorities"]] == [
        (9, 1),
        (5, 2),
        (1, 1),
    ]
    assert [each["row"]["priority"] for each in detail["next"]] == [9, 5, 5, 1]
    named = f"queues/{quote('a/b c', safe='')}"
    until(lambda: ask(client, named)["queue"]["delayed"] == 1, "the other queue to be seen")
    names = [each["name"] for each in ask(client, "queues", sort="name", limit=2)["items"]]
    assert names == sorted(names)
    second = ask(
        client,
        "queues",
        sort="name",
        limit=1,
        cursor=ask(client, "queues", sort="name", limit=1)["next"],
    )
    assert second["items"][0]["name"] == names[1]
    workers = ask(client, "workers")
    assert workers["summary"]["processes"] == 2
    (node,) = workers["items"]
    assert (node["node"], node["threads"], node["queues"]) == ("w1@test", 4, ["celery", "mail"])
    assert sorted(process["number"] for process in node["processes"]) == [1, 2]
    assert all(process["memory"] > 2**20 for process in node["processes"])
    shop.control.purge()


def test_schedule_limits_settings_and_doctor(
    client: Client, site: Site, worker: SupervisedSet
) -> None:
    assert ask(client, "schedule")["items"] == []
    limits = ask(client, "limits")["rates"]
    assert [(each["task"], each["rate"]) for each in limits] == [("shop.limited", "1/h")]
    settings = ask(client, "settings")
    assert settings["store"]["server"].startswith("Valkey")
    by_name = {each["name"]: each for each in settings["settings"]}
    assert by_name["result_extended"]["changed"]
    assert not by_name["task_ignore_result"]["changed"]
    assert any(each["level"] == "ok" for each in ask(client, "doctor")["findings"])
    response = client.post(
        "/api/v1/schedule/preview", json={"kind": "crontab", "expression": "*/15 9-14 * * mon-fri"}
    )
    assert response.json()["words"] == "Every 15 minutes, 09:00 to 14:45, Monday to Friday"
    assert len(response.json()["next_runs"]) == 5
    response = client.post("/api/v1/schedule/preview", json={"kind": "crontab", "expression": "x"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


def test_completion_goes_on_with_what_was_typed(client: Client, worker: SupervisedSet) -> None:
    found = ask(client, "tasks/suggestions", text="task:shop.a")
    assert [each["text"] for each in found["values"]] == ["task:shop.add", "task:shop.again"]
    assert "queue:celery" in [
        each["text"] for each in ask(client, "tasks/suggestions", text="queue:ce")["values"]
    ]
    assert [each["key"] for each in ask(client, "tasks/suggestions", text="st")["keys"]] == [
        "state:",
        "stamp:",
    ]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("tasks/none", 404, "nothing is kept of a task 'none'"),
        ("queues/none", 404, "there is no queue 'none'"),
        ("schedule/none", 404, "there is no entry 'none'"),
        ("jobs/none", 404, "there is no job 'none'"),
        ("none", 404, "no such path"),
        ("tasks?filter=stat:x", 400, "did you mean state:?"),
        ("tasks?cursor=x", 400, "take one from `next`"),
        ("tasks?group=x", 400, "take the `key` of a group"),
        ("overview?span=2h", 400, "it must be one of 1h, 24h, 72h"),
        ("audit?filter=queue:x", 400, "there are by, did, on"),
        ("stream?watch=session", 400, "cannot be watched"),
        ("stream?watch=tasks%3Ffilter%3Dstat:x", 200, ""),
    ],
)
def test_bad_input_is_answered_with_one_clear_message(
    site: Site, path: str, status: int, words: str
) -> None:
    with site.client("viewer") as viewer, site.client("admin") as admin:
        client = viewer if not path.startswith("audit") else admin
        with client.stream("GET", f"/api/v1/{path}") as response:
            assert response.status_code == status
            if status >= 400:
                response.read()
                assert words in response.json()["detail"]


def test_pages_and_files_are_served(site: Site) -> None:
    with site.client() as client:
        page = client.get("/")
        assert page.status_code == 200
        assert 'data-base=""' in page.text
        assert "<script>" not in page.text
        for path in ("/tasks", "/tasks/some/id", "/queues/a/b", "/settings", "/login"):
            assert client.get(path).status_code == 200
        missing = client.get("/nonsense")
        assert (missing.status_code, 'data-missing="true"' in missing.text) == (404, True)
        names = [part.split('"')[0] for part in page.text.split('src="')[1:]]
        script = client.get(names[0])
        assert script.status_code == 200
        assert script.headers["content-type"].startswith("text/javascript")
        assert "immutable" in script.headers["cache-control"]
        assert client.get("/static/other/app.js").status_code == 404
        assert client.get("/static/../pyproject.toml").status_code == 404
        assert client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text.startswith(
            '<!doctype html>\n<html lang="zh-CN"'
        )
