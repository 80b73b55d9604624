"""Runs a command: every error becomes one line with what is wrong and what to do."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import click

from taskhub import exceptions
from taskhub.cli import exit_codes
from taskhub.command_hint import remember_option, reset_options
from taskhub.config.urls import mask_url
from taskhub.private_directory import DirectoryRefused

DEBUG_VARIABLE = "TASKHUB_DEBUG"

#: A group was called without a command; click 8.1 prints the help itself.
_NO_COMMAND: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())


class CommandError(Exception):
    """A command cannot do what it was asked.

    Args:
        message: one line: what is wrong, and how to fix it.
        exit_code: what the command ends with.
        shown: a traceback of the user's own code, printed before the line.
    """

    def __init__(self, message: str, exit_code: int = exit_codes.FAILURE, shown: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.shown = shown


class OutputClosed(Exception):
    """Nobody reads what is printed; click would make an exit code 1 of BrokenPipeError."""


def run(
    arguments: Sequence[str] | None = None, program: str = "taskhub", app: str | None = None
) -> int:
    """Run a command; returns the exit code.

    Args:
        arguments: without the program's name; None: those of this process.
        program: the name under which it was called, for help and errors.
        app: the app where `-A` names none; it is the calling program's own. As in Celery, variables
            stand for options of the command line only.
    """
    from taskhub.cli.celery_variables import values
    from taskhub.cli.group import taskhub
    from taskhub.cli.program import CELERY, adopt_variables

    # All that is loaded ends with the process: looking through it for cycles takes a fifth of the
    # time of a command.
    atexit.register(gc.freeze)
    _write_out_the_unknown()
    reset_options(program)
    more: dict[str, Any] = {}
    if app is not None:
        more["obj"] = {"app": app}
    elif program == CELERY:
        more["default_map"] = values(taskhub, "")
    if app and program == CELERY:
        # Another program, as `python manage.py taskhub`, is of the app.
        remember_option("-A", app)
    adopt_variables(program)
    warnings.showwarning = _show_warning
    try:
        code = taskhub.main(
            None if arguments is None else list(arguments), program, standalone_mode=False, **more
        )
        if sys.stdout is not None:
            sys.stdout.flush()
        return code if isinstance(code, int) else exit_codes.OK
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return exit_codes.INTERRUPTED
    except (BrokenPipeError, OutputClosed):
        # The reader of our output has enough, as `head` has.
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except Exception as error:
        return report(error)


def _write_out_the_unknown() -> None:
    """Let what the encoding of a terminal lacks be written as escapes, instead of failing there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def report(error: Exception) -> int:
    """Print an error as one line; returns the exit code that it means."""
    if isinstance(error, _NO_COMMAND):
        # Its message is the help.
        click.echo(str(error), err=True)
        return exit_codes.USAGE
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    elif isinstance(error, CommandError) and error.shown:
        click.echo(mask_url(error.shown.rstrip()), err=True)
    message, code = explain(error)
    click.echo(f"{click.style('error:', fg='red')} {one_line(message)}", err=True)
    return code


def explain(error: Exception) -> tuple[str, int]:
    """Return the line and the exit code of an error."""
    if isinstance(error, CommandError):
        return str(error), error.exit_code
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx is not None else "taskhub"
        return f"{error.format_message()} (see {command} --help)", exit_codes.USAGE
    if isinstance(error, click.ClickException):
        return error.format_message(), exit_codes.USAGE
    if isinstance(error, exceptions.OperationalError):
        return str(error), exit_codes.UNAVAILABLE
    if isinstance(
        error,
        exceptions.ImproperlyConfigured
        | exceptions.SerializationError
        | exceptions.SerializerNotInstalled
        | exceptions.SecurityError
        | exceptions.QueueNotFound
        | DirectoryRefused,
    ):
        return str(error), exit_codes.USAGE
    if isinstance(error, UnicodeEncodeError) and error.encoding == "utf-8":
        return f"{error.object!a} is not UTF-8: write it in UTF-8", exit_codes.USAGE
    if isinstance(error, ModuleNotFoundError) and str(error).startswith("There is no module"):
        return str(error), exit_codes.USAGE
    if isinstance(error, OSError) and error.filename:
        reason = f"{error.filename}: {error.strerror}"
        return f"{reason}: check the path and its permissions", exit_codes.FAILURE
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} ({DEBUG_VARIABLE}=1 shows where)", exit_codes.FAILURE
    return (
        f"{type(error).__name__}: {error} ({DEBUG_VARIABLE}=1 shows the traceback)",
        exit_codes.FAILURE,
    )


def one_line(message: str) -> str:
    """Return a message without line breaks and without secrets."""
    return mask_url(" ".join(message.split()))


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    click.echo(f"{click.style('warning:', fg='yellow')} {one_line(str(message))}", err=True)
