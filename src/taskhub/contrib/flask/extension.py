"""`Taskhub(site)`: Flask's extension, in the shape that Flask's documentation gives Celery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from taskhub.app.app import Celery
from taskhub.contrib.flask.command import taskhub_command
from taskhub.contrib.flask.sites import EXTENSIONS, connect
from taskhub.contrib.flask.task import FlaskTask
from taskhub.contrib.request_id import DEFAULT_HEADER, RequestIdHeader, RequestIdWSGI
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.task.task import Task

__all__ = ("SETTINGS", "Taskhub")

#: Flask's settings that hold those of the app; Flask's documentation has the second one.
SETTINGS: Final = ("TASKHUB", "CELERY")


class Taskhub:
    """Gives Flask sites an app: settings from theirs, tasks in their context, request ids.

    The app is `site.extensions["taskhub"]`, and as in Flask's documentation
    `site.extensions["celery"]`.

    Args:
        site: The site; None: `init_app` is called with it.
        celery: The app, made by `Celery(..., task_cls=FlaskTask)`, for tasks declared with
            `@celery.task`; None: each site gets one of its own, for tasks declared with
            `@shared_task`.
        task_cls: The class of the tasks of apps that are made here.
        request_ids: Whether requests get ids, which their tasks and log lines have.
        request_id_header: The header that brings an id and takes it back.
        trust_request_id: Whether an id that a client sends is used.

    Raises:
        ImproperlyConfigured: An argument cannot be used, or a setting is missing.
    """

    def __init__(
        self,
        site: Flask | None = None,
        *,
        celery: Celery | None = None,
        task_cls: type[Task[Any, Any]] = FlaskTask,
        request_ids: bool = True,
        request_id_header: str = DEFAULT_HEADER,
        trust_request_id: bool = True,
    ) -> None:
        if celery is not None and not isinstance(celery, Celery):
            raise ImproperlyConfigured(f"Taskhub(celery=...): {celery!r:.100} is no app of taskhub")
        for found in (task_cls, *(() if celery is None else (celery.Task,))):
            if not (isinstance(found, type) and issubclass(found, FlaskTask)):
                raise ImproperlyConfigured(
                    f"the class of tasks {found!r} is no FlaskTask, so they would have no "
                    "application context: make the app by Celery(..., task_cls=FlaskTask)"
                )
        self._celery = celery
        self._task_cls = task_cls
        self._header = RequestIdHeader(request_id_header, trust_request_id)
        self._request_ids = request_ids
        if site is not None:
            self.init_app(site)

    def init_app(self, site: Flask) -> Celery:
        """Give a site its app, and return it. It becomes the current and the default one.

        Raises:
            ImproperlyConfigured: The site has one already, or its settings name none, or one of
                them cannot be used.
            ModuleNotFoundError: They are the name of a module that is not there.
        """
        if not isinstance(site, Flask):
            raise ImproperlyConfigured(
                f"init_app() takes a Flask application, not {site!r:.100}; an app of taskhub is "
                "given to Taskhub(celery=...)"
            )
        taken = next((name for name in EXTENSIONS if name in site.extensions), None)
        if taken is not None:
            raise ImproperlyConfigured(
                f"the Flask application {site.name!r} has extensions[{taken!r}] already: call "
                "init_app once for each"
            )
        settings = read_settings(site)
        app = self._celery or Celery(site.name, task_cls=self._task_cls)
        # Read now, so that a mistake ends the start of the site, not its first call.
        app.config_from_object(settings, force=True)
        app.set_current()
        app.set_default()
        connect(site, app)
        site.cli.add_command(taskhub_command)
        if self._request_ids:
            header = self._header
            site.wsgi_app = RequestIdWSGI(  # type: ignore[method-assign]
                site.wsgi_app, header.name, header.trusted
            )
        return app


def read_settings(site: Flask) -> Any:
    """Return the settings of the app of a site: a mapping, an object, or the name of a module.

    Raises:
        ImproperlyConfigured: There are none, or too many.
    """
    given = [name for name in SETTINGS if site.config.get(name) is not None]
    if len(given) > 1:
        raise ImproperlyConfigured(
            f"the Flask application {site.name!r} has the settings TASKHUB and CELERY: keep one"
        )
    if not given:
        raise ImproperlyConfigured(
            f"the Flask application {site.name!r} has no setting TASKHUB or CELERY: set one before "
            'init_app, e.g. site.config["CELERY"] = {"broker_url": "redis://localhost:6379/0"}; '
            "{} is for the development store"
        )
    found = site.config[given[0]]
    if isinstance(found, Mapping | str) or hasattr(found, "__dict__"):
        return found
    raise ImproperlyConfigured(
        f"the setting {given[0]} of the Flask application {site.name!r} must be a mapping of "
        f"settings, not {type(found).__name__}"
    )
