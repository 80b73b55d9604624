"""From arguments to an exit code: whatever goes wrong becomes one line that says what, and how to mend it."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import click

from taskhub import exceptions
from taskhub.cli import exit_codes
from taskhub.config.urls import mask_url

DEBUG_VARIABLE = "TASKHUB_DEBUG"


class CommandError(Exception):
    """A command cannot do what it was asked.

    Parameters:
      message: one line: what is wrong, and how to mend it.
      exit_code: what the command ends with.
      shown: a traceback of the user's own code, printed before the line.
    """

    def __init__(self, message: str, exit_code: int = exit_codes.FAILURE, shown: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.shown = shown


def run(arguments: Sequence[str] | None = None, program: str = "taskhub") -> int:
    """Run a command; returns the exit code.

    Parameters:
      arguments: without the program's name; None: those of this process.
      program: the name under which it was called, for help and errors.
    """
    from taskhub.cli.group import taskhub
    from taskhub.cli.program import adopt_variables

    adopt_variables(program)
    warnings.showwarning = _show_warning
    try:
        code = taskhub.main(
            None if arguments is None else list(arguments), program, standalone_mode=False
        )
        sys.stdout.flush()
        return code if isinstance(code, int) else exit_codes.OK
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough, as `head` has.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.OK
    except Exception as error:
        return report(error)


def report(error: Exception) -> int:
    """Print an error as one line; returns the exit code that it means."""
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
        | exceptions.QueueNotFound,
    ):
        return str(error), exit_codes.USAGE
    if isinstance(error, OSError) and error.filename:
        reason = f"{error.filename}: {error.strerror}"
        return f"{reason}: check the path and its permissions", exit_codes.FAILURE
    return (
        f"{type(error).__name__}: {error} ({DEBUG_VARIABLE}=1 shows the traceback)",
        exit_codes.FAILURE,
    )


def one_line(message: str) -> str:
    """Return a message without line breaks and without secrets."""
    return mask_url(" ".join(message.split()))


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    click.echo(f"{click.style('warning:', fg='yellow')} {one_line(str(message))}", err=True)
