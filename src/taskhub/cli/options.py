"""Options that every command has, before or after its name: which app, which stores."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskhub.cli import exit_codes
from taskhub.command_hint import remember_option

if TYPE_CHECKING:
    from taskhub.app.app import Celery

F = TypeVar("F", bound=Callable[..., Any])

#: The application that taskhub brings.
DEFAULT_APP = "taskhub.actors"
#: Where the name of the app is taken from without `-A`.
APP_VARIABLE = "TASKHUB_APP"


#: What a store can count to.
MOST_ROWS = 2**53


def _choose_app(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        if not value:
            raise click.BadParameter("it is empty: name a module", context, parameter)
        context.ensure_object(dict)["app"] = value
        remember_option("-A", value)


def _choose_store(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    from taskhub.config.urls import parse_store_url

    option = parameter.opts[-1]
    # Checked here, so that the message names the option and not the variable.
    parse_store_url(value, setting=option)
    # The environment goes before every other source of settings, and reaches the worker processes.
    name = "TASKHUB_BROKER_URL" if option == "--broker" else "TASKHUB_RESULT_BACKEND"
    os.environ[name] = value
    remember_option("-b" if option == "--broker" else option, value)


def app_options(function: F) -> F:
    """Add `--app`, `--broker` and `--result-backend` to a command."""
    for decorate in (
        click.option(
            "--result-backend",
            metavar="URL",
            expose_value=False,
            callback=_choose_store,
            help="The store of results (default: that of the messages).",
        ),
        click.option(
            "-b",
            "--broker",
            metavar="URL",
            expose_value=False,
            callback=_choose_store,
            help="The store of messages, e.g. redis://localhost:6379/0 (default: "
            "TASKHUB_BROKER_URL, the app's settings, or a development store of this project).",
        ),
        click.option(
            "-A",
            "--app",
            metavar="NAME",
            expose_value=False,
            callback=_choose_app,
            help="The app: module, module:attribute or module.attribute (default: TASKHUB_APP, or "
            f"the shipped tasks, {DEFAULT_APP}).",
        ),
    ):
        function = decorate(function)
    return function


def app_command(
    name: str | None = None, *, parent: click.Group | None = None, **attributes: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Return the decorator of a command on an app; its function gets the context first.

    Args:
        name: The name of the command; None: that of the function.
        parent: The group of which it is a part.
        attributes: Further parameters of `click.command`.
    """
    make = click.command if parent is None else parent.command

    def decorate(function: Callable[..., Any]) -> click.Command:
        with_options = app_options(click.pass_context(function))
        return make(name, epilog=exit_codes.EXPLAINED, **attributes)(with_options)

    return decorate


def page_options(function: F) -> F:
    """Add `--offset` and `--limit` to a command that lists what may be many."""
    for decorate in (
        click.option(
            "--limit",
            type=click.IntRange(1, MOST_ROWS),
            default=50,
            show_default=True,
            metavar="N",
            help="Show N.",
        ),
        click.option(
            "--offset",
            type=click.IntRange(0, MOST_ROWS),
            default=0,
            metavar="N",
            help="Pass over the first N.",
        ),
    ):
        function = decorate(function)
    return function


def chosen_app(context: click.Context) -> str | None:
    """Return the name of the app that `-A` names; None: it was not given."""
    chosen: str | None = context.ensure_object(dict).get("app")
    return chosen


def app_name(context: click.Context) -> str:
    """Return the name of the chosen app."""
    return chosen_app(context) or os.environ.get(APP_VARIABLE) or DEFAULT_APP


def load_app(context: click.Context, *, with_tasks: bool = True) -> Celery:
    """Return the chosen app.

    Args:
        with_tasks: Import its tasks, too: the whole of a Django project. What only asks the store
            is several times as fast without, as health checks have to be.

    Raises:
        CommandError: it cannot be found or imported.
    """
    from taskhub.cli.application import ApplicationBroken, ApplicationNotFound, find_app
    from taskhub.cli.command_runner import CommandError

    try:
        app = find_app(app_name(context))
        if with_tasks:
            app.import_modules()
        app.finalize(auto=True)
    except ApplicationNotFound as error:
        raise CommandError(str(error), exit_codes.USAGE) from error
    except ApplicationBroken as error:
        raise CommandError(str(error), exit_codes.FAILURE, error.shown) from error
    return app
