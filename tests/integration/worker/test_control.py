"""Workers are controlled and inspected while they work, under `taskhub worker` and under `dramatiq`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from taskhub import chord, signature
from taskhub.exceptions import DuplicateNodenameWarning, TaskRevokedError
from taskhub.worker.commands.letter import Command
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until

CONTROLLED = "tests.integration.worker.controlled"
#: Longer than a loaded machine takes to answer; whoever has answered is not waited for.
PATIENT = 20.0


def node(name: str) -> str:
    """Return a node's name on this host."""
    return f"{name}@{os.uname().nodename}"


def only(replies: dict[str, Any] | None) -> Any:
    """Return what the only node replied."""
    assert replies is not None
    (reply,) = replies.values()
    return reply


def begun(journal: Journal, count: int) -> None:
    """Wait until so many tasks run."""
    journal.wait_for(count)


def test_running_tasks_are_told_while_every_thread_is_busy(
    stage: Stage, journal: Journal, tmp_path: Path
) -> None:
    workers = stage.supervised(processes=2, threads=2)
    inspect = stage.app.control.inspect(timeout=PATIENT)
    results = [stage.send("wait_for_file", journal, tmp_path / "go") for _ in range(4)]
    begun(journal, 4)

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
    state, task = only(inspect.query_task(results[0].id, "unknown"))[results[0].id]
    assert (state, task["id"]) == ("active", results[0].id)
    assert only(inspect.reserved()) == []
    assert only(inspect.stats())["total"] == {"wait_for_file": 4}
    assert sorted(only(inspect.stats())["pool"]["processes"]) == sorted(workers.pids)

    (tmp_path / "go").touch()
    for result in results:
        result.get(timeout=15)
    until(lambda: only(inspect.active()) == [], "nothing to run")


def test_answers_come_before_the_timeout(stage: Stage, journal: Journal, tmp_path: Path) -> None:
    stage.supervised(processes=2, threads=1)
    for _ in range(2):
        stage.send("wait_for_file", journal, tmp_path / "go")
    begun(journal, 2)
    began = time.monotonic()

    assert stage.app.control.ping(timeout=100.0) == [{node("celery"): {"ok": "pong"}}]

    assert time.monotonic() - began < 50
    (tmp_path / "go").touch()


def test_nobody_is_waited_for_where_nobody_is(stage: Stage) -> None:
    began = time.monotonic()

    assert stage.app.control.inspect(timeout=100.0).active() is None
    assert stage.app.control.ping(timeout=100.0) == []
    assert stage.app.control.inspect(node("nobody"), timeout=100.0).ping() is None
    assert stage.app.control.pool_grow(1) is None

    assert time.monotonic() - began < 50


def test_delayed_tasks_are_told_once(stage: Stage) -> None:
    stage.supervised("-n", "one@%h", processes=2, threads=1)
    stage.supervised("-n", "two@%h", processes=1, threads=1)
    ids = [stage.send("add", 1, n, countdown=1000 * (n + 1), priority=n).id for n in range(3)]
    stage.send("add", 1, 2, countdown=100, queue="elsewhere")

    replies = stage.app.control.inspect(timeout=PATIENT).scheduled()

    assert sorted(replies) == [node("one"), node("two")]
    told = [entry for entries in replies.values() for entry in entries]
    assert [entry["request"]["id"] for entry in told] == ids
    assert [entry["priority"] for entry in told] == [0, 1, 2]
    assert told[0]["eta"].endswith("+00:00")
    assert told[0]["request"]["time_start"] is None
    # A worker that is asked alone tells.
    (alone,) = stage.app.control.inspect([node("two")], timeout=PATIENT).scheduled().values()
    assert [entry["request"]["id"] for entry in alone] == ids


