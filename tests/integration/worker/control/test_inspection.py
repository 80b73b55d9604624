"""Workers tell what they do, while every thread is busy, too."""

from __future__ import annotations

import time
from pathlib import Path

from tests.integration.worker.conftest import Journal, Stage
from tests.integration.worker.control.replies import PATIENT, node, only
from tests.support.workers import until


def test_running_tasks_are_told_while_every_thread_is_busy(
    stage: Stage, journal: Journal, tmp_path: Path
) -> None:
    workers = stage.supervised(processes=2, threads=2)
    inspect = stage.app.control.inspect(timeout=PATIENT)
    results = [stage.send("wait_for_file", journal, tmp_path / "go") for _ in range(4)]
    journal.wait_for(4)

    replies = inspect.active()
    active = only(replies)
    assert list(replies) == [node("celery")]
    assert sorted(task["id"] for task in active) == sorted(result.id for result in results)
    assert sorted({task["worker_pid"] for task in active}) == sorted(workers.pids)
    for task in active:
        assert (task["name"], task["type"]) == ("wait_for_file", "wait_for_file")
        assert task["args"] == [str(journal), str(tmp_path / "go")]
        assert task["kwargs"] == {}
        assert task["hostname"] == node("celery")
        assert 0 <= time.time() - task["time_start"] < 60
        assert task["acknowledged"] is False
        assert task["delivery_info"] == {
            "exchange": "",
            "routing_key": "default",
            "priority": None,
            "redelivered": False,
        }
    assert only(inspect.active(safe=True))[0]["kwargs"] == "{}"
    # Whoever has answered is not waited for.
    asked = time.monotonic()
    assert stage.app.control.ping(timeout=100.0) == [{node("celery"): {"ok": "pong"}}]
    assert time.monotonic() - asked < 50
    state, task = only(inspect.query_task(results[0].id, "unknown"))[results[0].id]
    assert (state, task["id"]) == ("active", results[0].id)
    assert only(inspect.reserved()) == []
    assert only(inspect.stats())["total"] == {"wait_for_file": 4}
    assert sorted(only(inspect.stats())["pool"]["processes"]) == sorted(workers.pids)

    (tmp_path / "go").touch()
    for result in results:
        result.get(timeout=60)
    until(lambda: only(inspect.active()) == [], "nothing to run")


def test_settings_and_the_rest_are_told(stage: Stage) -> None:
    stage.supervised(threads=1)
    inspect = stage.app.control.inspect(timeout=PATIENT)

    conf = only(inspect.conf())
    assert conf["task_default_queue"] == "default"
    assert only(inspect.conf(with_defaults=True))["task_acks_late"] is not None
    assert "software -> taskhub:" in only(inspect.report())["ok"]
    assert "add" in only(inspect.registered())
    assert "add [name=add ignore_result=False]" in only(inspect.registered("name", "ignore_result"))
    first, second = only(inspect.clock())["clock"], only(inspect.clock())["clock"]
    assert second > first
    assert only(inspect.hello(node("celery"))) is None
    assert set(only(inspect.hello("other@host"))) == {"revoked", "clock"}
    assert only(inspect.memsample()).endswith("MB")
    assert "- rss (end): " in only(inspect.memdump())
    assert "objgraph" in only(inspect.objgraph())["error"]
    asked = {"id": "1", "topic": "t"}
    (reply,) = stage.app.control.broadcast("election", asked, reply=True, timeout=PATIENT)
    assert "elections are unsupported" in only(reply)["error"]
