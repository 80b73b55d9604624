"""`taskhub shell`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command, load_app

if TYPE_CHECKING:
    from taskhub.app.app import Celery

_NAMES = ("Task", "chain", "chord", "chunks", "group", "signature", "subtask", "xmap", "xstarmap")


@app_command()
@click.option("-I", "--ipython", "chosen", flag_value="IPython", help="Only IPython.")
@click.option("-B", "--bpython", "chosen", flag_value="bpython", help="Only bpython.")
@click.option("--python", "chosen", flag_value="python", help="Python's own.")
@click.option("-T", "--without-tasks", is_flag=True, help="Leave the tasks out.")
@click.option("--eventlet", "--gevent", "green", is_flag=True, hidden=True)
def shell(context: click.Context, chosen: str | None, without_tasks: bool, green: bool) -> int:
    """Start a shell with the app as `app` and `celery`, its tasks, and the canvas functions.

    It is IPython or bpython if they are installed.
    """
    if green:
        click.echo("warning: there are no green threads here", err=True)
    names = namespace(load_app(context), with_tasks=not without_tasks)
    for module in ("IPython", "bpython", "python") if chosen is None else (chosen,):
        try:
            begin = _SHELLS[module]()
        except ImportError:
            continue
        begin(names)
        return exit_codes.OK
    raise CommandError(f"{chosen} is not installed: pip install {chosen}", exit_codes.USAGE)


def namespace(app: Celery, *, with_tasks: bool) -> dict[str, Any]:
    """Return what is at hand in the shell."""
    package = import_module("taskhub")
    names: dict[str, Any] = {"app": app, "celery": app}
    names.update((name, getattr(package, name)) for name in _NAMES)
    if with_tasks:
        tasks = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
        names.update((task.__name__, task) for task in tasks)
    return names


def _ipython() -> Callable[[dict[str, Any]], Any]:
    start = import_module("IPython").start_ipython
    return lambda names: start(argv=[], user_ns=names)


def _bpython() -> Callable[[dict[str, Any]], Any]:
    embed = import_module("bpython").embed
    return lambda names: embed(names)


def _python() -> Callable[[dict[str, Any]], Any]:
    import code

    def interact(names: dict[str, Any]) -> None:
        try:
            readline = import_module("readline")
            completer = import_module("rlcompleter").Completer(names)
        except ImportError:
            pass
        else:
            readline.set_completer(completer.complete)
            readline.parse_and_bind("tab: complete")
        code.interact(f"Python {sys.version.split()[0]}; app is {names['app']!r}", local=names)

    return interact


_SHELLS = {"IPython": _ipython, "bpython": _bpython, "python": _python}
