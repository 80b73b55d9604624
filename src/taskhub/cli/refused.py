"""Commands of Celery's that are not offered: they say so, and what to do instead."""

from __future__ import annotations

import click

from taskhub.cli import exit_codes
from taskhub.cli.running import CommandError

#: Command -> what to do instead.
INSTEAD = {
    "amqp": "there is no AMQP here; `taskhub queues` shows queues and messages, `taskhub purge` empties them",
    "logtool": "let workers write JSON (`worker --log-format json`), and see `taskhub stats`",
    "migrate": "let a worker of Celery's work off what is left in the old broker; `taskhub migrate check PATH` "
    "tells what a program has to change",
}


def _refusing(name: str) -> click.Command:
    @click.command(
        name=name,
        help=f"Not offered: {INSTEAD[name]}.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def refuse() -> None:
        raise CommandError(f"{name} is not offered: {INSTEAD[name]}", exit_codes.USAGE)

    return refuse


amqp, logtool, migrate = map(_refusing, ("amqp", "logtool", "migrate"))
