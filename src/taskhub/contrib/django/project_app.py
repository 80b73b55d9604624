"""The app of a Django project: its own, or one made from Django's settings."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final

from taskhub import current
from taskhub.app.app import Celery
from taskhub.contrib.django.settings_source import (
    APP_KEY,
    NAMESPACE,
    DjangoSettings,
    own_settings,
)
from taskhub.exceptions import ImproperlyConfigured

__all__ = ("ADDRESS", "ProjectApp", "find_project_app", "project_app")

#: Where other processes find the app, as `-A`.
ADDRESS: Final = "taskhub.contrib.django:app"
#: Modules in which projects have their app, beside their settings.
_MODULES: Final = ("celery", "taskhub")
#: Packages whose apps are no project's.
_NOT_THE_PROJECTS: Final = frozenset({"taskhub", "celery", "Modules"})


@dataclass(frozen=True)
class ProjectApp:
    """The app of a project, and what is wrong with it."""

    app: Celery
    #: Where it is, as `-A`; None: it was made from Django's settings.
    address: str | None = None
    #: Why it cannot be used, one line; None: it can.
    error: str | None = None
    #: Further apps of the project, by where they are; calls through `shared_task` go to `app`.
    others: tuple[str, ...] = ()


class _Unusable:
    """Settings that cannot be read, and why."""

    def __init__(self, error: str) -> None:
        self._error = error

    def __dir__(self) -> list[str]:
        raise ImproperlyConfigured(self._error)


_found: ProjectApp | None = None
_lock = threading.RLock()


def project_app() -> ProjectApp:
    """Return the app of the project; the first call finds or makes it.

    Django's apps must be loaded, or being loaded (`AppConfig.ready`).
    """
    global _found
    if _found is None:
        with _lock:
            if _found is None:
                from django.conf import settings

                _found = find_project_app(settings)
                _found.app.set_current()
    return _found


def find_project_app(settings: Any) -> ProjectApp:
    """Return the app that the setting names, or a module beside the settings has; or make one.

    Args:
        settings: Django's.
    """
    try:
        address = _address(settings)
        if address is not None:
            app = _load(address)
            return ProjectApp(app, address, others=_others(app, settings))
        apps = _apps_of_project()
        if len(apps) > 1:
            raise ImproperlyConfigured(
                f"this project has several apps ({', '.join(sorted(apps))}): name the one to use, "
                f'TASKHUB = {{"{APP_KEY}": "{min(apps)}"}}'
            )
        for address, app in apps.items():
            return ProjectApp(app, address)
    except ImproperlyConfigured as error:
        return ProjectApp(_make(_Unusable(str(error)), settings), error=str(error))
    return ProjectApp(_make(DjangoSettings(settings), settings))


def _make(source: Any, settings: Any) -> Celery:
    packages = list(_packages(settings))
    app = Celery(packages[-1] if packages else "django", set_as_current=False)
    app.config_from_object(source, namespace=NAMESPACE)
    app.autodiscover_tasks()
    return app


def _address(settings: Any) -> str | None:
    """Return where the project's app is, as `-A`; None: nothing says so.

    Raises:
        ImproperlyConfigured: The setting is none, or two modules have an app each.
    """
    named = own_settings(settings).get(APP_KEY)
    if named is not None:
        if not isinstance(named, str) or not named:
            raise ImproperlyConfigured(
                f'TASKHUB["{APP_KEY}"] must name an app as -A does, "shop.celery:app", not '
                f"{named!r:.100}"
            )
        return named
    modules = [
        f"{package}.{name}"
        for package in _packages(settings)
        for name in _MODULES
        if find_spec(f"{package}.{name}") is not None
    ]
    with_app: dict[int, str] = {}
    for name in modules:
        for attribute, value in vars(_import(name)).items():
            if issubclass(type(value), Celery):
                with_app.setdefault(id(value), f"{name}:{attribute}")
            elif type(value).__name__ == "Celery":
                raise ImproperlyConfigured(
                    f"{name}:{attribute} is an app of Celery itself: import it from taskhub "
                    "(`from taskhub import Celery`), or install taskhub-compat in Celery's place"
                )
    if len(with_app) > 1:
        raise ImproperlyConfigured(
            f"this project has several apps ({', '.join(sorted(with_app.values()))}): name the one "
            f'to use, TASKHUB = {{"{APP_KEY}": "{min(with_app.values())}"}}'
        )
    return next(iter(with_app.values()), None)


def _packages(settings: Any) -> Iterator[str]:
    """Yield the packages that hold the settings, the innermost first."""
    name = getattr(settings, "SETTINGS_MODULE", None) or os.environ.get("DJANGO_SETTINGS_MODULE")
    package = (name or "").rpartition(".")[0]
    while package:
        yield package
        package = package.rpartition(".")[0]


def _import(name: str) -> Any:
    """Import a module of the project.

    Raises:
        ImproperlyConfigured: That fails.
    """
    try:
        return import_module(name)
    except Exception as error:
        raise ImproperlyConfigured(
            f"{name} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _load(address: str) -> Celery:
    """Return the app at an address.

    Raises:
        ImproperlyConfigured: There is none.
    """
    from taskhub.cli.application import ApplicationBroken, ApplicationNotFound, find_app

    try:
        return find_app(address)
    except (ApplicationBroken, ApplicationNotFound) as error:
        line = str(error).replace("-A", f'TASKHUB["{APP_KEY}"]')
        raise ImproperlyConfigured(line) from error


def _apps_of_project() -> dict[str, Celery]:
    """Return the apps that modules of the program hold, by where they are."""
    waiting = {id(app): app for app in current.all_apps() if app.main != "default"}
    found: dict[str, Celery] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _NOT_THE_PROJECTS or type(module) is not ModuleType:
            continue
        for attribute, value in list(vars(module).items()):
            # By type: asking a lazy object what it is would make it.
            if issubclass(type(value), Celery) and waiting.pop(id(value), None) is not None:
                found[f"{name}:{attribute}"] = value
    return found


def _others(app: Celery, settings: Any) -> tuple[str, ...]:
    """Return where further apps of the project are, unless the setting has chosen one."""
    if APP_KEY in own_settings(settings):
        return ()
    return tuple(sorted(name for name, one in _apps_of_project().items() if one is not app))
