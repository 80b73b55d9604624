"""Tasks are revoked, wherever they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskhub import chord, signature
from taskhub.exceptions import TaskRevokedError
from tests.integration.worker.conftest import Journal, Stage
from tests.integration.worker.control.replies import PATIENT, node, only


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
    kept.get(timeout=60)
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
        body.get(timeout=60)
    assert journal.words == ["b"]


def test_running_tasks_are_terminated(stage: Stage, journal: Journal, tmp_path: Path) -> None:
    stage.supervised(processes=2, threads=1)
    running = [stage.send("wait_for_file", journal, tmp_path / "go") for _ in range(2)]
    journal.wait_for(2)
    control = stage.app.control

    (reply,) = control.revoke(running[0].id, reply=True, timeout=PATIENT)
    assert reply == {node("celery"): {"ok": f"tasks {{'{running[0].id}'}} flagged as revoked"}}
    assert running[0].state == "PENDING"
    (reply,) = control.terminate(running[0].id, reply=True, timeout=PATIENT)
    assert reply == {node("celery"): {"ok": f"terminate: {running[0].id}"}}
    with pytest.raises(TaskRevokedError, match="terminated"):
        running[0].get(timeout=60)
    (reply,) = control.terminate("unknown", reply=True, timeout=PATIENT)
    assert reply == {node("celery"): {"ok": "terminate: tasks unknown"}}
    with pytest.raises(ValueError, match="there is no signal 'SIGNONE'"):
        control.revoke(running[1].id, terminate=True, signal="SIGNONE")

    running[1].revoke(terminate=True, wait=True, timeout=PATIENT)
    with pytest.raises(TaskRevokedError):
        running[1].get(timeout=60)


def test_tasks_are_revoked_by_their_stamps(stage: Stage, journal: Journal, tmp_path: Path) -> None:
    def send(word: str, customer: str) -> Any:
        return stage.send("mark", journal, word, stamped_headers=["customer"], customer=customer)

    waiting, other = send("waiting", "one"), send("other", "two")
    waiting.revoke_by_stamped_headers({"customer": ["one", "three"]})
    stage.supervised(threads=2)

    other.get(timeout=60)
    with pytest.raises(TaskRevokedError):
        waiting.get(timeout=60)
    later = send("later", "three")
    with pytest.raises(TaskRevokedError):
        later.get(timeout=60)
    assert journal.words == ["other"]

    running = stage.send(
        "wait_for_file", journal, tmp_path / "go", stamped_headers=["batch"], batch="7"
    )
    journal.wait_for(2)
    results = stage.app.ResultSet([running])
    results.revoke_by_stamped_headers({"batch": "7"}, terminate=True, wait=True, timeout=PATIENT)
    with pytest.raises(TaskRevokedError):
        running.get(timeout=60)
