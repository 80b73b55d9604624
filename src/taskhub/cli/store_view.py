"""The dashboard's view of the store for commands, and its errors as theirs."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import load_app
from taskhub.cli.schedule_text import time_text

if TYPE_CHECKING:
    from taskhub.web.actions.actor import Actor
    from taskhub.web.queries.store_view import StoreView

#: Codes of problems that are mistakes of who calls.
_USAGE = ("bad_request", "bad_cursor", "bad_filter", "invalid")


def open_store_view(context: click.Context) -> StoreView:
    """Return the view of the store of the app that a command is for."""
    from taskhub.web.queries.store_view import StoreView

    return StoreView(load_app(context))


def command_actor() -> Actor:
    """Return who acts: the user of this process."""
    from taskhub.schedules.jobs import who
    from taskhub.web.actions.actor import Actor

    name = who().partition("@")[0]
    return Actor(name, None, "command_line", socket.gethostname())


@contextmanager
def problems_as_errors() -> Generator[None]:
    """Turn a problem or a wrong filter into the error of the command.

    Raises:
        CommandError: There was one.
    """
    from taskhub.web.filter_parser import FilterError
    from taskhub.web.problem import Problem

    try:
        yield
    except FilterError as error:
        raise CommandError(str(error), exit_codes.USAGE) from error
    except Problem as problem:
        code = exit_codes.USAGE if problem.code in _USAGE else exit_codes.FAILURE
        raise CommandError(problem.detail, code) from problem


def instant_text(store: StoreView, text: str | None) -> str:
    """Return an instant of the API in the app's time zone; empty for none."""
    return time_text(None if text is None else datetime.fromisoformat(text), store.app.timezone)
