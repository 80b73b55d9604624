"""What earlier versions have stored is read by this one, and finished: docs/versions.md promises it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from taskhub import Celery
from taskhub.exceptions import ChordError
from taskhub.version import __version__
from taskhub.worker.leases.worker_info import read_worker_infos
from tests.stored.application import DATA, LINKS, make_app
from tests.stored.dump import dump, load
from tests.support.servers import Server, start_valkey
from tests.support.workers import SupervisedSet, until

VERSIONS = sorted(path.stem for path in DATA.glob("*.json"))
#: What ends when workers come, and with which value.
FINISHED: dict[str, Any] = {
    "waiting-1": 1,
    "waiting-9": 9,
    "linking": 3,
    "linked": 13,
    "delayed": 16,
    "claimed": "held",
    "progress": "reported",
    "retried": 1,
    "chain-end": LINKS + 3,
    "chord-body": 12,
    "lost": 12,
}


@pytest.fixture(scope="module", params=VERSIONS)
def keys(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DATA / f"{request.param}.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def server(
    keys: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with start_valkey(tmp_path_factory.mktemp("stored")) as running:
        running.is_shared = True
        with Redis.from_url(running.url) as client:
            load(client, keys)
            assert without_times_to_live(dump(client, {})) == without_times_to_live(keys)
        yield running


@pytest.fixture(scope="module")
def app(server: Server) -> Iterator[Celery]:
    """The app before any worker of this version has come."""
    with make_app({"broker_url": server.url}) as made:
        # Its thread for results is there from here on.
        made.AsyncResult("success").get(timeout=5)
        yield made


@pytest.fixture(scope="module")
def working(
    app: Celery, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Celery]:
    """The app with a worker of this version, and its scheduler."""
    directory = tmp_path_factory.mktemp("workers")
    queues = ["default", "later", "halted", "limited", "lost"]
    settings = {"broker_url": server.url}
    with SupervisedSet(
        *("tests.stored.program", settings, directory),
        queues=queues,
        threads=4,
        arguments=("-B",),
    ) as workers:
        until(lambda: re.search(r"scheduler \S+ is ready", workers.log), "the scheduler to start")
        yield app


def without_times_to_live(keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in ("key", "type", "value")} for one in keys]


def test_the_data_of_this_minor_version_is_kept() -> None:
    minor = __version__.split(".")[:2]
    assert any(version.split(".")[:2] == minor for version in VERSIONS), (
        "run `python -m tests.stored.make`"
    )


def test_results_of_every_state_are_read(app: Celery) -> None:
    states = {
        "success": "SUCCESS",
        "failed": "FAILURE",
        "retried": "RETRY",
        "claimed": "STARTED",
        "progress": "PROGRESS",
        "revoked": "REVOKED",
        "waiting-1": "PENDING",
    }
    assert {task_id: app.AsyncResult(task_id).state for task_id in states} == states
    assert app.AsyncResult("success").get(timeout=1) == 5
    assert app.AsyncResult("progress").info == {"done": 3, "of": 10}
    failed = app.AsyncResult("failed")
    assert repr(failed.result) == "ValueError('no luck with order 7')"
    assert 'raise ValueError(f"no luck with order {order}")' in str(failed.traceback)
    assert "Retry in 10s" in str(app.AsyncResult("retried").traceback)
    assert app.AsyncResult("values").get(timeout=1) == {
        "decimal": Decimal("1.50"),
        "moment": datetime(2026, 11, 30, 12, tzinfo=UTC),
        "text": "任务 ✓",
        "list": [1, None, 2.5, True],
    }
    group = app.GroupResult.restore("group")
    assert group is not None
    assert group.get(timeout=1) == [0, 2, 4]


def test_what_waits_is_seen_where_it_waits(app: Celery) -> None:
    engine = app.engine
    (first, *_, last), delayed = engine.waiting("later", 0, 99), engine.delayed(0, 99)
    assert (first.task_id, last.task_id) == ("waiting-9", "waiting-1")
    assert {one.envelope.task_id for one in delayed} == {"retried", "delayed", "far"}
    assert delayed[-1].due == datetime(2126, 1, 1, tzinfo=UTC).timestamp() * 1000
    assert {one.envelope.task_id for one in engine.rate_limited(0, 9)} == {"limited-1", "limited-2"}
    (worker,) = engine.workers()
    assert engine.held(worker).keys() == {"claimed", "progress"}
    assert engine.paused_queues()["halted"][1:] == ("ada", "the shop is closed")
    assert engine.locks.held() == {"stored-lock": "waiting-1"}
    assert "revoked" in engine.revoked(0, 9)
    assert engine.revoked_stamps() == [("shop", "closed")]


def test_history_and_given_up_messages_are_read(app: Celery) -> None:
    entries = {entry.task_id: entry for entry in app.engine.history.page(1000)}
    assert entries["not-indexed"].state == "SUCCESS"
    assert entries["success"].state == "SUCCESS"
    assert entries["failed"].state == "FAILURE"
    assert "no luck with order 7" in entries["failed"].record
    (dead,) = app.engine.dead_letters(0, 9)
    assert dead.key == "unknown"
    assert "stored.unknown" in dead.reason
    (failed,) = app.engine.history.failed(0, 9)
    assert failed.key == "failed"
    assert [entry.action for entry in app.engine.audit_log.entries(0, 9)] == [
        "schedule.change",
        "schedule.add",
        "schedule.pause",
    ]


def test_schedules_and_their_runs_are_read(app: Celery) -> None:
    entries = app.schedule.entries()
    assert entries["added"].args == (5, 5)
    assert not entries["paused"].enabled
    runs = app.schedule.schedule_store.last_runs()
    assert runs["added"].sent >= 2
    assert runs["queued"].sent == 1
    assert {change.what for change in app.schedule.history("added")} == {"add", "change"}
    (last, *_) = app.schedule.schedule_store.run_history("added")
    assert last.outcome is not None
    assert last.outcome.state == "SUCCESS"


def test_what_was_begun_is_finished(working: Celery) -> None:
    got = {task_id: working.AsyncResult(task_id).get(timeout=30) for task_id in FINISHED}
    assert got == FINISHED
    until(lambda: working.engine.group("actor-4"), "the native actor to run")
    with pytest.raises(ChordError, match=r"its caller, .*, was lost"):
        working.AsyncResult("abandoned-body").get(timeout=30)
    # It was revoked, and is not due.
    assert working.AsyncResult("revoked").state == "REVOKED"
    assert working.AsyncResult("far").state == "PENDING"
    assert working.engine.locks.held() == {}


def test_what_was_held_back_runs_when_it_may(working: Celery) -> None:
    assert working.AsyncResult("halted").state == "PENDING"
    working.engine.resume_queue("halted")
    assert working.AsyncResult("halted").get(timeout=30) == 11
    working.control.rate_limit("stored.limited", 0)
    got = [working.AsyncResult(f"limited-{number}").get(timeout=30) for number in (1, 2)]
    assert got == [1, 2]


def test_given_up_messages_run_again(working: Celery) -> None:
    assert working.engine.retry_dead_letters(["unknown"]) == ["unknown"]
    assert working.engine.history.retry_failed(["failed"]) == ["failed"]
    until(lambda: working.AsyncResult("unknown").state == "SUCCESS", "the dead letter to run")
    until(lambda: working.AsyncResult("failed").state == "SUCCESS", "the failed one to run")
    assert working.AsyncResult("failed").get(timeout=1) == "order 7"


def test_schedules_fire(working: Celery, keys: list[dict[str, Any]]) -> None:
    store = working.schedule.schedule_store
    ((*runs,),) = (one["value"] for one in keys if "schedule:runs" in str(one["key"]))
    for name, text in zip(runs[::2], runs[1::2], strict=True):
        _, _, before, _ = text.split(" ")[:4]
        # The first one that fires was queued behind a run that has ended.
        more = 0 if name == "paused" else 2
        until(lambda: store.last_runs()[name].sent >= int(before) + more, f"{name} to fire")  # noqa: B023
    assert store.last_runs()["paused"].sent == 0


def test_the_lost_worker_is_forgotten(working: Celery) -> None:
    infos = until(
        lambda: (found := read_worker_infos(working.engine.worker_infos())) and found,
        "the worker of this version to be registered",
    )
    assert {info.version for info in infos.values()} == {__version__}
    assert len(working.engine.workers()) == 1


#: Keys that live for a moment, or belong to the tasks that come with the library.
NOT_KEPT = {
    # What belongs to a store, to processes that run, or to the shipped application.
    *("{ns}:notifier:<q>", "{ns}:receiving", "{ns}:format", "{ns}:id"),
    *("{ns}:system:known", "{ns}:mail:sent:..."),
}


def kinds_of_the_data_model() -> list[tuple[str, str]]:
    """Return the keys that the table in docs/architecture.md lists, each with its type."""
    text = (Path(__file__).parents[2] / "docs/architecture.md").read_text("utf-8")
    table = text.partition("## Data model in Redis")[2].partition("\n## ")[0]
    found = []
    for line in table.splitlines():
        if line.startswith("| `"):
            names = re.findall("`([^`]+)`", line.split("|")[1])
            types = line.split("|")[2].strip().split(", ")
            found += zip(names, types if len(types) > 1 else types * len(names), strict=True)
    assert {name for name, _ in found} >= NOT_KEPT
    return [one for one in found if one[0] not in NOT_KEPT]


@pytest.mark.parametrize("kind", kinds_of_the_data_model(), ids=lambda kind: kind[0])
def test_the_data_holds_every_kind_of_key(
    keys: list[dict[str, Any]], kind: tuple[str, str]
) -> None:
    name, type_ = kind
    parts = re.split(r"<\w+>", name.replace("{ns}", "{taskhub}").replace("\\n", "\n"))
    pattern = "(?s:.+)".join(map(re.escape, parts))
    types = {one["type"] for one in keys if re.fullmatch(pattern, str(one["key"]))}
    assert types == {type_}
