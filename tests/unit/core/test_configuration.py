"""The configuration: what it takes, refuses and warns of."""

from __future__ import annotations

import pickle
import sys
import warnings
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from taskhub.config.configuration import Configuration
from taskhub.config.settings import NEW_NAMES, SETTINGS, defaults
from taskhub.exceptions import ConfigurationWarning, ImproperlyConfigured


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKER_URL", "RESULT_BACKEND", "BROKER_READ_URL", "CONFIG_MODULE"):
        monkeypatch.delenv(f"CELERY_{name}", raising=False)
        monkeypatch.delenv(f"TASKHUB_{name}", raising=False)


def test_every_setting_says_what_it_does_or_why_nothing() -> None:
    for setting in SETTINGS.values():
        assert bool(setting.about) != bool(setting.reason), setting.name
        assert setting.check(setting.default) == setting.default
    assert len(NEW_NAMES) == len(SETTINGS)


def test_defaults_are_not_shared() -> None:
    one, other = Configuration(), Configuration()
    one.beat_schedule["job"] = {}

    assert other.beat_schedule == {}
    assert defaults()["beat_schedule"] == {}


def test_a_default_that_was_filled_in_place_stays_filled() -> None:
    conf = Configuration()
    conf.beat_schedule["job"] = {}
    conf.task_serializer = "pickle"

    assert conf.beat_schedule == {"job": {}}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("task_always_eager", "true", True),
        ("task_always_eager", "off", False),
        ("task_always_eager", 1, True),
        ("task_max_deliveries", "3", 3),
        ("result_expires", "60", 60.0),
        ("result_expires", timedelta(hours=1), timedelta(hours=1)),
        ("worker_max_tasks_per_child", None, None),
        ("worker_concurrency", "auto", "auto"),
    ],
)
def test_values_are_taken_also_from_text(name: str, value: Any, expected: Any) -> None:
    conf = Configuration()
    conf[name] = value

    assert conf[name] == expected
    assert getattr(conf, name) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("task_always_eager", "maybe", "True or False"),
        ("task_max_deliveries", 2.5, "a whole number"),
        ("task_max_deliveries", True, "a whole number"),
        ("beat_schedule", [], "a dictionary"),
        ("task_default_queue", 3, "a string"),
        ("accept_content", 3, "a list of strings"),
    ],
)
def test_a_wrong_value_is_refused_and_changes_nothing(name: str, value: Any, expected: str) -> None:
    conf = Configuration()
    before = conf[name]

    with pytest.raises(ImproperlyConfigured, match=f"{name} must be {expected}, not "):
        conf.update({"task_serializer": "yaml", name: value})
    assert (conf[name], conf.task_serializer) == (before, "json")


def test_a_wrong_secret_is_not_shown() -> None:
    conf = Configuration()

    conf.broker_transport_options = "redis://u:hunter2@h"
    with pytest.raises(ImproperlyConfigured, match="redis://u:") as raised:
        len(conf)
    assert "hunter2" not in str(raised.value)


def test_a_setting_without_effect_takes_anything() -> None:
    assert SETTINGS["broker_heartbeat"].check("many") == "many"


def test_the_source_is_read_when_a_value_is_first_asked_for() -> None:
    calls: list[str] = []

    def zone() -> dict[str, str]:
        calls.append("defaults")
        return {"timezone": "Asia/Shanghai"}

    conf = Configuration(
        before_load=lambda: calls.append("before"), after_load=lambda: calls.append("after")
    )
    conf.config_from_object({"task_serializer": "yaml"})
    conf.update(result_serializer="yaml")
    conf.setdefault("task_default_queue", "q")
    conf.add_defaults(zone)
    assert (calls, conf.loaded) == ([], False)

    assert (conf.task_serializer, conf.result_serializer) == ("yaml", "yaml")
    assert (conf.task_default_queue, conf.timezone) == ("q", "Asia/Shanghai")
    assert calls == ["before", "defaults", "after"]


def test_hooks_may_read_and_change() -> None:
    conf = Configuration(
        before_load=lambda: conf.update(task_serializer=conf.result_serializer),
        after_load=lambda: conf.update(task_default_queue=conf.task_serializer),
    )
    conf.update(result_serializer="yaml")

    assert (conf.task_serializer, conf.task_default_queue) == ("yaml", "yaml")


