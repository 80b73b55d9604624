"""`flask taskhub ...`: the commands of `taskhub` for the app of a Flask site."""

from __future__ import annotations

import os
import shlex
from typing import Any, Final

import click
from flask import current_app
from flask.cli import ScriptInfo, pass_script_info, with_appcontext

from taskhub.contrib.flask.sites import celery_of

__all__ = ("WORKER_APP", "taskhub_command")

#: What `-A` names for it: worker processes are started anew, and find the site as Flask does.
WORKER_APP: Final = "taskhub.contrib.flask.worker_app:app"


@click.command(
    "taskhub",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    short_help="Workers, queues and tasks of this site's app.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@pass_script_info
@with_appcontext
def taskhub_command(info: ScriptInfo, arguments: tuple[str, ...]) -> Any:
    """Run a command of `taskhub` for the app of this site, e.g. `flask taskhub worker`."""
    from taskhub.cli import run_for_app

    celery_of(current_app)
    program = "flask taskhub"
    if info.app_import_path:
        if info.app_import_path != os.environ.get("FLASK_APP"):
            program = f"flask --app {shlex.quote(info.app_import_path)} taskhub"
        os.environ["FLASK_APP"] = info.app_import_path
    raise SystemExit(run_for_app(WORKER_APP, arguments, program))
