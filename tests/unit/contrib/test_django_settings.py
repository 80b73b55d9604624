"""Django's settings as those of an app, and what a call of `django.tasks` says of itself."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.config.configuration import Configuration
from taskhub.contrib.django.settings_source import (
    NAMESPACE,
    DjangoSettings,
    conflicts,
    own_settings,
)
from taskhub.contrib.django.task_record import TaskRecord, band_of, status_name
from taskhub.exceptions import ConfigurationWarning, ImproperlyConfigured


def configured(**settings: Any) -> Configuration:
    """Return the configuration of an app made from these settings of Django's."""
    conf = Configuration()
    conf.config_from_object(DjangoSettings(SimpleNamespace(**settings)), namespace=NAMESPACE)
    return conf


def test_a_setting_may_stand_in_either_place() -> None:
    conf = configured(
        TASKHUB={"task_time_limit": 5, "CELERY_TASK_DEFAULT_QUEUE": "mail"},
        CELERY_TASK_SOFT_TIME_LIMIT=3,
        TIME_ZONE="Europe/Zurich",
    )
    assert (conf.task_time_limit, conf.task_soft_time_limit) == (5, 3)
    assert conf.task_default_queue == "mail"
    assert conf.timezone == "Europe/Zurich"


def test_settings_of_tests_are_asked_for_each_time() -> None:
    settings = SimpleNamespace(TASKHUB={"TASK_ALWAYS_EAGER": False})
    conf = Configuration()
    conf.config_from_object(DjangoSettings(settings), namespace=NAMESPACE)
    assert conf.task_always_eager is False
    settings.TASKHUB = {"TASK_ALWAYS_EAGER": True}
    assert conf.task_always_eager is True
    settings.TASKHUB = {}
    settings.CELERY_TASK_ALWAYS_EAGER = True
    assert conf.task_always_eager is True


def test_the_name_of_the_app_is_no_setting() -> None:
    assert "app" not in configured(TASKHUB={"APP": "shop:app"}).without_defaults()


def test_a_misspelt_setting_is_named_as_it_is_written() -> None:
    with pytest.warns(ConfigurationWarning) as caught:
        names = configured(
            TASKHUB={"worker_concurency": 4, "CELERY_RESULT_EXPIRE": 60},
            CELERY_TASK_TIME_LIMT=5,
            CELERY_SHOP=1,
        ).unknown_settings
    assert sorted(names) == [
        ("CELERY_TASK_TIME_LIMT", "CELERY_TASK_TIME_LIMIT"),
        ("TASKHUB['RESULT_EXPIRE']", "RESULT_EXPIRES"),
        ("TASKHUB['WORKER_CONCURENCY']", "WORKER_CONCURRENCY"),
    ]
    assert "TASKHUB['WORKER_CONCURENCY'] (did you mean WORKER_CONCURRENCY?)" in str(
        caught[0].message
    )


@pytest.mark.parametrize(
    ("written", "namespace", "meant"),
    [
        ("task_serialiser", None, "task_serializer"),
        ("CELERYD_CONCURENCY", None, "CELERYD_CONCURRENCY"),
        ("CELERY_WORKER_CONCURENCY", "CELERY", "CELERY_WORKER_CONCURRENCY"),
        ("shop_task_serialiser", "shop", "shop_task_serializer"),
    ],
)
def test_the_nearest_name_is_one_of_its_source(
    written: str, namespace: str | None, meant: str
) -> None:
    conf = Configuration()
    conf.config_from_object({written: 1}, namespace=namespace)
    with pytest.warns(ConfigurationWarning, match=rf"{written} \(did you mean {meant}\?\)"):
        assert conf.unknown_settings == ((written, meant),)


def test_two_values_of_one_setting_are_refused() -> None:
    settings = {"TASKHUB": {"task_time_limit": 5}, "CELERY_TASK_TIME_LIMIT": 6}
    assert conflicts(SimpleNamespace(**settings)) == ["TASK_TIME_LIMIT"]
    with pytest.raises(ImproperlyConfigured, match="TASK_TIME_LIMIT twice"):
        _ = configured(**settings).task_time_limit
    settings["CELERY_TASK_TIME_LIMIT"] = 5
    assert configured(**settings).task_time_limit == 5


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["redis://"], "must be a dictionary, not a list"),
        ({1: 2}, "has the key 1, which is no name"),
        ({"Task_Time_Limit": 1}, "has the key 'Task_Time_Limit': write TASK_TIME_LIMIT"),
        ({"task_time_limit": 1, "TASK_TIME_LIMIT": 1}, "has TASK_TIME_LIMIT twice"),
    ],
)
def test_what_is_no_dictionary_of_settings(given: Any, line: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=line):
        own_settings(SimpleNamespace(TASKHUB=given))


def test_priorities_keep_their_order_and_zero_is_alone() -> None:
    bands = [band_of(priority) for priority in range(-100, 101)]
    assert bands == sorted(bands)
    assert set(bands) == set(range(10))
    assert [priority for priority in range(-100, 101) if band_of(priority) == 5] == [0]


names = st.text(min_size=1, max_size=20)


@given(
    st.builds(
        TaskRecord,
        path=names,
        backend=names,
        queue=names,
        priority=st.integers(-100, 100),
        enqueued_at=names,
        run_after=st.none() | names,
        worker_ids=st.lists(names).map(tuple),
        error=st.none() | st.tuples(names, names),
    )
)
def test_a_record_survives_its_stamp(record: TaskRecord) -> None:
    assert TaskRecord.decode(record.encode()) == record
    assert TaskRecord.decode([record.encode()]) == record


@pytest.mark.parametrize("stamp", [None, "", "{", "[]", "{}", 7, [], ['{"path": "a"}']])
def test_another_stamp_is_no_record(stamp: Any) -> None:
    assert TaskRecord.decode(stamp) is None


def test_attempts_add_up() -> None:
    first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    record = TaskRecord("a.b", "default", "default", 0, "now")
    record = record.attempted("one", first).attempted("two", second)
    assert (record.started_at, record.last_attempted_at) == (first.isoformat(), second.isoformat())
    assert record.worker_ids == ("one", "two")


def test_states_as_statuses() -> None:
    assert [status_name(state) for state in ("PENDING", "RETRY", "REVOKED", "PROGRESS")] == [
        "READY",
        "READY",
        "FAILED",
        "RUNNING",
    ]
