"""Who is asked, who answers, and how long is waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskhub.exceptions import DuplicateNodenameWarning
from tests.integration.worker.conftest import Journal, Stage, shared_stage
from tests.integration.worker.control.replies import PATIENT, node, only
from tests.support.workers import until


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage with two workers, for all tests of this module."""
    with shared_stage(tmp_path_factory.mktemp("pair")) as made:
        made.supervised("-n", "one@%h", processes=2, threads=1, wait=False)
        made.supervised("-n", "two@%h", threads=1, wait=False)
        for workers in made.sets:
            workers.wait_until_ready()
        yield made


@pytest.fixture
def pair(two_workers: Stage) -> Iterator[Stage]:
    """The stage with two workers, where no message of another test is."""
    with two_workers.visit() as stage:
        yield stage


def test_nobody_is_waited_for_where_nobody_is(stage: Stage) -> None:
    began = time.monotonic()

    assert stage.app.control.inspect(timeout=100.0).active() is None
    assert stage.app.control.ping(timeout=100.0) == []
    assert stage.app.control.inspect(node("nobody"), timeout=100.0).ping() is None
    assert stage.app.control.pool_grow(1) is None

    assert time.monotonic() - began < 50


def test_workers_are_chosen_by_name_and_pattern(pair: Stage) -> None:
    control, pong = pair.app.control, {"ok": "pong"}

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


def test_delayed_tasks_are_told_once(pair: Stage) -> None:
    ids = [pair.send("add", 1, n, countdown=1000 * (n + 1), priority=n).id for n in range(3)]
    pair.send("add", 1, 2, countdown=100, queue="elsewhere")

    replies = pair.app.control.inspect(timeout=PATIENT).scheduled()

    assert sorted(replies) == [node("one"), node("two")]
    told = [entry for entries in replies.values() for entry in entries]
    assert [entry["request"]["id"] for entry in told] == ids
    assert [entry["priority"] for entry in told] == [0, 1, 2]
    assert told[0]["eta"].endswith("+00:00")
    assert told[0]["request"]["time_start"] is None
    # A worker that is asked alone tells.
    (alone,) = pair.app.control.inspect([node("two")], timeout=PATIENT).scheduled().values()
    assert [entry["request"]["id"] for entry in alone] == ids


def test_workers_that_share_a_name_are_told_of_as_one_with_a_warning(stage: Stage) -> None:
    for _ in range(2):
        stage.supervised("-n", "same@%h", threads=1, wait=False)
    for workers in stage.sets:
        workers.wait_until_ready()

    with pytest.warns(DuplicateNodenameWarning, match="same@"):
        stats = only(stage.app.control.inspect(timeout=PATIENT).stats())

    assert len(stats["pool"]["processes"]) == 2


def test_a_worker_that_was_away_hears_what_was_said(
    stage: Stage, journal: Journal, tmp_path: Path
) -> None:
    workers = stage.supervised(threads=1)
    workers.freeze()
    stage.app.control.add_consumer("late")
    assert stage.app.control.cancel_consumer("default", reply=True, timeout=0.1) == []
    time.sleep(0.2)
    workers.thaw()

    stage.send("mark", journal, "late", queue="late").get(timeout=60)

    # Who did not wait for the reply does not want it done any more.
    until(
        lambda: "had expired and was ignored" in workers.log, "the late command to be passed over"
    )
    stage.send("mark", journal, "default").get(timeout=60)


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
    assert len(stage.app.engine.worker_infos()) == 1
