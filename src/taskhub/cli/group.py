"""The `taskhub` command: finds its subcommands, and imports only the one that runs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_options
from taskhub.cli.program import CELERY, called_as, program_options

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
    "schedule": ("taskhub.cli.schedule:schedule", "See and change the periodic jobs."),
    "call": ("taskhub.cli.call:call", "Send a call of a task, and perhaps wait for its result."),
    "result": ("taskhub.cli.result:result", "Show state and result of a call."),
    "status": ("taskhub.cli.status:status", "Show store, queues, workers and dead letters."),
    "stats": (
        "taskhub.cli.stats:stats",
        "Show what became of tasks, how long they ran, and how long they waited.",
    ),
    "events": ("taskhub.cli.events:events", "Follow what workers tell of tasks and of themselves."),
    "doctor": (
        "taskhub.cli.doctor:doctor",
        "Check everything that taskhub needs, and say how to mend it.",
    ),
    "queues": ("taskhub.cli.queues:queues", "Show the queues, or the messages of one."),
    "purge": ("taskhub.cli.queues:purge", "Drop what waits in queues."),
    "dead": ("taskhub.cli.dead:dead", "Look at messages that were given up, and send them again."),
    "inspect": ("taskhub.cli.remote:inspect", "Ask workers how they are and what they do."),
    "control": ("taskhub.cli.remote:control", "Send workers a command."),
    "migrate": (
        "taskhub.cli.migrate:migrate",
        "Find out what a program that uses Celery has to change.",
    ),
    "multi": ("taskhub.cli.multi:multi", "Start and stop workers in the background."),
    "report": ("taskhub.cli.report:report", "Show versions and settings, for a bug report."),
    "shell": ("taskhub.cli.shell:shell", "Start a shell with the app and its tasks."),
    "list": ("taskhub.cli.bindings:bindings_group", "Show what settings say of queues."),
    "graph": ("taskhub.cli.graph:graph", "Draw the workers, for Graphviz."),
    "upgrade": ("taskhub.cli.upgrade:upgrade", "Give settings their names of today."),
    "quant": ("taskhub.cli.market_data:quant", "Look at market data: its freshness, and charts."),
    "db": ("taskhub.cli.market_data:db", "Make and update the tables of market data."),
}

#: Not offered; `--help` does not list them.
_REFUSED = {
    "amqp": ("taskhub.cli.refused:amqp", ""),
    "logtool": ("taskhub.cli.refused:logtool", ""),
}
#: Those that are others under the name `celery`.
_CELERYS = {
    "status": ("taskhub.cli.nodes:status", "Show which nodes are online."),
    "migrate": ("taskhub.cli.refused:migrate", "Not offered."),
}


def _commands(context: click.Context) -> dict[str, tuple[str, str]]:
    return {**_COMMANDS, **_CELERYS} if called_as(context) == CELERY else _COMMANDS


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_commands(context))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        commands = {**_commands(context), **_REFUSED}
        if name not in commands:
            return None
        module, _, function = commands[name][0].partition(":")
        command: click.Command = getattr(import_module(module), function)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _commands(context).items()])

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        commands = {**_commands(context), **_REFUSED}
        if name not in commands and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, commands, 1)
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
