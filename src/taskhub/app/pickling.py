"""Pickling of apps: the settings travel, and the app is found again where it is declared."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from taskhub.current import all_apps

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.config.configuration import Configuration

#: Apps of one name are one app if these are equal, too.
_STORES = ("broker_url", "result_backend")


def reduce_app(app: Celery) -> tuple[Any, ...]:
    """Return what `pickle` stores of an app."""
    return restore_app, (type(app), app.main, picklable_settings(app.conf))


def picklable_settings(conf: Configuration) -> dict[str, Any]:
    """Return the settings that can be pickled; functions that route, e.g., are left out."""
    settings: dict[str, Any] = {}
    for name, value in conf.without_defaults().items():
        try:
            pickle.dumps(value)
        except Exception:
            continue
        settings[name] = value
    return settings


def restore_app(kind: type[Celery], main: str | None, settings: dict[str, Any]) -> Celery:
    """Return an app that was pickled: the one of this process, with its tasks, if there is one."""
    alike = [
        app
        for app in all_apps()
        if main
        and app.main == main
        and type(app) is kind
        and all(app.conf.without_defaults().get(name) == settings.get(name) for name in _STORES)
    ]
    if alike:
        return next((app for app in alike if picklable_settings(app.conf) == settings), alike[0])
    return kind(main, changes=settings, set_as_current=False)
