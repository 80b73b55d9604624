"""A message that no worker can open is one of the failed tasks, with the reason."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from taskhub import Celery
from taskhub.message import Envelope
from tests.integration.web.conftest import Site
from tests.support.workers import until


@pytest.mark.usefixtures("worker")
def test_a_message_that_cannot_be_opened_is_listed_with_the_failed(
    site: Site, shop: Celery, run: Any
) -> None:
    task_id = str(uuid.uuid4())
    shop.engine.enqueue([Envelope(task_id, "celery", 5, b"\xff no message")])
    until(lambda: shop.engine.dead_letter(task_id), "the message to be given up")
    failed = shop.send_task("shop.fail", ("beside it",))
    with pytest.raises(ValueError, match="beside it"):
        failed.get(timeout=30)
    assert shop.engine.history.entries([task_id]) == [None], "a worker knows nothing of its task"
    with site.client("admin") as client:

        def ask(path: str, **params: str) -> Any:
            return client.get(f"/api/v1/{path}", params=params).json()

        until(lambda: ask("tasks")["counts"]["failed"] == 2, "both to be counted")
        page = ask("tasks", filter="state:failed queue:celery")
        assert [row["id"] for row in page["items"]] == [failed.id, task_id]
        row = page["items"][1]
        assert (row["state"], row["task"], row["queue"]) == ("dead", "(unreadable)", "celery")
        assert row["reason"] == row["error"]["kind"] == "DecodeError"
        assert row["actions"] == ["retry", "delete"]
        assert ask("tasks", filter="error:DecodeError")["items"] == [row]
        assert ask("tasks/groups", filter="state:failed")["groups"] == 2
        assert ask(f"tasks/{task_id}")["row"]["reason"] == "DecodeError"
        assert task_id[:8] in run("failed", "list", "state:dead")[0]
        body = {"action": "delete", "ids": [task_id]}
        assert client.post("/api/v1/tasks/actions", json=body).json()["done"] == 1
        until(lambda: ask("tasks")["counts"]["failed"] == 1, "it to be gone")
    assert shop.engine.dead_letter(task_id) is None
