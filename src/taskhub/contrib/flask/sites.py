"""The app of a Flask site, and the site of an app."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from flask import Flask

from taskhub.app.app import Celery
from taskhub.exceptions import ImproperlyConfigured

__all__ = ("EXTENSIONS", "celery_of", "connect", "site_of")

#: Where a site keeps its app; Flask's documentation has the second one.
EXTENSIONS: Final = ("taskhub", "celery")

#: The site of each app.
_sites: WeakKeyDictionary[Celery, Flask] = WeakKeyDictionary()


def connect(site: Flask, app: Celery) -> None:
    """Make a site that of an app, and let the app's tasks run in its context."""
    _sites[app] = site
    site.extensions.update(dict.fromkeys(EXTENSIONS, app))


def site_of(app: Celery) -> Flask:
    """Return the site of an app.

    Raises:
        ImproperlyConfigured: It has none.
    """
    site = _sites.get(app)
    if site is None:
        raise ImproperlyConfigured(
            f"the tasks of app {app.main or ''!r} need a Flask application: let a worker find the "
            "app by the module that makes it, with Taskhub(celery=app).init_app(site)"
        )
    return site


def celery_of(site: Flask) -> Celery:
    """Return the app of a site.

    Raises:
        ImproperlyConfigured: The site has none.
    """
    app = site.extensions.get("taskhub")
    if not isinstance(app, Celery):
        raise ImproperlyConfigured(
            f"the Flask application {site.name!r} has no app: call Taskhub(site), or "
            "init_app(site) of one"
        )
    return app
