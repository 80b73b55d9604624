"""Commands of Celery's that are not offered: they say so, and what to do instead."""

from __future__ import annotations

import re

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.command_hint import command_hint

#: Command -> what to do instead.
INSTEAD = {
    "amqp": "there is no AMQP here; `taskhub queues` shows queues and messages, `taskhub purge` "
    "empties them",
    "logtool": "let workers write JSON (`worker --log-format json`), and see `taskhub stats`",
    "migrate": "let a worker of Celery's process what is left in the old broker; `taskhub migrate "
    "check PATH` says what a program has to change",
}


def _refusing(name: str) -> click.Command:
    @click.command(
        name=name,
        help=f"Not offered: {INSTEAD[name]}.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def refuse() -> None:
        instead = re.sub(
            "`taskhub ([^`]+)`", lambda found: command_hint(*found[1].split()), INSTEAD[name]
        )
        raise CommandError(f"{name} is not offered: {instead}", exit_codes.USAGE)

    return refuse


amqp, logtool, migrate = map(_refusing, ("amqp", "logtool", "migrate"))
