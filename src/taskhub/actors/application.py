"""The app of the shipped tasks."""

from __future__ import annotations

from typing import Final

from taskhub import Celery
from taskhub.actors.checks import CHECKS, mail_line
from taskhub.actors.schedule import ENTRIES

#: Names the module with the app's settings: `package.module` or `package.module:attribute`.
CONFIGURATION_VARIABLE: Final = "TASKHUB_CONFIG"
#: What `taskhub up` proposes to call.
FIRST_CALL: Final = (
    "Modules.admin.tasks.default_tasks.send_email",
    {"to": "you@example.com", "subject": "Hello", "body": "It works."},
)


def make_app() -> Celery:
    """Return an app that the environment configures.

    Its stores are in `TASKHUB_BROKER_URL` and `TASKHUB_RESULT_BACKEND`, and any other setting in
    the module that `TASKHUB_CONFIG` names.
    """
    app = Celery("taskhub", task_default_queue="default")
    app.config_from_envvar(CONFIGURATION_VARIABLE, silent=True)
    app.schedule.application = ENTRIES
    app.checks += CHECKS
    app.banner.append(mail_line)
    app.first_call = FIRST_CALL
    return app


app = make_app()
