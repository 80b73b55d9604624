"""Looks at a project without a worker: checks, the app that is found, the admin, test cases."""

import sys
import tempfile
import types
from pathlib import Path

import functions

functions.set_up()

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connections
from django.test import Client, override_settings
from django.test.utils import setup_test_environment
from orders import tasks
from task_library import task_backends

from taskhub.contrib.django import app
from taskhub.contrib.django.project_app import find_project_app
from taskhub.exceptions import ImproperlyConfigured

setup_test_environment()


def found(*, deploy=False, tags=("taskhub",), **changes):
    with override_settings(**changes):
        return {
            each.id: str(each) for each in run_checks(tags=tags, include_deployment_checks=deploy)
        }


def hints(**changes):
    return {name: text.partition("HINT: ")[2] for name, text in found(**changes).items()}


def test_a_project_in_order_has_no_findings():
    assert found() == {}


def refused(**changes):
    try:
        found(**changes)
    except ImproperlyConfigured as error:
        return str(error)
    raise AssertionError(changes)


def test_settings_that_cannot_be_used_are_refused_where_they_change():
    assert "must be a dictionary, not a list" in refused(TASKHUB=["redis://"])
    told = refused(TASKHUB={"task_time_limit": "long"})
    assert "task_time_limit" in told and "long" in told
    assert "BROKER_URL twice" in refused(TASKHUB={"broker_url": "a"}, CELERY_BROKER_URL="b")
    assert found(TASKHUB={"broker_url": "memory://"}, CELERY_BROKER_URL="memory://") == {}
    assert list(found(TASKHUB={"broker_url": "carrier-pigeon://"}, deploy=True)) == ["taskhub.W007"]


def test_misspelt_names():
    url = settings.TASKHUB["broker_url"]
    told = found(TASKHUB={"broker_url": url, "TASK_ALWAYS_EAGR": True})
    assert "TASK_ALWAYS_EAGER" in told.pop("taskhub.W001"), told
    assert "CELERY_TASK_TIME_LIMIT" in found(CELERY_TASK_TIME_LIMTI=3)["taskhub.W001"]
    assert found(CELERY_MY_OWN_THING=3) == {}


def test_results_in_tables_that_are_not_installed():
    assert list(found(CELERY_RESULT_BACKEND="django-db")) == ["taskhub.E004"]


def test_transactions():
    assert list(found(CELERY_TASK_ENQUEUE_ON_COMMIT="nowhere")) == ["taskhub.E005"]
    databases = {
        **settings.DATABASES,
        "other": {**settings.DATABASES["other"], "ATOMIC_REQUESTS": True},
    }
    assert "other" in found(DATABASES=databases)["taskhub.W004"]
    assert found(DATABASES=databases, CELERY_TASK_ENQUEUE_ON_COMMIT=True) == {}


def test_deployment():
    assert list(found(deploy=True, TASKHUB={"broker_url": "memory://"})) == ["taskhub.W006"]
    assert list(found(deploy=True, TASKHUB={})) == ["taskhub.W005"]
    advice = hints(deploy=True, TASKHUB={"TASK_ALWAYS_EAGER": True})
    assert advice["taskhub.W005"] == "set TASKHUB['BROKER_URL'] = 'redis://...'", advice
    assert advice["taskhub.W008"].startswith("set TASKHUB['TASK_ALWAYS_EAGER'] = True in"), advice
    advice = hints(deploy=True, TASKHUB={"TIMEZONE": "UTC"}, CELERY_BROKER_URL="memory://")
    assert advice["taskhub.W006"] == "set CELERY_BROKER_URL = 'redis://...'", advice
    advice = hints(deploy=True, TASKHUB={}, CELERY_TIMEZONE="UTC")
    assert advice["taskhub.W005"] == "set CELERY_BROKER_URL = 'redis://...'", advice
    advice = hints(deploy=True, TASKHUB={})
    assert advice["taskhub.W005"] == "set TASKHUB = {'BROKER_URL': 'redis://...'}", advice
    secret = {"broker_url": "redis://:hunter2@127.0.0.1:1/0", "broker_connection_timeout": 1}
    told = found(deploy=True, TASKHUB=secret)
    assert "hunter2" not in told["taskhub.W007"], told
    assert "taskhub.W008" in found(deploy=True, CELERY_TASK_ALWAYS_EAGER=True)


