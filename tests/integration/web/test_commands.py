"""The command line finds and does what the dashboard does, by the same filters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskhub import Celery


def test_tasks_are_listed_shown_and_revoked(run: Any, shop: Celery) -> None:
    sent = [shop.send_task("shop.add", (number,), queue="shell") for number in range(3)]
    out, err = run("tasks", "list", "queue:shell", "--limit", "2")
    assert out.splitlines()[0] == "Tasks"
    assert len(out.splitlines()) == 4
    cursor = err.split("--cursor ")[1].split()[0]
    out, _ = run("tasks", "list", "queue:shell", "--limit", "2", "--cursor", cursor, "--json")
    assert json.loads(out)["id"] == sent[2].id
    out, _ = run("tasks", "list", "queue:shell", "args.a:1", "--json")
    assert json.loads(out)["id"] == sent[1].id
    out, _ = run("tasks", "show", sent[1].id[:8])
    assert "No worker takes it." in out
    out, _ = run("tasks", "revoke", "--filter", "queue:shell args.a:2", "--dry-run")
    assert out == "1 of 1 task\n"
    _, err = run("tasks", "revoke", "--filter", "queue:shell args.a:2", code=1)
    assert "--yes" in err
    assert shop.engine.queues()["shell"].ready == 3
    out, _ = run("tasks", "revoke", "--filter", "queue:shell args.a:2", "--yes", "--reason", "test")
    assert out == "revoke: 1 of 1 task\n"
    out, _ = run("tasks", "revoke", sent[0].id, "none")
    assert out == "revoke: 1 of 2 tasks (1 are not known)\n"
    assert [each.task_id for each in shop.engine.waiting("shell", 0, 10)] == [sent[1].id]
    out, _ = run("audit", "did:revoke", "--json")
    entries = [json.loads(line) for line in out.splitlines()]
    assert [(each["done"], each["source"], each["how"]) for each in entries] == [
        (1, "command_line", ""),
        (1, "command_line", "test"),
    ]
    shop.engine.purge("shell")


def test_queues_are_paused_and_resumed(run: Any, shop: Celery) -> None:
    out, _ = run("queues", "pause", "shelves", "--reason", "stocktaking", code=1)
    shop.send_task("shop.add", (1,), queue="shelves")
    out, _ = run("queues", "pause", "shelves", "--reason", "stocktaking")
    assert out == "shelves is paused\n"
    assert shop.engine.paused_queues()["shelves"].reason == "stocktaking"
    assert "paused" in run("queues")[0]
    _, err = run("queues", "pause", "shelves", code=1)
    assert "is paused already" in err
    assert "shop.add" in run("queues", "shelves")[0]
    run("queues", "resume", "shelves")
    assert not shop.engine.paused_queues()
    assert "queues.pause" in run("audit", "on:shelves")[0]
    shop.engine.purge("shelves")


def test_an_empty_queue_is_forgotten(run: Any, shop: Celery) -> None:
    shop.send_task("shop.add", (1,), queue="seasonal")
    _, err = run("queues", "forget", "seasonal", "never", code=1)
    assert "seasonal is kept: it holds ready messages" in err
    assert "there is no queue 'never'" in err
    shop.engine.purge("seasonal")
    shop.engine.pause_queue("seasonal")
    assert run("queues", "forget", "seasonal", "--reason", "over")[0] == "seasonal is forgotten\n"
    assert "seasonal" not in shop.engine.queues()
    assert not shop.engine.paused_queues()
    out, _ = run("audit", "on:seasonal", "--json")
    assert [(each["action"], each["how"]) for each in map(json.loads, out.splitlines())] == [
        ("queues.forget", "over")
    ]


def test_failed_tasks_are_grouped_retried_and_deleted(run: Any, shop: Celery, worker: Any) -> None:
    for number in range(2):
        with pytest.raises(ValueError, match="shell"):
            shop.send_task("shop.fail", (f"shell {number}",)).get(timeout=30)
    out, _ = run("failed", "groups")
    assert "ValueError" in out
    out, _ = run("failed", "list", "args.text:shell*", "--json")
    ids = [json.loads(line)["id"] for line in out.splitlines()]
    assert len(ids) == 2
    out, _ = run("tasks", "show", ids[0])
    assert "ValueError: shell" in out
    out, _ = run("failed", "retry", ids[0])
    assert out == "retry: 1 of 1 task\n"
    out, _ = run("tasks", "retry", ids[1], "--kwargs", '{"text": "other"}', "--args", "[]")
    assert out.startswith("sent as ")
    out, _ = run("failed", "delete", "--filter", "task:shop.fail", "--yes")
    assert out.startswith("delete: ")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("tasks", "list", "stat:x"), 2, "did you mean state:?"),
        (("tasks", "list", "--cursor", "x"), 2, "take one from `next`"),
        (("tasks", "show", "none"), 1, "nothing is kept of a task 'none'"),
        (("tasks", "retry"), 2, "name tasks by their ids, or by --filter"),
        (("tasks", "retry", "a", "--filter", "b"), 2, "name tasks by their ids"),
        (("failed", "retry", "--filter", "state:dead"), 2, "names no condition but a state"),
        (("tasks", "retry", "a", "b", "--args", "[]"), 2, "go with one ID"),
        (("tasks", "retry", "a", "--args", "x"), 2, "--args is not JSON"),
        (("tasks", "terminate", "a", "--signal", "SIGSTOP"), 2, "'SIGSTOP' is none of"),
        (("audit", "queue:x"), 2, "there are by, did, on"),
        (("web", "--host", "0.0.0.0"), 2, "without a way of signing in"),
        (("web", "--users", "none.txt"), 2, "cannot be read"),
        (("web", "--basic-auth", "x"), 2, "must be NAME:PASSWORD"),
        (("web", "--role", "queues.burn=admin"), 2, "no action 'queues.burn'"),
        (("web", "--base-path", "x"), 2, "must begin with /"),
        (("web", "--openid", "login.example"), 2, "must be a URL"),
        (("web", "password", "a b"), 2, "must be one word"),
    ],
)
def test_mistakes_are_named(run: Any, arguments: tuple[str, ...], code: int, words: str) -> None:
    _, err = run(*arguments, code=code)
    assert words in err
    assert len(err.strip().splitlines()) <= 2


def test_passwords_and_tokens_are_written(run: Any, tmp_path: Any) -> None:
    file = tmp_path / "users"
    run("web", "password", "ann", "--role", "admin", "--file", str(file), text="correct horse\n")
    _, err = run("web", "password", "ann", code=2, text="short\n")
    assert "shorter than 8 characters" in err
    out, _ = run("web", "token", "ci", "--file", str(file))
    assert out.startswith("taskhub_")
    names = [line.split()[:2] for line in file.read_text().splitlines()]
    assert names == [["ann", "admin"], ["ci", "viewer"]]
    assert out.strip() not in file.read_text()


def test_top_draws_the_overview(run: Any, shop: Celery) -> None:
    shop.send_task("shop.add", (1,), queue="shown")
    out, _ = run("top", "--once")
    assert "taskhub / shop" in out
    assert "shown" in out
    assert "Waiting" in out
    shop.engine.purge("shown")
