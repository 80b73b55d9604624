"""Options of the program itself, before the command, for `taskhub` and `celery`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import click

from taskhub.command_hint import remember_option

F = TypeVar("F", bound=Callable[..., Any])

#: The name under which Celery's scripts call us. Some commands then speak as Celery's do.
CELERY = "celery"

#: Variables that `celery` reads where an option is not given: what they stand for here, and the
#: option. The first one counts.
_CELERYS_VARIABLES = (
    ("APP", "TASKHUB_APP", "-A"),
    ("CELERY_APP", "TASKHUB_APP", "-A"),
    ("BROKER_URL", "TASKHUB_BROKER_URL", "-b"),
    ("CELERY_BROKER", "TASKHUB_BROKER_URL", "-b"),
    ("RESULT_BACKEND", "TASKHUB_RESULT_BACKEND", "--result-backend"),
    ("CONFIG_MODULE", "CELERY_CONFIG_MODULE", "--config"),
    ("CELERY_CONFIG", "CELERY_CONFIG_MODULE", "--config"),
)


def called_as(context: click.Context) -> str:
    """Return the name under which the program was called: "taskhub" or "celery"."""
    return context.find_root().info_name or "taskhub"


def is_quiet(context: click.Context) -> bool:
    """Whether only results are to be printed."""
    return bool(context.ensure_object(dict).get("quiet"))


def adopt_variables(program: str) -> None:
    """Let the variables count that Celery's command reads."""
    if program == CELERY:
        for theirs, ours, option in _CELERYS_VARIABLES:
            if os.environ.get(theirs) and not os.environ.get(ours):
                os.environ[ours] = os.environ[theirs]
                remember_option(option, os.environ[theirs], adopted=True)


def _be_quiet(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(dict)["quiet"] = True


def _drop_colour(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.color = False
        # Worker processes, and what draws tables, look there.
        os.environ["NO_COLOR"] = "1"


def _change_directory(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> None:
    if value is not None:
        change_directory(value)


def change_directory(directory: str) -> None:
    """Go on in a directory that was given by `--workdir`."""
    os.chdir(directory)
    remember_option("--workdir", directory)


def _choose_settings(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        os.environ["CELERY_CONFIG_MODULE"] = value
        remember_option("--config", value)


def _without_effect(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:
        warnings.warn(
            f"{parameter.opts[-1]} has no effect: settings are read from the app's module",
            stacklevel=1,
        )


def _show_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value or context.resilient_parsing:
        return
    if called_as(context) == CELERY:
        from taskhub.celery_version import SERIES, __version__

        click.echo(f"{__version__} ({SERIES})")
    else:
        from taskhub import __version__ as own

        click.echo(f"taskhub {own}")
    context.exit()


def program_options(function: F) -> F:
    """Add the options that only the program has, not its commands."""
    for decorate in (
        click.option(
            "--version",
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_show_version,
            help="Show the version and exit.",
        ),
        click.option(
            "--workdir",
            type=click.Path(exists=True, file_okay=False),
            metavar="DIRECTORY",
            expose_value=False,
            is_eager=True,
            callback=_change_directory,
            help="Change to a directory first.",
        ),
        click.option(
            "--config",
            metavar="MODULE",
            expose_value=False,
            callback=_choose_settings,
            help="A module with settings, for apps that name none.",
        ),
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            expose_value=False,
            callback=_be_quiet,
            help="Print results only.",
        ),
        click.option(
            "-C",
            "--no-color",
            is_flag=True,
            envvar="NO_COLOR",
            expose_value=False,
            callback=_drop_colour,
            help="No colours.",
        ),
        click.option("--loader", hidden=True, expose_value=False, callback=_without_effect),
        click.option(
            "--skip-checks",
            is_flag=True,
            hidden=True,
            expose_value=False,
            callback=_without_effect,
        ),
    ):
        function = decorate(function)
    return function
