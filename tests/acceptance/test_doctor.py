"""`taskhub doctor` speaks of the app at hand, and of nothing else."""

from __future__ import annotations

import json
from typing import Any

import redis

from tests.acceptance.command import Commands
from tests.support.servers import Server

#: What only the shipped tasks need.
SERVICES = {"e-mail", "operators", "cache", "market data"}

SITE = {
    "__init__.py": "",
    "settings.py": """
SECRET_KEY = "x"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALISER = "json"
CELERY_LETTERS_OF_OUR_OWN = "yes"
""",
    "celery.py": """
import os
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_ours.settings")
app = Celery("site_of_ours")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
""",
}


def findings(commands: Commands, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    ended = commands.run(*arguments, "doctor", "--json")
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]


def test_an_app_without_shipped_tasks_needs_none_of_their_services(commands: Commands) -> None:
    code, found = findings(commands)
    assert code == 0
    assert not SERVICES & {finding["subject"] for finding in found}
    workers = next(finding for finding in found if finding["subject"] == "workers")
    assert workers["advice"] == "start some: `taskhub worker`, or `taskhub up`"


def test_one_with_shipped_tasks_does(commands: Commands) -> None:
    (commands.directory / "own.py").write_text(
        "import taskhub\n"
        "app = taskhub.Celery('own')\n"
        "@app.task(name='Modules.admin.tasks.default_tasks.send_email')\n"
        "def send_email(): ...\n"
    )
    shipped = {
        name: SERVICES & {finding["subject"] for finding in findings(commands, "-A", name)[1]}
        for name in ("taskhub.actors", "own")
    }
    assert shipped == {"taskhub.actors": SERVICES, "own": set()}


def test_of_djangos_settings_only_the_apps_are_looked_at(commands: Commands) -> None:
    site = commands.directory / "site_of_ours"
    site.mkdir()
    for name, text in SITE.items():
        (site / name).write_text(text)
    code, found = findings(commands, "-A", "site_of_ours")
    settings = {
        finding["detail"]: finding["level"] for finding in found if finding["subject"] == "settings"
    }
    # Programs keep settings of their own under the prefix, too.
    assert settings == {"there is no setting CELERY_TASK_SERIALISER": "fail"}
    assert code == 1


def test_what_else_stands_under_the_key_of_a_queue_is_named(
    commands: Commands, store: Server
) -> None:
    (commands.directory / "own.py").write_text(
        "import taskhub\napp = taskhub.Celery('own', task_default_queue='mail')\n"
    )
    with redis.Redis(unix_socket_path=str(store.socket)) as client:
        client.set("{taskhub}:queue:mail", "x")
        code, found = findings(commands, "-A", "own")
        client.delete("{taskhub}:queue:mail")
    (finding,) = (each for each in found if each["subject"] == "keys")
    assert code == 1
    assert finding["detail"] == "{taskhub}:queue:mail is a string, where a sorted set is needed"
    assert "DEL '{taskhub}:queue:mail'" in finding["advice"]


def test_a_user_who_may_not_ask_for_info_is_told_the_line_that_lets_him(
    commands: Commands, store: Server
) -> None:
    with redis.Redis(unix_socket_path=str(store.socket)) as client:
        client.execute_command(
            *("ACL", "SETUSER", "shop", "reset", "on", ">secret", "+@all", "-info", "~*", "&*")
        )
        url = store.socket_url.replace("unix://", "unix://shop:secret@")
        code, found = findings(commands, "-b", url)
        (finding,) = (each for each in found if each["subject"] == "broker")
        assert (code, finding["level"]) == (0, "warn")
        assert "(INFO)" in finding["detail"]
        client.execute_command(*finding["advice"].split())
        _, found = findings(commands, "-b", url)
        assert all("(INFO)" not in each["detail"] for each in found)


def test_a_full_store_is_called_full_and_no_right_is_missing(
    commands: Commands, store: Server
) -> None:
    with redis.Redis(unix_socket_path=str(store.socket)) as client:
        client.config_set("maxmemory", "1")
        try:
            _, found = findings(commands)
        finally:
            client.config_set("maxmemory", "0")
    told = {each["subject"]: each for each in found}
    assert told["rights"]["level"] == "ok"
    assert told["memory"]["detail"].startswith("the store is full: ")
