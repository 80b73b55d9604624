"""`app.schedule`: periodic jobs seen and changed at run time, with who and when."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.schedules import crontab, schedule
from taskhub.schedules.entry import EntryError
from taskhub.schedules.jobs import who
from taskhub.schedules.schedule_format import describe_schedule


@pytest.fixture(autouse=True)
def configured(app: Celery) -> None:
    """One entry of the configuration, and one of the application."""
    app.schedule.application = {"brought": {"task": "add", "schedule": 60, "args": [1]}}
    app.conf.beat_schedule = {"job": {"task": "add", "schedule": crontab(0, 7), "args": (1,)}}


def test_add_and_remove(app: Celery, engine: MemoryEngine) -> None:
    made = app.schedule.add("new", "add", 30, args=[4], overlap="skip", by="ann")
    assert (made.origin, made.args, made.overlap, made.changed_by) == ("store", (4,), "skip", "ann")
    assert sorted(app.schedule.entries()) == ["brought", "job", "new"]
    assert app.schedule.schedule_store.leader_topic in engine._state.notifications, (
        "the scheduler is told"
    )
    app.schedule.remove("new", by="bob")
    assert sorted(app.schedule.entries()) == ["brought", "job"]
    assert engine.schedule_store("tests").entries().documents == {}

    (removed, added) = app.schedule.history()
    assert (added.entry, added.what, added.by) == ("new", "add", "ann")
    assert added.fields["overlap"] == "skip"
    assert (removed.what, removed.by) == ("remove", "bob")
    assert abs(datetime.now(UTC) - removed.at) < timedelta(minutes=1)
    assert app.schedule.history("job") == []


def test_add_takes_tasks_and_signatures(app: Celery) -> None:
    task = app.tasks["add"]
    assert app.schedule.add("task", task, timedelta(hours=1), kwargs={"x": 1}).task == "add"
    made = app.schedule.add("call", task.s(1, y=2).set(queue="q", countdown=5), "0 7 * * mon-fri")

    assert (made.args, made.kwargs) == ((1,), {"y": 2})
    assert made.options == {"queue": "q", "countdown": 5}
    assert describe_schedule(app.schedule.get("call").schedule) == "0 7 * * mon-fri"
    assert app.schedule.history("task")[0].by == who()


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        (
            "job",
            {"schedule": 5},
            "there is an entry 'job' already: change it, or take another name",
        ),
        ("new", {"schedule": -5}, "entry 'new': the interval -5 s is too short"),
        ("new", {"schedule": "99 * * * *"}, "crontab minute 99 is out of range: 0 to 59"),
        ("new", {"schedule": crontab(nowfun=lambda: None)}, "nowfun cannot be stored"),
        ("new", {"schedule": 5, "args": [object()]}, "JSON can't hold"),
        ("new", {"schedule": 5, "arg": [1]}, "unknown field 'arg': did you mean args?"),
    ],
)
def test_what_cannot_be_added(app: Celery, name: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=re.escape(message)):
        app.schedule.add(name, "add", fields.pop("schedule"), **fields)

    assert app.schedule.history() == []


def test_change_wins_over_the_configuration_until_reset(app: Celery) -> None:
    app.schedule.change("job", schedule=schedule(5), missed="all", by="ann")
    app.schedule.change("job", args=[9], missed_limit=timedelta(minutes=1))
    found = app.schedule.get("job")
    assert (found.schedule, found.args, found.missed) == (schedule(5), (9,), "all")
    assert found.missed_limit == timedelta(minutes=1)
    assert found.changed == ("args", "missed", "missed_limit", "schedule")
    with pytest.raises(EntryError, match="interval 0 s is too short"):
        app.schedule.change("job", schedule=0)
    app.schedule.reset("job", by="bob")

    assert app.schedule.get("job").args == (1,)
    assert app.schedule.get("job").changed == ()
    assert [change.what for change in app.schedule.history("job")] == ["reset", "change", "change"]
    assert len(app.schedule.history("job", 1)) == 1


def test_an_entry_of_the_configuration_can_be_removed_and_brought_back(app: Celery) -> None:
    app.schedule.remove("job")
    assert "job" not in app.schedule.entries()
    with pytest.raises(EntryError, match="'job' was removed: reset brings it back"):
        app.schedule.pause("job")
    app.schedule.reset("job")

    assert app.schedule.get("job").enabled


def test_an_entry_that_cannot_be_can_be_mended_or_removed(app: Celery) -> None:
    app.conf.beat_schedule = {"bad": {"task": "add", "schedule": -1}}
    with pytest.raises(EntryError, match="entry 'bad': the interval -1 s"):
        app.schedule.get("bad")
    app.schedule.change("bad", schedule=5)
    assert app.schedule.get("bad").schedule == schedule(5)
    app.schedule.reset("bad")
    app.schedule.remove("bad")
    assert app.schedule.merged().problems == {}


def test_names_that_do_not_exist(app: Celery) -> None:
    for call in (
        lambda: app.schedule.get("jop"),
        lambda: app.schedule.pause("jop"),
        lambda: app.schedule.remove("jop"),
        lambda: app.schedule.run("jop"),
        lambda: app.schedule.status("jop"),
    ):
        with pytest.raises(EntryError, match="there is no entry 'jop': did you mean job"):
            call()
    with pytest.raises(EntryError, match="nothing was changed about 'job' at run time"):
        app.schedule.reset("job")
    app.schedule.add("new", "add", 5, args=[1])
    with pytest.raises(EntryError, match="'new' is only in the store: remove it"):
        app.schedule.reset("new")


def test_a_change_that_meets_another_one_is_made_on_top_of_it(
    app: Celery, engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.schedule_store("tests").entries
    interfered: list[str] = []

    def entries() -> Any:
        found = real()
        if not interfered:
            interfered.append("job")
            app.schedule.change("job", kwargs={"y": 5})
        return found

    monkeypatch.setattr(engine.schedule_store("tests"), "entries", entries)
    app.schedule.change("job", args=[3])

    assert (app.schedule.get("job").args, app.schedule.get("job").kwargs) == ((3,), {"y": 5})


def test_run_now_even_if_paused(app: Celery, engine: MemoryEngine) -> None:
    app.schedule.pause("job")
    result = app.schedule.run("job")

    (claim,) = engine.claim("w1", ["default"], 10).claims
    assert claim.task_id == result.id
    (status,) = app.schedule.status("job")
    assert (status.task_id, status.state, status.sent) == (result.id, "PENDING", 1)
    assert status.next_run is None


def test_the_calendar_is_in_the_apps_time_zone(app: Celery) -> None:
    app.conf.timezone = "Asia/Shanghai"
    app.schedule.add("often", "add", 6 * 3600, args=[1])
    app.schedule.change("brought", schedule="30 12 * * *")
    app.schedule.add("paused", "add", 60, args=[1], enabled=False)
    begin = datetime(2026, 5, 2, tzinfo=UTC)
    found = app.schedule.calendar(24, begin)

    assert [(f"{at:%d %H:%M %Z}", entry.name) for at, entry in found] == [
        ("02 12:30 CST", "brought"),
        ("02 14:00 CST", "often"),
        ("02 20:00 CST", "often"),
        ("03 02:00 CST", "often"),
        ("03 07:00 CST", "job"),
    ]
    assert app.schedule.calendar(0.001, begin) == []


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("", {"args": [1]}, "an entry cannot have the name ''"),
        ("a\nb", {"args": [1]}, "an entry cannot have the name"),
        ("new", {}, "missing 1 required positional argument: 'x'"),
        ("new", {"args": [1], "options": {"qeue": "x"}}, "did you mean queue?"),
        ("new", {"args": [1], "options": {"queue": "a\nb"}}, "queue"),
        ("new", {"args": [1], "options": {"priority": "high"}}, "'high'"),
        ("new", {"args": [1], "options": {"serializer": "none"}}, "no serializer 'none'"),
        ("new", {"args": [1], "options": {"link": 1}}, "is no signature"),
        ("new", {"args": [1], "options": {"expires": 1e300}}, "out of range"),
    ],
)
def test_a_call_that_could_not_be_made_is_not_stored(
    app: Celery, engine: MemoryEngine, name: str, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(EntryError, match=re.escape(message)):
        app.schedule.add(name, "add", 30, **fields)
    assert engine.schedule_store("tests").entries().documents == {}
    # What another app knows, or what is none of our options, is not ours to judge.
    app.schedule.add("other", "elsewhere", 30, options={"my_property": 1})
    app.schedule.change("other", schedule=60)
    with pytest.raises(EntryError, match="missing"):
        app.schedule.change("other", task="add")
