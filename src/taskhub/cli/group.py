"""The `taskhub` command: finds its subcommands, and imports only the one that runs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from taskhub.cli import exit_codes
from taskhub.cli.celery_variables import values
from taskhub.cli.command_runner import OutputClosed
from taskhub.cli.entry_points import help_line, load, plugins
from taskhub.cli.options import app_options
from taskhub.cli.program import CELERY, called_as, program_options

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: Name -> module and function, and its line in `taskhub --help`.
_COMMANDS = {
    "up": (
        "taskhub.cli.up:up",
        "Start a store, if none is configured, workers on the shipped tasks, and a scheduler.",
    ),
    "worker": ("taskhub.cli.worker:worker", "Run worker processes on the tasks of an app."),
    "scheduler": (
        "taskhub.cli.scheduler:scheduler",
        "Start periodic jobs when their time comes; any number may run.",
    ),
    "beat": ("taskhub.cli.scheduler:scheduler", "The same, under Celery's name and options."),
    "relay": (
        "taskhub.cli.relay:relay",
        "Send calls that were written in transactions, from an outbox.",
    ),
    "schedule": ("taskhub.cli.schedule:schedule", "See and change the periodic jobs."),
    "call": ("taskhub.cli.call:call", "Send a call of a task, and perhaps wait for its result."),
    "result": ("taskhub.cli.result:result", "Show state and result of a call."),
    "status": ("taskhub.cli.status:status", "Show store, queues, workers and dead letters."),
    "stats": (
        "taskhub.cli.stats:stats",
        "Show what became of tasks, how long they ran, and how long they waited.",
    ),
    "events": ("taskhub.cli.events:events", "Follow the events of workers and tasks."),
    "tasks": ("taskhub.cli.tasks:tasks", "Find tasks by a filter, and act on them."),
    "failed": ("taskhub.cli.tasks:failed", "List, group, retry and delete failed tasks."),
    "audit": ("taskhub.cli.audit:audit", "Show who changed what, and when."),
    "top": ("taskhub.cli.top:top", "Show what runs, waits and fails, in this terminal."),
    "web": ("taskhub.cli.web:web", "Serve the dashboard and its API."),
    "doctor": (
        "taskhub.cli.doctor:doctor",
        "Check everything that taskhub needs, and say how to fix it.",
    ),
    "queues": (
        "taskhub.cli.queues:queues",
        "Show the queues, or the messages of one; pause and resume them.",
    ),
    "purge": ("taskhub.cli.queues:purge", "Delete what waits in queues."),
    "dead": ("taskhub.cli.dead:dead", "Look at messages that were given up, and send them again."),
    "inspect": ("taskhub.cli.remote:inspect", "Ask workers how they are and what they do."),
    "control": ("taskhub.cli.remote:control", "Send workers a command."),
    "report": ("taskhub.cli.report:report", "Show versions and settings, for a bug report."),
    "shell": ("taskhub.cli.shell:shell", "Start a shell with the app and its tasks."),
    "graph": ("taskhub.cli.graph:graph", "Draw the workers, for Graphviz."),
    "store": ("taskhub.cli.store:store", "Set up the database of a PostgreSQL store."),
    "move": ("taskhub.cli.move:move", "Move all that waits from one store to another."),
    "upgrade": ("taskhub.cli.upgrade:upgrade", "Give settings their names of today."),
}

#: Not offered; `--help` does not list them.
_REFUSED = {
    "amqp": ("taskhub.cli.unsupported_commands:amqp", ""),
    "logtool": ("taskhub.cli.unsupported_commands:logtool", ""),
}
#: Command -> the distribution that brings it, for who asks for it without that.
_DISTRIBUTIONS: Final = dict.fromkeys(("list", "migrate", "multi"), "taskhub-compat")
#: Those that are others under the name `celery`.
_CELERYS = {
    "flower": ("taskhub.cli.flower:flower", "Serve the dashboard with Flower's options."),
    "status": ("taskhub.cli.nodes:status", "Show which nodes are online."),
    "migrate": ("taskhub.cli.unsupported_commands:migrate", "Not offered."),
}


def _commands(context: click.Context) -> dict[str, tuple[str, str]]:
    return {**_COMMANDS, **_CELERYS} if called_as(context) == CELERY else _COMMANDS


def _plugins(context: click.Context) -> dict[str, EntryPoint]:
    """Return the commands that other distributions bring; ours go before them."""
    ours = {**_commands(context), **_REFUSED}
    return {name: plugin for name, plugin in plugins().items() if name not in ours}


@contextmanager
def _noted_when_closed() -> Generator[None]:
    """Turn the error of a pipe that nobody reads into one that click leaves alone."""
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosed from error


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are asked for."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _noted_when_closed():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _noted_when_closed():
            return super().invoke(ctx)

    def list_commands(self, context: click.Context) -> list[str]:
        return [*_commands(context), *_plugins(context)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        commands = {**_commands(context), **_REFUSED}
        if name in commands:
            module, _, function = commands[name][0].partition(":")
            command: click.Command = getattr(import_module(module), function)
        elif plugin := _plugins(context).get(name):
            command = load(plugin)
        else:
            return None
        if context.default_map is not None:
            # Only under the name `celery`; the command's context looks there for what it is not
            # given.
            context.default_map[name] = values(command, name)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            others = _plugins(context)
            known = [(name, line) for name, (_, line) in _commands(context).items()]
            formatter.write_dl(
                [*known, *((name, help_line(plugin)) for name, plugin in others.items())]
            )

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        commands = {**_commands(context), **_REFUSED}
        if name not in commands and not name.startswith("-") and name not in _plugins(context):
            from difflib import get_close_matches

            if name in _DISTRIBUTIONS:
                context.fail(
                    f"{name} comes with {_DISTRIBUTIONS[name]}: pip install {_DISTRIBUTIONS[name]}"
                )
            near = get_close_matches(name, [*commands, *_plugins(context)], 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            context.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(context, arguments)


@click.group(
    cls=LazyGroup,
    epilog=exit_codes.EXPLAINED,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@app_options
@program_options
def taskhub(**options: Any) -> None:
    """Celery's API on Dramatiq workers over Redis or Valkey.

    Begin with `taskhub up`, then, in a second terminal, `taskhub call NAME --wait`.
    """