def test_another_source_replaces_the_first_and_changes_stay() -> None:
    conf = Configuration()
    conf.config_from_object({"task_serializer": "yaml", "result_serializer": "yaml"})
    assert conf.task_serializer == "yaml"
    conf.task_default_queue = "q"

    conf.config_from_object({"task_serializer": "pickle"})

    assert (conf.task_serializer, conf.result_serializer) == ("pickle", "json")
    assert conf.task_default_queue == "q"


def test_a_change_can_be_taken_back() -> None:
    conf = Configuration()
    conf.config_from_object({"task_serializer": "yaml"})
    conf.CELERY_TASK_SERIALIZER = "pickle"
    assert conf.task_serializer == "pickle"

    del conf["task_serializer"]
    assert conf.task_serializer == "yaml"
    with pytest.raises(KeyError, match="was not set on this object"):
        del conf["task_serializer"]
    with pytest.raises(AttributeError):
        del conf.task_serializer


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("broker_url", "TASKHUB_BROKER_URL"),
        ("broker_url", "CELERY_BROKER_URL"),
        ("result_backend", "TASKHUB_RESULT_BACKEND"),
        ("result_backend", "CELERY_RESULT_BACKEND"),
    ],
)
def test_the_environment_decides(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = Configuration(arguments={name: "redis://given"})
    assert conf[name] == "redis://given"

    monkeypatch.setenv(variable, "redis://environment")
    assert conf[name] == getattr(conf, name) == conf.get(name) == "redis://environment"
    assert conf.with_defaults()[name] == "redis://environment"


def test_modules_are_found_in_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "words_conf.py").write_text("import os\ntask_serializer = 'yaml'\n")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)

    for name in ("words_conf", "words_conf:os.sep"):
        conf = Configuration()
        conf.config_from_object(name)
        assert conf.task_serializer == ("yaml" if name == "words_conf" else "json")
    assert sys.path == path

    conf = Configuration()
    conf.config_from_object("words_conf.py")
    with pytest.raises(ImportError, match="Did you mean 'words_conf'"):
        len(conf)


def test_a_missing_module_is_told_unless_silence_was_asked_for() -> None:
    conf = Configuration()
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        conf.config_from_object("no_such_module", force=True)
    conf = Configuration()
    conf.config_from_object("no_such_module", silent=True)
    assert conf.task_serializer == "json"


def test_the_environment_may_name_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    conf = Configuration()
    with pytest.raises(ImproperlyConfigured, match="WORDS_MODULE is not set;"):
        conf.config_from_envvar("WORDS_MODULE")
    assert conf.config_from_envvar("WORDS_MODULE", silent=True) is False
    monkeypatch.setitem(sys.modules, "words_module", SimpleNamespace(task_serializer="yaml"))
    monkeypatch.setenv("WORDS_MODULE", "words_module")
    assert conf.config_from_envvar("WORDS_MODULE") is True
    assert conf.task_serializer == "yaml"


def test_a_mixture_of_styles_is_refused_with_the_new_names() -> None:
    conf = Configuration()
    conf.config_from_object(
        {"task_serializer": "yaml", "timezone": "UTC", "CELERY_ALWAYS_EAGER": True}
    )
    with pytest.raises(ImproperlyConfigured, match=r"CELERY_ALWAYS_EAGER +-> task_always_eager"):
        len(conf)


def messages(source: Any, namespace: str | None = None) -> list[str]:
    conf = Configuration()
    conf.config_from_object(source, namespace=namespace)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        len(conf)
    assert all(warning.category is ConfigurationWarning for warning in caught)
    return [str(warning.message) for warning in caught]


def test_unknown_names_get_one_warning_with_the_nearest_names() -> None:
    (message,) = messages({"task_serialiser": "yaml", "broker_ulr": "x", "zzz": 1})

    assert "task_serialiser (did you mean task_serializer?)" in message
    assert "broker_ulr (did you mean broker_url?)" in message
    assert message.endswith("zzz")


