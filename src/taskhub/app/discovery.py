"""Finding tasks in packages, as `app.autodiscover_tasks`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from importlib import import_module


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
