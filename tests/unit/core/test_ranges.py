"""Settings with a unit: what is out of range is refused where it is configured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from taskhub import Celery
from taskhub.app import stores
from taskhub.config.ranges import LONGEST, RANGES, milliseconds
from taskhub.config.settings import SETTINGS
from taskhub.exceptions import ConfigurationWarning, ImproperlyConfigured

DURATIONS = sorted(name for name, bounds in RANGES.items() if "seconds" in bounds.unit)


@pytest.fixture
def app() -> Iterator[Celery]:
    with Celery("ranges", broker="memory://", set_as_current=False) as app:
        assert app.conf.task_default_queue == "celery"
        yield app


@pytest.mark.parametrize("name", sorted(RANGES))
def test_the_default_is_in_the_range(name: str) -> None:
    setting = SETTINGS[name]
    assert setting.honoured
    assert setting.check(setting.default) == setting.default


@pytest.mark.parametrize("name", sorted(RANGES))
@pytest.mark.parametrize("value", [-1, 10**16, math.nan, math.inf, "-1"])
def test_what_is_out_of_range_is_refused_and_nothing_is_changed(
    app: Celery, name: str, value: Any
) -> None:
    before = app.conf[name]
    with pytest.raises(ImproperlyConfigured, match=f"Setting {name} must be"):
        app.conf[name] = value
    assert app.conf[name] == before
    with pytest.raises(ImproperlyConfigured, match=f"Setting {name} must be"):
        Celery("other", broker="memory://", set_as_current=False, **{name: value}).conf.get(name)


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("value", [timedelta(microseconds=-1), timedelta.max, [5]])
def test_odd_durations_are_refused(app: Celery, name: str, value: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"Setting {name} must be"):
        app.conf[name] = value


@pytest.mark.parametrize("name", ["result_expires", "result_failure_expires", "statistics_expires"])
def test_less_than_a_store_can_measure_is_refused(app: Celery, name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"0 \(.*\) or from 0\.001 to"):
        app.conf[name] = timedelta(microseconds=100)


def test_the_error_names_range_and_unit(app: Celery) -> None:
    with pytest.raises(
        ImproperlyConfigured,
        match=r"^Setting result_expires must be 0 \(forever\) or from 0\.001 to 31,536,000,000 "
        r"seconds, not -1\.$",
    ):
        app.conf.result_expires = -1


def test_half_a_second_is_kept_for_half_a_second(app: Celery) -> None:
    app.conf.result_expires = 0.5
    assert app.result_ttl == app.backend._ttl("SUCCESS") == 500


def test_milliseconds() -> None:
    assert milliseconds(None) is milliseconds(0) is milliseconds(timedelta()) is None
    assert milliseconds(0.0001) == 1
    assert milliseconds(LONGEST) == LONGEST * 1000
    assert milliseconds(timedelta(seconds=1.5)) == 1500
    for value in (-1, 10**16, math.nan):
        with pytest.raises(ImproperlyConfigured):
            milliseconds(value)


@pytest.mark.parametrize("name", ["task_default_queue", "taskhub_namespace"])
@pytest.mark.parametrize("value", ["", "a\nb", "\ud800", "a\0b"])
def test_a_name_that_cannot_be_stored_is_refused(app: Celery, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"Setting {name}: .* cannot be used"):
        app.conf[name] = value


@pytest.mark.parametrize("queues", [["a\nb"], {"": {}}, [5]])
def test_queues_of_the_settings_are_checked(queues: Any) -> None:
    app = Celery("q", broker="memory://", set_as_current=False, task_queues=queues)
    with app, pytest.raises(ImproperlyConfigured, match="task_queues: queue"):
        app.send_task("x")


@pytest.mark.parametrize("policy", [{"max_retries": "3"}, {"tries": 3}])
def test_the_policy_of_the_settings_is_checked(policy: Any) -> None:
    app = Celery("p", broker="memory://", set_as_current=False, task_publish_retry_policy=policy)
    with app, pytest.raises((TypeError, ValueError), match="task_publish_retry_policy"):
        app.send_task("x")


# -- no store at all


@pytest.mark.parametrize("url", ["", []])
def test_an_empty_broker_url_starts_no_store(url: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="broker_url is empty"):
        stores.make_engine(Celery("e", broker=url, set_as_current=False).conf)


@pytest.mark.parametrize("variable", ["TASKHUB_BROKER_URL", "CELERY_BROKER_URL"])
def test_an_empty_variable_starts_no_store(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name in ("TASKHUB_BROKER_URL", "CELERY_BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "")
    with pytest.raises(ImproperlyConfigured, match=f"{variable} is empty"):
        stores.make_engine(Celery("e", set_as_current=False).conf)
    set_otherwise = Celery("e", broker="memory://", set_as_current=False)
    stores.make_engine(set_otherwise.conf).close()


# -- options of tasks


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("queue", queue) for queue in ("a\nb", "", 5)),
        *(("time_limit", -1), ("soft_time_limit", "3"), ("expires", "soon"), ("priority", "high")),
        *(("max_retries", "3"), ("default_retry_delay", -1), ("serializer", 5), ("name", "a\nb")),
        ("compression", "zipp"),
    ],
)
def test_an_option_of_a_task_that_cannot_be_used_is_refused(
    app: Celery, option: str, value: Any
) -> None:
    app.finalize()
    with pytest.raises(ImproperlyConfigured, match=f"^task .*{option}"):
        app.task(**{option: value}, shared=False)(lambda: None)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("max_retrys", "max_retries"),
        ("ignore_results", "ignore_result"),
        ("autoretry", "autoretry_for"),
    ],
)
def test_a_misspelt_option_of_a_task_is_told(app: Celery, name: str, near: str) -> None:
    with pytest.warns(ConfigurationWarning, match=f"{name}= is no option .* Did you mean {near}="):
        app.task(**{name: 3}, shared=False)(lambda: None)


def test_attributes_of_ones_own_are_not(app: Celery) -> None:
    class Own(app.Task):  # type: ignore[misc,name-defined]
        max_retrys = 3

    task = app.task(base=Own, max_retrys=4, tenant="x", shared=False)(lambda: None)
    assert (task.max_retrys, task.tenant) == (4, "x")