def test_workers_are_chosen_by_name_and_pattern(stage: Stage) -> None:
    stage.supervised("-n", "one@%h", threads=1)
    stage.supervised("-n", "two@%h", threads=1)
    control, pong = stage.app.control, {"ok": "pong"}

    assert control.inspect(timeout=PATIENT).ping() == {node("one"): pong, node("two"): pong}
    assert control.inspect([node("two")], timeout=PATIENT).ping() == {node("two"): pong}
    assert control.inspect(node("two"), timeout=PATIENT).ping() == pong
    assert control.inspect(pattern="one@*", timeout=PATIENT).ping() == {node("one"): pong}
    by_expression = control.inspect(pattern="(one|no)@", matcher="pcre", timeout=PATIENT)
    assert by_expression.ping() == {node("one"): pong}
    assert control.inspect(limit=1, timeout=PATIENT).ping() in (
        {node("one"): pong},
        {node("two"): pong},
    )
    seen: list[Any] = []
    control.inspect(timeout=PATIENT, callback=seen.append).ping()
    assert sorted(seen, key=str) == [{node("one"): pong}, {node("two"): pong}]


def test_workers_that_share_a_name_are_told_of_as_one_with_a_warning(stage: Stage) -> None:
    stage.supervised("-n", "same@%h", threads=1)
    stage.supervised("-n", "same@%h", threads=1)

    with pytest.warns(DuplicateNodenameWarning, match="same@"):
        stats = only(stage.app.control.inspect(timeout=PATIENT).stats())

    assert len(stats["pool"]["processes"]) == 2


def test_commands_of_ones_own(stage: Stage) -> None:
    workers = stage.supervised(processes=2, threads=1, module=CONTROLLED)
    control = stage.app.control

    def ask(name: str, **arguments: Any) -> Any:
        (reply,) = control.broadcast(name, arguments, reply=True, timeout=PATIENT)
        return reply[node("celery")]

    assert sorted(ask("whereabouts")) == sorted(workers.pids)
    assert ask("twice", number=21) == {"ok": ["program", node("celery"), 42]}
    assert ask("breaks") == {"error": "LookupError('nothing here')"}
    assert "state.app" in ask("looks")["error"]
    assert "object" in ask("strange")["error"]
    assert "no_such" in ask("no_such")["error"]
    assert "unexpected" in ask("twice", wrong=1)["error"]
    assert ask("ping") == {"ok": "pong"}
    assert "No such control command: no_such" in workers.log


def test_strange_letters_are_ignored(stage: Stage) -> None:
    workers = stage.supervised(threads=1)
    mailbox = stage.app.engine.mailbox
    nobody = Command(method="shutdown", sender="").to_text()
    for text in ("", "no JSON", "[]", '{"method": "shutdown"}', nobody):
        mailbox.post(text)
    mailbox.post(Command(method="ping", sender="me", pattern="(", matcher="pcre").to_text())

    assert stage.app.control.ping(timeout=PATIENT) == [{node("celery"): {"ok": "pong"}}]

    assert workers.log.count("a control message was ignored") == 6
    assert workers.is_running


def test_a_worker_that_was_away_hears_what_was_said(
    stage: Stage, journal: Journal, tmp_path: Path
) -> None:
    workers = stage.supervised(threads=1)
    workers.freeze()
    stage.app.control.add_consumer("late")
    assert stage.app.control.cancel_consumer("default", reply=True, timeout=0.1) == []
    time.sleep(0.2)
    workers.thaw()

    stage.send("mark", journal, "late", queue="late").get(timeout=20)

    # Who did not wait for the reply does not want it done any more.
    until(lambda: "came too late" in workers.log, "the late command to be passed over")
    stage.send("mark", journal, "default").get(timeout=20)


def test_a_worker_listens_again_after_its_connection_broke(make_stage: Any, proxy: Any) -> None:
    stage: Stage = make_stage()
    workers = stage.workers(url=proxy.url, threads=1)
    assert stage.app.control.ping(timeout=PATIENT)

    proxy.cut()
    stage.app.control.add_consumer("new")

    until(lambda: "serves queue new" in workers.log, "the worker to hear", 30.0)


def test_remote_control_can_be_off(make_stage: Any) -> None:
    stage: Stage = make_stage(worker_enable_remote_control=False)
    stage.supervised(threads=1)
    began = time.monotonic()

    assert stage.app.control.ping(timeout=100.0) == []

    assert time.monotonic() - began < 50
    assert len(stage.app.engine.cards()) == 1


# -- revoking


