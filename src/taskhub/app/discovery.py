"""Finding tasks in packages, as `app.autodiscover_tasks`."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from taskhub import signals
from taskhub.signals.signal import raise_first

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)


def import_all(app: Celery) -> None:
    """Import what an app's settings and receivers of `import_modules` name, and discover its tasks.

    Raises:
        Exception: What an import, or a receiver of the signal, raises.
    """
    if not app._has_imported:
        app._has_imported = True
        raise_first(signals.import_modules.send(app))
    for module in (*(app.conf.include or ()), *(app.conf.imports or ())):
        import_module(module)
    while app._discoveries:
        app._discoveries.pop(0)()


def import_related(packages: Iterable[str] | None, related_name: str | None) -> None:
    """Import `package.related_name` of every package that has it; errors inside are raised.

    A package may be named by the path of a class in it (`polls.apps.PollsConfig`), or not exist.
    """
    for package in packages if packages is not None else _installed_django_apps():
        find_related_module(package, related_name)


def find_related_module(package: str, related_name: str | None) -> ModuleType | None:
    """Import `related_name` of a package, or of the one above; None: there is no such module.

    Raises:
        ImportError: The package cannot be found, nor is there one above it; or a module that is
            there fails.
    """
    try:
        module = import_module(package)
    except ModuleNotFoundError as error:
        above = package.rpartition(".")[0]
        if not above:
            raise
        if not _is_part(error.name, package):
            logger.warning("%s cannot be imported (%s): looking in %s", package, error, above)
        package = above
    else:
        if not related_name:
            return module
    name = f"{package}.{related_name}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


def _is_part(missing: str | None, name: str) -> bool:
    """Return whether a module that was not found is the named one, or one of those above it."""
    return missing is not None and f"{name}.".startswith(f"{missing}.")


def _installed_django_apps() -> list[str]:
    try:
        apps = import_module("django.apps").apps
    except ImportError:
        return []
    return [config.name for config in apps.get_app_configs()]
