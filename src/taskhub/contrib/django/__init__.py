"""Tasks in a Django project: `INSTALLED_APPS = [..., "taskhub.contrib.django"]`.

    TASKHUB = {"BROKER_URL": "redis://localhost:6379/0"}    # or CELERY_BROKER_URL

The app is made from Django's settings, unless the project has one. See docs/django.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskhub.contrib.required_library import require_library
from taskhub.lazy_names import lazy_names

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.contrib.django.dashboard import dashboard_urls
    from taskhub.contrib.django.tasks_backend import TaskhubBackend

    app: Celery

# Also for what is imported from a module of the package, which Python does after this.
require_library(__name__, "django")

__all__ = ("TaskhubBackend", "app", "dashboard_urls")

_find = lazy_names(__name__, {"dashboard_urls": ".dashboard", "TaskhubBackend": ".tasks_backend"})


def __getattr__(name: str) -> Any:
    return _app() if name == "app" else _find(name)


def _app() -> Celery:
    """Return the app of the project; Django is set up, if that was not done.

    Raises:
        ImproperlyConfigured: It is not known where the settings are.
    """
    from django.apps import apps
    from django.conf import ENVIRONMENT_VARIABLE, settings

    if not apps.app_configs:
        import os

        import django

        from taskhub.exceptions import ImproperlyConfigured

        module = os.environ.get(ENVIRONMENT_VARIABLE)
        if not module and not settings.configured:
            raise ImproperlyConfigured(
                f"{ENVIRONMENT_VARIABLE} is not set: name the module with Django's settings there, "
                "or run `python manage.py taskhub`"
            )
        try:
            django.setup()
        except ModuleNotFoundError as error:
            if not module or not f"{module}.".startswith(f"{error.name}."):
                raise
            raise ImproperlyConfigured(
                f"{ENVIRONMENT_VARIABLE} names {module}, and there is no such module here: change "
                "to the project's directory, or correct it"
            ) from None
    from taskhub.contrib.django.project_app import project_app

    return project_app().app