def test_what_waits_is_revoked_without_workers(stage: Stage, journal: Journal) -> None:
    ready = stage.send("mark", journal, "ready")
    delayed = stage.send("mark", journal, "delayed", countdown=1000)
    kept = stage.send("mark", journal, "kept")

    stage.app.control.revoke([ready.id, delayed.id, "unknown"])

    for result in (ready, delayed, stage.app.AsyncResult("unknown")):
        assert result.state == "REVOKED"
        with pytest.raises(TaskRevokedError, match="revoked"):
            result.get(timeout=5)
    assert sorted(stage.app.engine.revoked(0, 9)) == sorted([ready.id, delayed.id, "unknown"])
    assert stage.app.engine.workers() == {}

    # What was revoked before it came is not run by a worker that started later.
    stage.send("mark", journal, "unknown", task_id="unknown")
    stage.supervised(threads=1)
    kept.get(timeout=15)
    revoked = only(stage.app.control.inspect(timeout=PATIENT).revoked())
    assert sorted(revoked) == sorted([ready.id, delayed.id, "unknown"])
    assert journal.words == ["kept"]


def test_who_waits_for_what_was_revoked_is_told(stage: Stage, journal: Journal) -> None:
    def call(word: str, **options: Any) -> Any:
        return signature("mark", (str(journal), word), app=stage.app, **options)

    body = chord([call("a"), call("b")], call("body")).apply_async()
    chain = (call("first") | call("second", immutable=True)).apply_async()
    header = body.parent.results[0]

    stage.app.control.revoke([header.id, chain.parent.id])

    assert chain.state == "REVOKED" or chain.state == "FAILURE"
    stage.supervised(threads=1)
    with pytest.raises(Exception, match="revoked"):
        body.get(timeout=15)
    assert journal.words == ["b"]


def test_running_tasks_are_terminated(stage: Stage, journal: Journal, tmp_path: Path) -> None:
    stage.supervised(processes=2, threads=1)
    running = [stage.send("wait_for_file", journal, tmp_path / "go") for _ in range(2)]
    begun(journal, 2)
    control = stage.app.control

    (reply,) = control.revoke(running[0].id, reply=True, timeout=PATIENT)
    assert reply == {node("celery"): {"ok": f"tasks {{'{running[0].id}'}} flagged as revoked"}}
    assert running[0].state == "PENDING"
    (reply,) = control.terminate(running[0].id, reply=True, timeout=PATIENT)
    assert reply == {node("celery"): {"ok": f"terminate: {running[0].id}"}}
    with pytest.raises(TaskRevokedError, match="terminated"):
        running[0].get(timeout=15)
    (reply,) = control.terminate("unknown", reply=True, timeout=PATIENT)
    assert reply == {node("celery"): {"ok": "terminate: tasks unknown"}}
    with pytest.raises(ValueError, match="there is no signal 'SIGNONE'"):
        control.revoke(running[1].id, terminate=True, signal="SIGNONE")

    running[1].revoke(terminate=True, wait=True, timeout=PATIENT)
    with pytest.raises(TaskRevokedError):
        running[1].get(timeout=15)


def test_tasks_are_revoked_by_their_stamps(stage: Stage, journal: Journal, tmp_path: Path) -> None:
    def send(word: str, customer: str) -> Any:
        return stage.send("mark", journal, word, stamped_headers=["customer"], customer=customer)

    waiting, other = send("waiting", "one"), send("other", "two")
    waiting.revoke_by_stamped_headers({"customer": ["one", "three"]})
    stage.supervised(threads=2)

    other.get(timeout=15)
    with pytest.raises(TaskRevokedError):
        waiting.get(timeout=15)
    later = send("later", "three")
    with pytest.raises(TaskRevokedError):
        later.get(timeout=15)
    assert journal.words == ["other"]

    running = stage.send(
        "wait_for_file", journal, tmp_path / "go", stamped_headers=["batch"], batch="7"
    )
    begun(journal, 2)
    results = stage.app.ResultSet([running])
    results.revoke_by_stamped_headers({"batch": "7"}, terminate=True, wait=True, timeout=PATIENT)
    with pytest.raises(TaskRevokedError):
        running.get(timeout=15)


# -- queues