def test_backends_of_tasks():
    backend = "taskhub.contrib.django.TaskhubBackend"
    for params in (
        {"OPTIONS": {"ENQUEUE_ON_COMIT": True}},
        {"OPTIONS": {"ENQUEUE_ON_COMMIT": "nowhere"}},
        {"QUEUES": ["a\nb"]},
    ):
        told = found(tags=None, TASKS={"default": {"BACKEND": backend, **params}})
        assert list(told) == ["taskhub.E007"], told
    installed = [each for each in settings.INSTALLED_APPS if "tasks" in each or "types" in each]
    with override_settings(INSTALLED_APPS=installed):
        assert [each.id for each in task_backends["default"].check()] == ["taskhub.E006"]


def test_all_flags():
    from task_library import default_task_backend as backend

    assert backend.supports_defer and backend.supports_async_task
    assert backend.supports_get_result and backend.supports_priority


def test_an_app_that_the_setting_names():
    module = types.ModuleType("elsewhere")
    module.app = app
    sys.modules["elsewhere"] = module
    here = find_project_app(types.SimpleNamespace(TASKHUB={"APP": "elsewhere:app"}))
    assert (here.app, here.address, here.others) == (app, "elsewhere:app", ())
    for wrong in ("elsewhere:nothing", "not.there", "", 7):
        broken = find_project_app(types.SimpleNamespace(TASKHUB={"APP": wrong}))
        assert "TASKHUB" in broken.error and "\n" not in broken.error, broken.error
        try:
            broken.app.conf.broker_url
        except ImproperlyConfigured as error:
            assert str(error) == broken.error
        else:
            raise AssertionError


def test_the_apps_of_modules_beside_the_settings():
    from taskhub import current

    with tempfile.TemporaryDirectory() as directory, current.kept():
        package = Path(directory) / "atelier"
        package.mkdir()
        (package / "__init__.py").touch()
        sys.path.insert(0, directory)
        chosen = types.SimpleNamespace(SETTINGS_MODULE="atelier.settings")
        (package / "celery.py").write_text("from taskhub import Celery\napp = Celery('atelier')\n")
        alone = find_project_app(chosen)
        assert (alone.app.main, alone.address) == ("atelier", "atelier.celery:app")
        (package / "taskhub.py").write_text("from taskhub import Celery\nhub = Celery('second')\n")
        both = find_project_app(chosen)
        assert "atelier.celery:app, atelier.taskhub:hub" in both.error, both.error
        (package / "taskhub.py").write_text("raise LookupError('no such thing')\n")
        del sys.modules["atelier.taskhub"]
        assert "atelier.taskhub cannot be imported: LookupError" in find_project_app(chosen).error
        sys.path.remove(directory)
        del sys.modules["atelier.celery"], sys.modules["atelier"]


def test_the_admin_leads_staff_to_the_dashboard():
    for alias in connections:
        call_command("migrate", verbosity=0, database=alias)
    User.objects.create_superuser("boss", password="secret")
    User.objects.create_user("ann", password="secret", is_staff=True)
    for name in ("boss", "ann"):
        client = Client()
        client.force_login(User.objects.get(username=name))
        assert "/admin/taskhub/dashboard/" in client.get("/admin/").content.decode(), name
        answer = client.get("/admin/taskhub/dashboard/")
        assert (answer.status_code, answer.url) == (302, "/tasks/")
    assert Client().get("/admin/taskhub/dashboard/").status_code == 302
    with override_settings(ROOT_URLCONF="without_dashboard"):
        module = types.ModuleType("without_dashboard")
        from django.contrib import admin
        from django.urls import path

        module.urlpatterns = [path("admin/", admin.site.urls)]
        sys.modules["without_dashboard"] = module
        assert "/admin/taskhub/" not in client.get("/admin/").content.decode()
        assert client.get("/admin/taskhub/dashboard/").status_code in (403, 404)


def test_nothing_is_to_be_migrated():
    call_command("makemigrations", "taskhub", check=True, dry_run=True, verbosity=0)
    # The outbox of calls in a transaction, whose migration is shipped.
    assert [model.__name__ for model in apps.get_app_config("taskhub").get_models()] == ["OutboxRow"]


def test_eager_django_tasks():
    with override_settings(CELERY_TASK_ALWAYS_EAGER=True):
        done = tasks.double.enqueue(2)
        assert (done.return_value, done.attempts) == (4, 1)
        failed = tasks.fails.enqueue()
        assert failed.errors[0].exception_class is LookupError


functions.run_all(dict(globals()))
