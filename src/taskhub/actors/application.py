"""The app of the shipped tasks."""

from __future__ import annotations

from taskhub.actors.schedule import ENTRIES
from taskhub.app import Celery

#: Names the module with the app's settings: `package.module` or `package.module:attribute`.
CONFIGURATION_VARIABLE = "TASKHUB_CONFIG"


def make_app() -> Celery:
    """Return an app that the environment configures.

    Its stores are in `TASKHUB_BROKER_URL` and `TASKHUB_RESULT_BACKEND`, and any other setting in
    the module that `TASKHUB_CONFIG` names.
    """
    app = Celery("taskhub", task_default_queue="default")
    app.config_from_envvar(CONFIGURATION_VARIABLE, silent=True)
    app.schedule.application = ENTRIES
    return app


app = make_app()