def test_queues_are_added_and_cancelled_also_for_processes_that_come_later(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised(processes=2, threads=1)
    control = stage.app.control

    def queues() -> list[str]:
        return [queue["name"] for queue in only(control.inspect(timeout=PATIENT).active_queues())]

    assert queues() == ["default"]
    (reply,) = control.add_consumer("new", reply=True, timeout=PATIENT)
    assert only(reply) == {"ok": "add consumer new"}
    (reply,) = control.cancel_consumer("default", reply=True, timeout=PATIENT)
    assert only(reply) == {"ok": "no longer consuming from default"}
    (reply,) = control.cancel_consumer("default", reply=True, timeout=PATIENT)
    assert "not served here; those that are: new" in only(reply)["error"]
    assert queues() == ["new"]
    stage.send("mark", journal, "new", queue="new").get(timeout=15)
    waiting = stage.send("mark", journal, "default")

    os.kill(workers.pids[0], signal.SIGKILL)
    until(lambda: len(workers.pids) == 3, "another process", 90.0)
    until(lambda: len(stage.app.engine.cards()) == 2, "its card")
    assert queues() == ["new"]

    control.add_consumer("default", reply=True, timeout=PATIENT)
    waiting.get(timeout=15)
    assert queues() == ["default", "new"]


def test_purging_counts_over_all_queues_of_the_app(stage: Stage, journal: Journal) -> None:
    stage.app.conf.task_queues = ["default", "other"]
    stage.send("mark", journal, "a")
    stage.send("mark", journal, "b", queue="other")
    stage.send("mark", journal, "c", countdown=100)

    assert stage.app.control.purge() == 3
    assert stage.app.control.discard_all() == 0


# -- the worker itself


def test_processes_are_added_and_taken_away(stage: Stage) -> None:
    stage.supervised(processes=2, threads=1)
    control = stage.app.control

    def processes() -> int:
        return len(only(control.inspect(timeout=PATIENT).stats())["pool"]["processes"])

    (reply,) = control.pool_grow(1, reply=True, timeout=PATIENT)
    assert only(reply) == {"ok": "pool will grow"}
    until(lambda: processes() == 3, "another process", 90.0)
    (reply,) = control.pool_shrink(2, reply=True, timeout=PATIENT)
    assert only(reply) == {"ok": "pool will shrink"}
    until(lambda: processes() == 1, "two processes less", 90.0)
    (reply,) = control.pool_restart(reply=True, timeout=PATIENT)
    assert only(reply) == {"error": "ValueError('Pool restarts not enabled')"}
    (reply,) = control.autoscale(4, 1, reply=True, timeout=PATIENT)
    assert only(reply) == {"error": "ValueError('Autoscale not enabled')"}


def test_a_restart_replaces_every_process(make_stage: Any) -> None:
    stage: Stage = make_stage(worker_pool_restarts=True)
    workers = stage.supervised(processes=2, threads=1)
    before = set(workers.pids)
    (reply,) = stage.app.control.pool_restart(reply=True, timeout=PATIENT)

    assert only(reply) == {"ok": "reload started"}
    until(lambda: len(workers.living) == 2 and before.isdisjoint(workers.living), "new ones", 60.0)


@pytest.mark.parametrize("kind", ["taskhub", "dramatiq"])
def test_workers_are_shut_down_and_finish_what_runs(
    stage: Stage, journal: Journal, kind: str
) -> None:
    start = stage.supervised if kind == "taskhub" else stage.workers
    workers = start(processes=2, threads=1)
    results = [stage.send("work", journal, 1.0) for _ in range(2)]
    begun(journal, 2)

    (reply,) = stage.app.control.shutdown(reply=True, timeout=PATIENT)

    assert only(reply) == {"ok": "shutting down"}
    assert workers.wait(30.0) == 0
    assert [result.state for result in results] == ["SUCCESS", "SUCCESS"]
    assert stage.app.engine.workers() == {}


def test_processes_of_dramatiq_are_not_changed(stage: Stage) -> None:
    stage.workers(processes=1, threads=1)

    (reply,) = stage.app.control.pool_grow(1, reply=True, timeout=PATIENT)

    assert "only `taskhub worker` can change its processes" in only(reply)["error"]


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
    assert "no elections" in only(reply)["error"]
