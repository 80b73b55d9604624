"""A second message of a task id has a key of its own; when it is given up, it is found as any other."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from taskhub import Celery
from tests.integration.web.conftest import Client
from tests.support.workers import until

pytestmark = pytest.mark.usefixtures("worker")


def run_under_one_id(shop: Celery, *calls: tuple[str, tuple[object, ...]]) -> tuple[str, list[str]]:
    """Run calls with one id; return the id, and the keys of those that were given up."""
    task_id = str(uuid.uuid4())
    shop.engine.pause_queue("celery", "test", "both are stored before one runs")
    for name, arguments in calls:
        shop.send_task(name, arguments, task_id=task_id)
    shop.engine.resume_queue("celery")
    wanted = sum(name == "shop.reject" for name, _ in calls)

    def keys() -> list[str]:
        found = [key for key, _ in shop.engine.dead_keys(0, 1000) if key.startswith(task_id)]
        return found if len(found) == wanted else []

    return task_id, until(keys, "the messages to be given up")


def rows(client: Client, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/tasks", params={"filter": text}).json()[
        "items"
    ]
    return found


def act(client: Client, action: str, *ids: str) -> tuple[int, list[Any]]:
    body = {"action": action, "ids": ids}
    done = client.post("/api/v1/tasks/actions", json=body).json()
    return done["done"], done["skipped"]


def test_both_messages_of_one_id_are_listed_and_retried(client: Client, shop: Celery) -> None:
    task_id, keys = run_under_one_id(
        shop, ("shop.reject", ("first",)), ("shop.reject", ("second",))
    )
    listed = f"state:dead id:{task_id}"
    until(lambda: len(rows(client, listed)) == 2, "both to be listed")
    found = {row["key"]: row for row in rows(client, listed)}
    assert sorted(found) == sorted(keys)
    assert {row["arguments"] for row in found.values()} == {"text='first'", "text='second'"}
    assert all(row["actions"] == ["retry", "delete"] for row in found.values())
    assert client.get(f"/api/v1/tasks/{task_id}").json()["row"]["key"] in keys
    before = dict(shop.engine.dead_keys(0, 1000))
    shop.engine.pause_queue("celery", "test", "both are stored before one runs")
    assert act(client, "retry", *keys) == (2, [])
    shop.engine.resume_queue("celery")

    def again() -> bool:
        now = dict(shop.engine.dead_keys(0, 1000))
        return sum(key.startswith(task_id) and before.get(key) != now[key] for key in now) == 2

    until(again, "both to be given up again")
    until(lambda: len(rows(client, listed)) == 2, "both to be listed again")
    assert act(client, "delete", *(row["key"] for row in rows(client, listed))) == (2, [])
    until(lambda: rows(client, listed) == [], "both to be gone")


def test_one_that_alone_is_known_is_found_by_its_id(client: Client, shop: Celery) -> None:
    task_id, keys = run_under_one_id(
        shop, ("shop.reject", ("first",)), ("shop.reject", ("second",))
    )
    (second,) = [key for key in keys if key != task_id]
    shop.engine.delete_dead_letters([task_id])
    shop.engine.history.delete([task_id])
    shop.engine.forget([task_id])

    def key_of_row() -> Any:
        return client.get(f"/api/v1/tasks/{task_id}").json().get("row", {}).get("key")

    until(lambda: key_of_row() == second, "it to be found by its id")
    assert act(client, "retry", task_id) == (1, [])
    until(lambda: shop.engine.dead_letter(task_id), "it to be given up under its id")
