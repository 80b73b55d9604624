"""What is found in settings."""

from __future__ import annotations

import pytest

from taskhub.config.settings import SETTINGS
from taskhub_migration import rules
from tests.unit.migration.conftest import Check


def test_tables_name_settings_that_are_honoured() -> None:
    assert all(SETTINGS[name].honoured for name in rules.SETTINGS)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("app.conf.broker_heartbeat = 3", ["without-effect broker_heartbeat @m.py:3"]),
        ("app.conf['BROKER_HEARTBEAT'] = 3", ["without-effect broker_heartbeat @m.py:3"]),
        ("app.conf.update(worker_state_db='x', timezone='UTC')", [("without-effect worker_state_db "
                                                                  "@m.py:3")]),
        ("app.conf.update({'worker_agent': 1})", ["without-effect worker_agent @m.py:3"]),
        ("app.conf.update(dict(worker_agent=1))", ["without-effect worker_agent @m.py:3"]),
        ("app.conf.task_serialiser = 'json'", ["without-effect task_serialiser @m.py:3"]),
        ("app.conf.task_acks_late = True", []),
        ("app.conf.task_acks_late = False", ["differs task_acks_late @m.py:3"]),
        ("app.conf.result_serializer = 'pickle'", ["differs result_serializer @m.py:3"]),
        ("app.conf.task_time_limit = 'ten'", ["unsupported task_time_limit @m.py:3"]),
        ("app.conf.accept_content = ['json', 'auth']", ["unsupported accept_content: auth @m.py:3"]),
        ("app.conf.broker_transport_options = {'visibility_timeout': 3, 'master_name': 'm'}", []),
        ("app.conf.broker_transport_options = {'global_keyprefix': 'p'}", []),
        ("app.conf.broker_transport_options = {'sep': ':', 'fanout_prefix': True}",
         ["without-effect broker_transport_options: sep @m.py:3",
          "without-effect broker_transport_options: fanout_prefix @m.py:3"]),
        ("app.conf.broker_transport_options = {'priority_steps': [0, 9]}",
         ["without-effect broker_transport_options: priority_steps @m.py:3"]),
        (("app.conf.broker_transport_options = {'priority_steps': [0, 9], 'queue_order_strategy': "
         "'priority'}"), []),
        ("app.conf.broker_url = 'sqs://key:secret@'", ["unsupported broker_url sqs:// @m.py:3"]),
        ("app.conf.broker_url = ['redis://a', 'redis://b']", ["differs several brokers @m.py:3"]),
        ("app.conf.broker_url = f'amqp://{user}@{host}'", ["unsupported broker_url amqp:// @m.py:3"]),
        ("app.conf.broker_url = os.environ['URL']", ["unverified broker_url @m.py:3"]),
        ("app.conf.broker_url = os.environ.get('URL', 'redis://x')", []),
        ("app.conf.result_backend = 'db+sqlite:///r.db'", ["differs results in a database @m.py:3"]),
        ("app.conf.result_backend = 'database'", ["differs results in a database @m.py:3"]),
        ("app.conf.result_backend = 'rpc'", ["unsupported result_backend rpc:// @m.py:3"]),
        ("app.conf.result_backend = 'django-db'", ["differs django-db @m.py:3"]),
        ("app.conf.result_backend = 'disabled://'", ["unsupported disabled:// @m.py:3"]),
        ("app.conf.beat_schedule = made()", ["unverified beat_schedule @m.py:3"]),
        ("app.conf[name] = 3", ["unverified settings @m.py:3"]),
        ("app.conf.update(made())", ["unverified settings @m.py:3"]),
        ("app.conf.update(**made)", ["unverified settings @m.py:3"]),
        ("setattr(app.conf, name, 3)", ["unverified settings @m.py:3"]),
        ("app.config_from_envvar('X')", ["unverified app.config_from_envvar @m.py:3"]),
        ("app.config_from_object(made())", ["unverified settings @m.py:3"]),
        ("app.config_from_object('elsewhere.settings')", [("unverified the settings in "
                                                          "elsewhere.settings @m.py")]),
        ("Celery('b', amqp='x:y', broker='amqp://')",
         ["without-effect Celery(amqp=...) @m.py:3", "unsupported broker_url amqp:// @m.py:3"]),
    ],
)  # fmt: skip
def test_settings_of_an_app(check: Check, line: str, found: list[str]) -> None:
    assert sorted(check(f"from celery import Celery\napp = Celery()\n{line}")) == sorted(found)


def test_a_module_of_settings(check: Check) -> None:
    app = "from celery import Celery\nCelery().config_from_object('conf.celeryconfig')\n"
    settings = """
        import os
        helper = os.getcwd()
        broker_url = "redis://localhost"
        worker_direct = True
        task_trak_started = True
        if os.environ.get("X"):
            result_backend = "mongodb://localhost"
    """
    assert check({"app.py": app, "conf/celeryconfig.py": settings}) == [
        "without-effect worker_direct @conf/celeryconfig.py:5",
        "without-effect task_trak_started @conf/celeryconfig.py:6",
        "unsupported result_backend mongodb:// @conf/celeryconfig.py:8",
    ]


def test_old_and_new_names(check: Check) -> None:
    app = "from celery import Celery\nCelery().config_from_object('conf')\n"
    settings = "task_serializer = 'json'\nresult_expires = 3\nCELERY_TIMEZONE = 'UTC'\n"
    assert check({"app.py": app, "conf.py": settings}) == [
        "unsupported old and new names of settings @conf.py:3"
    ]


def test_a_class_of_settings(check: Check) -> None:
    assert check("""
        from celery import Celery
        class Config:
            enable_utc = True
            worker_timer = "x"
        app = Celery()
        app.config_from_object(Config)
    """) == ["without-effect worker_timer @m.py:5"]


def test_settings_of_django(check: Check) -> None:
    app = """
        from celery import Celery
        app = Celery("proj")
        app.config_from_object("django.conf:settings", namespace="CELERY")
    """
    settings = """
        INSTALLED_APPS = ["django_celery_results"]
        CELERY_BROKER_URL = "amqp://localhost"
        CELERY_TASK_TRACK_STARTED = True
        CELERY_WORKER_DIRECT = True
        CELERY_TASK_TRAK_STARTED = True
        CELERY_BEAT_SCHEDULE_FILENAME = "x"
        TIME_ZONE = "UTC"
    """
    assert check({"proj/celery.py": app, "proj/settings.py": settings}) == [
        "unsupported broker_url amqp:// @proj/settings.py:3",
        "without-effect worker_direct @proj/settings.py:5",
        "without-effect CELERY_TASK_TRAK_STARTED @proj/settings.py:6",
        "without-effect beat_schedule_filename @proj/settings.py:7",
    ]


def test_a_class_of_settings_that_a_web_framework_hands_over(check: Check) -> None:
    assert check(
        {
            "config.py": """
                class CeleryConfig:
                    broker_url = "sqla+sqlite:///celery.db"
                    task_acks_late = False
                    flavour = "vanilla"

                class Service:
                    broker_url = "amqp://telemetry"
                    flavour = "vanilla"

                CELERY_CONFIG = CeleryConfig
            """,
            "app.py": """
                from celery import Celery
                app = Celery()
                app.config_from_object(flask.config["CELERY_CONFIG"])
            """,
        }
    ) == [
        "unverified settings @app.py:4",
        "unsupported broker_url sqla+sqlite:// @config.py:3",
        "differs task_acks_late @config.py:4",
    ]
