"""System checks of a project with tasks: `manage.py check`, and more with `--deploy`.

docs/django.md lists them. Each yields what it finds of one thing; none of them raises.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Warning

from taskhub.app.app import Celery
from taskhub.config.redaction import redact_value
from taskhub.config.settings import SETTINGS, nearest
from taskhub.contrib.django.project_app import ProjectApp, project_app
from taskhub.contrib.django.settings_source import APP_KEY, PREFIX, conflicts, own_settings
from taskhub.exceptions import ImproperlyConfigured, OperationalError

__all__ = ("TAG", "register")

#: `manage.py check --tag taskhub`.
TAG: Final = "taskhub"


def register() -> None:
    """Add the checks to Django's."""
    checks.register(check_project, TAG)
    checks.register(check_deployment, TAG, deploy=True)


def check_project(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Check that the settings can be used, and fit what is installed."""
    found = project_app()
    if found.error is not None:
        return [Error(found.error, id="taskhub.E001")]
    if given_twice := list(_check_given_twice()):
        return given_twice
    if wrong := list(_check_values(found.app)):
        return wrong
    return [
        *_check_names(),
        *_check_apps(found),
        *_check_results(found.app),
        *_check_transactions(found.app),
    ]


def check_deployment(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Check that the store is there, and what only tests and development want."""
    found = project_app()
    if found.error is not None or list(_check_given_twice()) or list(_check_values(found.app)):
        return []
    return [*_check_broker(found.app), *_check_eager(found.app)]


def _check_given_twice() -> Iterator[CheckMessage]:
    try:
        names = conflicts(settings)
    except ImproperlyConfigured as error:
        yield Error(str(error), id="taskhub.E002")
        return
    for name in names:
        yield Error(
            f"{PREFIX}{name} and TASKHUB[{name!r}] have different values",
            hint="leave one of them",
            id="taskhub.E003",
        )


def _check_values(app: Celery) -> Iterator[CheckMessage]:
    try:
        # What is unknown has a check of its own.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            app.conf.reload()
            app.conf.get("broker_url")
    except (ImproperlyConfigured, ImportError) as error:
        yield Error(str(error), id="taskhub.E002")


def _check_names() -> Iterator[CheckMessage]:
    for name in own_settings(settings):
        if name != APP_KEY and name.lower() not in SETTINGS:
            near = nearest(name.lower())
            yield Warning(
                f"TASKHUB[{name!r}] is no setting: it has no effect",
                hint=f"did you mean {near.upper()}?" if near else "docs/configuration.md has all",
                id="taskhub.W001",
            )
    for name in (each for each in dir(settings) if each.startswith(PREFIX)):
        bare = name.removeprefix(PREFIX).lower()
        near = None if bare in SETTINGS else nearest(bare)
        # Libraries have settings of their own under that prefix.
        if near and bare not in near and near.upper() != name:
            yield Warning(
                f"{name} is no setting: it has no effect",
                hint=f"did you mean {PREFIX}{near.upper().removeprefix(PREFIX)}?",
                id="taskhub.W001",
            )


def _check_apps(found: ProjectApp) -> Iterator[CheckMessage]:
    if found.others:
        yield Warning(
            f"this project has several apps: {found.address} is used, not "
            f"{', '.join(found.others)}",
            hint=f'name the one to use: TASKHUB = {{"{APP_KEY}": "{found.address}"}}',
            id="taskhub.W002",
        )
    unread = sorted(own_settings(settings).keys() - {APP_KEY})
    if found.address is not None and unread:
        yield Warning(
            f"TASKHUB[{unread[0]!r}] has no effect: {found.address} has settings of its own",
            hint=f"write {PREFIX}{unread[0]}, or leave the project's own app out",
            id="taskhub.W003",
        )


def _check_results(app: Celery) -> Iterator[CheckMessage]:
    from taskhub.app.django_results import BACKEND

    if app.conf.result_backend == BACKEND and not apps.is_installed("django_celery_results"):
        yield Error(
            f'the result backend is "{BACKEND}", and its tables are not installed',
            hint='pip install django-celery-results, and add "django_celery_results" to '
            "INSTALLED_APPS",
            id="taskhub.E004",
        )


def _check_transactions(app: Celery) -> Iterator[CheckMessage]:
    wish = app.conf.task_enqueue_on_commit
    databases = settings.DATABASES
    if isinstance(wish, str) and wish not in databases:
        yield Error(
            f"the setting task_enqueue_on_commit names the database {wish!r}, which is not among "
            "DATABASES",
            hint=f"there are: {', '.join(sorted(databases))}",
            id="taskhub.E005",
        )
    if wish:
        return
    for alias, database in databases.items():
        if database.get("ATOMIC_REQUESTS"):
            yield Warning(
                f"each request is a transaction (ATOMIC_REQUESTS of {alias!r}), and calls are sent "
                "before it is committed: a task may not find what the request has written",
                hint=f"{_advise('TASK_ENQUEUE_ON_COMMIT', True)}, or call delay_on_commit and "
                "silence this check (SILENCED_SYSTEM_CHECKS)",
                id="taskhub.W004",
            )


def _check_broker(app: Celery) -> Iterator[CheckMessage]:
    url = app.conf.broker_url
    if not url:
        yield Warning(
            "no broker is configured: each machine has a development store of its own",
            hint=_advise("BROKER_URL", "redis://..."),
            id="taskhub.W005",
        )
        return
    if str(url).startswith("memory://"):
        yield Warning(
            "the broker is in the memory of each process: no worker sees what a request sends",
            hint=_advise("BROKER_URL", "redis://..."),
            id="taskhub.W006",
        )
        return
    try:
        app.engine.ping()
    except (OperationalError, ImproperlyConfigured) as error:
        yield Warning(
            f"the broker {redact_value('broker_url', url)} does not answer: {error}",
            hint="start it, or correct the URL",
            id="taskhub.W007",
        )


def _check_eager(app: Celery) -> Iterator[CheckMessage]:
    if app.conf.task_always_eager:
        yield Warning(
            "task_always_eager is on: tasks run within the requests that call them",
            hint=f"{_advise('TASK_ALWAYS_EAGER', True)} in the settings of tests only",
            id="taskhub.W008",
        )


def _advise(name: str, value: Any) -> str:
    """Return the advice to set a setting, where the project has this one or its others."""
    own = getattr(settings, "TASKHUB", None)
    prefixed = hasattr(settings, PREFIX + name)
    if prefixed or project_app().address is not None:
        return f"set {PREFIX}{name} = {value!r}"
    if own:
        return f"set TASKHUB[{name!r}] = {value!r}"
    if any(each.startswith(PREFIX) for each in dir(settings)):
        return f"set {PREFIX}{name} = {value!r}"
    return f"set TASKHUB = {{{name!r}: {value!r}}}"
