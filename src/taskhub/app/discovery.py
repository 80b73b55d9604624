"""Finding tasks in packages, as `app.autodiscover_tasks`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from taskhub import signals
from taskhub.signals.signal import raise_first

if TYPE_CHECKING:
    from taskhub.app.app import Celery


def import_all(app: Celery) -> None:
    """Import what an app's settings and receivers of `import_modules` name, and discover its tasks.

    Raises:
      Exception: what an import, or a receiver of the signal, raises.
    """
    if not app._has_imported:
        app._has_imported = True
        raise_first(signals.import_modules.send(app))
    for module in (*(app.conf.include or ()), *(app.conf.imports or ())):
        import_module(module)
    while app._discoveries:
        app._discoveries.pop(0)()


def import_related(packages: Iterable[str] | None, related_name: str | None) -> None:
    """Import `package.related_name` of every package that has it; errors inside such a module are
    raised.
    """
    for package in packages if packages is not None else _installed_django_apps():
        import_module(package)
        if related_name is None:
            continue
        name = f"{package}.{related_name}"
        if importlib.util.find_spec(name) is not None:
            import_module(name)


def _installed_django_apps() -> list[str]:
    try:
        apps = import_module("django.apps").apps
    except ImportError:
        return []
    return [config.name for config in apps.get_app_configs()]