def test_in_a_module_only_likely_settings_are_warned_of() -> None:
    source = SimpleNamespace(os=sys, helper=len, mine=3, DEBUG=True, task_serialiser="yaml")

    (message,) = messages(source)
    assert message.endswith("task_serialiser (did you mean task_serializer?)")


def test_under_a_prefix_only_prefixed_names_are_warned_of() -> None:
    (message,) = messages({"DEBUG": 1, "CELERY_TASK_SERIALISER": "x"}, "CELERY")
    assert "CELERY_TASK_SERIALISER (did you mean" in message
    assert "DEBUG" not in message


def test_settings_without_effect_get_one_warning_with_the_reasons() -> None:
    (message,) = messages(
        {"broker_heartbeat": 3, "security_key": "x", "task_protocol": 2, "timezone": "UTC"}
    )

    assert "broker_heartbeat (Workers hold leases" in message
    assert "security_key (Messages are not signed" in message
    assert "task_protocol" not in message


def test_settings_whose_purpose_is_met_anyway_are_not_warned_of() -> None:
    given = {"worker_state_db": "x", "result_backend_max_retries": 10, "beat_sync_every": 1}

    assert messages({**given, "task_reject_on_worker_lost": True}) == []
    (message,) = messages({**given, "task_reject_on_worker_lost": False})
    assert message.startswith("Settings without effect in taskhub: task_reject_on_worker_lost (")


def test_settings_of_a_program_under_the_prefix_are_its_own() -> None:
    own = {"CELERY_RESTRICT_WRITER_METHOD": "a.b", "CELERY_FLOWER_USER": "x"}

    assert messages(SimpleNamespace(**own), "CELERY") == []


def test_old_names_under_a_prefix_are_known() -> None:
    source = SimpleNamespace(CELERY_DEFAULT_QUEUE="low", CELERY_SEND_TASK_SENT_EVENT=True)

    assert messages(source, "CELERY") == []


def test_a_later_change_warns_of_itself_alone() -> None:
    conf = Configuration()
    len(conf)
    with pytest.warns(ConfigurationWarning, match=r"^Unknown .*: task_serialiser \(did") as caught:
        conf.task_serialiser = "x"
    assert len(caught) == 1
    assert conf.task_serialiser == "x"


def test_what_is_shown_holds_no_secrets() -> None:
    conf = Configuration()
    conf.update(
        broker_url="redis://u:hunter2@h/0",
        result_backend="sentinel://:hunter2@a;sentinel://:hunter2@b",
        broker_transport_options={
            "sentinel_kwargs": {"password": "hunter2"},
            "master_name": "m",
        },
    )

    shown = conf.humanize() + repr(conf) + conf.humanize(with_defaults=True)
    assert "hunter2" not in shown
    assert "'master_name': 'm'" in shown
    assert set(conf.table()) == {"broker_url", "result_backend", "broker_transport_options"}


def test_it_is_a_mapping() -> None:
    conf = Configuration({"task_serializer": "yaml"})

    assert "task_serializer" in conf
    assert "CELERY_TASK_SERIALIZER" in conf
    assert "nothing" not in conf
    assert set(conf) == set(SETTINGS)
    assert dict(conf.items())["task_serializer"] == "yaml"
    assert conf.get("nothing", 3) == 3
    assert conf.first("result_compression", "task_serializer") == "yaml"
    assert conf.value_set_for("CELERY_TASK_SERIALIZER")
    assert not conf.value_set_for("task_acks_late")
    assert conf.find_value_for_key("extended", "result") is False
    assert conf.get_by_parts("task", "serializer") == "yaml"
    with pytest.raises(AttributeError, match="Did you mean task_serializer"):
        _ = conf.task_serialiser


def test_a_copy_is_independent() -> None:
    conf = Configuration({"task_serializer": "yaml"})
    copied = conf.copy()
    copied.task_serializer = "pickle"
    copied.beat_schedule["job"] = {}

    assert (conf.task_serializer, conf.beat_schedule) == ("yaml", {})


def test_its_changes_can_be_pickled() -> None:
    conf = Configuration({"CELERY_TASK_SERIALIZER": "yaml"})
    len(conf)

    assert Configuration(pickle.loads(pickle.dumps(conf.changes))).task_serializer == "yaml"
